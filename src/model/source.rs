//! What is remembered of a source between two visits.

use serde::{Deserialize, Serialize};

use super::{
    post::SourceName,
    time::{Span, Timestamp},
    words::words,
};

words! {
    /// How a source does, in one word.
    SourceStatus {
        /// Never read so far.
        New = "new",
        /// It works and brings about what it usually brings.
        Ok = "ok",
        /// It works and brings far less than usual.
        Quiet = "quiet",
        /// It works and its page is empty, which it never was before.
        Suspicious = "suspicious",
        /// It cannot be read.
        Failing = "failing",
        /// The server says that it is gone for good.
        Gone = "gone",
    }
}

/// Where the next visit goes on. Opaque to everybody but the source itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

words! {
    /// What a service counts against its users.
    MeterUnit {
        /// Requests, by the service's own tariff.
        Calls = "calls",
        /// US dollars.
        Usd = "usd",
    }
}

/// How much of what a service grants has been used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meter {
    /// Since the last reset.
    pub used: f64,
    /// What may be used until the next; a service's own bound or one that a person set.
    pub limit: f64,
    /// Of what.
    pub unit: MeterUnit,
    /// When it begins anew.
    pub resets_at: Timestamp,
}

/// What must not be kept any longer, because its author or the platform took it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// The post of this `external_id`.
    Post(String),
    /// Every post whose `external_id` begins with this: all of one author, where ids are built so.
    All(String),
}

/// A number that a service reports of its own: how many posts an hour, how many views.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Of what, in the source's own words: `posts`, `views:VIDEO`.
    pub series: String,
    /// The beginning of the time that it is about.
    pub at: Timestamp,
    /// How many.
    pub value: f64,
}

/// What is known of how often a page changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// The mean time between its last entries; only of sources that list them.
    pub rhythm: Option<Span>,
    /// When the newest of them came, as it claims itself.
    pub newest_at: Option<Timestamp>,
    /// How often the page itself says that it changes. A server that has nothing new does not say it again.
    pub update_every: Option<Span>,
    /// How many entries the last page held.
    pub items: u32,
}

/// A new address that a server calls permanent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where.
    pub to: String,
    /// Since when it has said so without a break.
    pub since: Timestamp,
    /// How many times.
    pub times: u32,
}

impl Moved {
    /// Servers call a new address permanent by mistake too, and take it back: this often is no mistake.
    pub const TIMES: u32 = 3;
    /// And this long.
    pub const STANDS: Span = Span::days(7);

    /// Whether it is time to tell a person.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        self.times >= Self::TIMES && now - self.since >= Self::STANDS
    }
}

/// What is remembered of a source between two visits; written in the transaction that stores its posts.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceState {
    /// Whose state.
    pub source: SourceName,
    /// Where the next visit goes on.
    pub cursor: Cursor,
    /// The server's `ETag`, byte for byte.
    pub etag: Option<String>,
    /// The server's `Last-Modified`, byte for byte.
    pub last_modified: Option<String>,
    /// Visits so far; part of the jitter, so that two restarts do not meet.
    pub visits: u64,
    /// Failures in a row.
    pub errors: u32,
    /// The last failure, for people.
    pub last_error: Option<String>,
    /// Nobody goes there before this.
    pub next_due_at: Timestamp,
    /// The last visit that worked, also one that found nothing new.
    pub last_ok_at: Option<Timestamp>,
    /// The first page has been stored: from now on posts are news and not history.
    pub warmed_up_at: Option<Timestamp>,
    /// The last unconditional request; once a day a server that answers 304 for ever is asked again.
    pub last_full_at: Option<Timestamp>,
    /// The server said 410 the last time: visited once a day, because servers say so by mistake too.
    pub gone: bool,
    /// Questions asked in a row without a pause, because one answer did not hold everything.
    pub steps: u32,
    /// What the service has granted and what is left of it; for services that count.
    pub meter: Option<Meter>,
    /// An incident is open: what was kept back for one may be used. Never stored; the pipeline says it.
    pub urgent: bool,
    /// How often it changes.
    pub habits: Habits,
    /// A permanent new address that its server has named.
    pub moved: Option<Moved>,
    /// Until when its whole host wants to be left alone.
    pub host_pause_until: Option<Timestamp>,
}

/// The cursor of what nobody visits: others bring it.
const PUSHED: &str = "push";

impl SourceState {
    /// Whether others bring what it has, and nobody visits it.
    pub fn is_pushed(&self) -> bool {
        self.cursor.0 == PUSHED
    }

    /// A source that brought something at `now`, after what is known of it.
    ///
    /// It is never «warmed up»: if a person ever has us visit a source of that name, its first page is history.
    pub fn pushed(source: SourceName, before: Option<&Self>, now: Timestamp) -> Self {
        let visits = before.map_or(0, |state| state.visits).saturating_add(1);
        Self { cursor: Cursor(PUSHED.to_owned()), visits, last_ok_at: Some(now), ..Self::new(source, now) }
    }

    /// A source never visited, due at once.
    pub fn new(source: SourceName, now: Timestamp) -> Self {
        Self {
            source,
            cursor: Cursor::default(),
            etag: None,
            last_modified: None,
            visits: 0,
            errors: 0,
            last_error: None,
            next_due_at: now,
            last_ok_at: None,
            warmed_up_at: None,
            last_full_at: None,
            gone: false,
            steps: 0,
            meter: None,
            urgent: false,
            habits: Habits::default(),
            moved: None,
            host_pause_until: None,
        }
    }
}
