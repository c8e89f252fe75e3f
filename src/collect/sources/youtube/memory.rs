//! What is remembered between two questions to YouTube: what is used of the day, and the videos that are known.

use serde::{Deserialize, Serialize};

use super::{FIRST, LATE, Params};
use crate::{
    collect::budget::{Ledger, pacific_day},
    model::{
        source::{Cursor, Meter, MeterUnit, SourceState},
        time::{Span, Timestamp},
    },
};

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of the whole, which fits")]
fn part(whole: u64, share: f64) -> u64 {
    (whole as f64 * share.clamp(0.0, 1.0)).ceil() as u64
}

/// Videos that are followed; the newest.
const VIDEOS: usize = 500;

/// All of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    pub query: String,
    /// Used of the day in California.
    pub searches: Ledger,
    pub units: Ledger,
    /// Reserved, and the answer not read.
    pub asked: Option<(Timestamp, Step)>,
    /// When to search again.
    pub search_at: Timestamp,
    /// When the newest known video was published.
    pub newest: Timestamp,
    /// A search that is not at its end.
    pub paging: Option<Paging>,
    /// Comments that are not at their end.
    pub thread: Option<Thread>,
    pub videos: Vec<Video>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Step {
    /// Which videos there are.
    Search,
    /// What these say and how often they are played.
    Look(Vec<String>),
    /// What is said under this one.
    Hear(String),
}

/// Where a search goes on: within the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Paging {
    pub token: String,
    pub after: Timestamp,
    pub pages: u32,
}

/// Where the comments of a video go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Thread {
    pub video: String,
    pub token: String,
    pub pages: u32,
    /// The newest comment of the first page.
    pub newest: Timestamp,
}

/// One video.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Video {
    pub id: String,
    pub published: Timestamp,
    /// When to look again.
    pub look_at: Timestamp,
    pub views: u64,
    /// The last look did not find it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
    /// It names one of the words, so its comments matter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Comments as YouTube counts them, at the last look and when we last heard them all.
    pub said: u64,
    pub heard: u64,
    /// The newest comment that was read.
    pub heard_until: Timestamp,
    /// Comments are switched off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mute: bool,
}

impl Memory {
    /// What `state` holds, as of `now`. One that cannot be read falls back on the meter beside it, so that the day is
    /// not used twice.
    pub(super) fn of(state: &SourceState, params: &Params, now: Timestamp) -> Self {
        let (start, _) = pacific_day(now);
        let mut memory: Self = serde_json::from_str(&state.cursor.0).unwrap_or_else(|_| {
            let share = state.meter.filter(|m| m.resets_at > now && m.limit > 0.0).map_or(0.0, |m| m.used / m.limit);
            let of = |all: u64| Ledger::with(start, part(all, share));
            Self { searches: of(params.searches.0), units: of(params.units.0), ..Self::default() }
        });
        if memory.query != params.query() {
            // Other words are looked for from now on; what is known stays known.
            memory = Self { query: params.query(), search_at: now, paging: None, ..memory };
        }
        memory.searches = memory.searches.at(start);
        memory.units = memory.units.at(start);
        memory
    }

    /// The count that is nearer to its end.
    pub(super) fn meter(&self, params: &Params, now: Timestamp) -> Meter {
        let share = |(used, limit): (u64, u64)| used as f64 / limit.max(1) as f64;
        let searches = (self.searches.used(), params.searches.0);
        let units = (self.units.used(), params.units.0);
        let (used, limit) = if share(units) > share(searches) { units } else { searches };
        let resets_at = pacific_day(now).1;
        Meter { used: used as f64, limit: limit as f64, unit: MeterUnit::Calls, resets_at }
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Takes what `step` costs before it is asked: one of its own count, whatever is answered.
    pub(super) fn reserve(&mut self, step: Step, now: Timestamp) {
        match step {
            Step::Search => self.searches.take(1),
            Step::Look(_) | Step::Hear(_) => self.units.take(1),
        };
        self.asked = Some((now, step));
    }

    /// Where a search begins.
    pub(super) fn after(&self, now: Timestamp) -> Timestamp {
        self.paging.as_ref().map_or((self.newest - LATE).max(now - FIRST), |paging| paging.after)
    }

    pub(super) fn video(&mut self, id: &str) -> Option<&mut Video> {
        self.videos.iter_mut().find(|video| video.id == id)
    }

    /// Nothing is followed longer than it may be kept, and not more than fits.
    pub(super) fn forget(&mut self, now: Timestamp, kept: Span) {
        self.videos.retain(|video| now - video.published < kept);
        self.videos.sort_by_key(|video| video.published);
        let over = self.videos.len().saturating_sub(VIDEOS);
        self.videos.drain(..over);
    }
}
