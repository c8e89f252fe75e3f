//! What a source is: it says what to ask, and reads what came. Both are pure, so a source can be tested from a file,
//! replayed and read in one sitting; the network, the manners and the retries are elsewhere and written once.

use std::path::PathBuf;

use thiserror::Error;
use url::Url;

use super::{SourceBasics, fetch::RetryAfter};
use crate::model::{
    post::Post,
    secret::Secret,
    source::{Cursor, Meter, Observed, SourceState, Withdrawn},
    time::{Span, Timestamp, Zone},
};

/// One place to look.
pub trait Source: Send + Sync {
    /// Its name, its kind of text, its own manners.
    fn basics(&self) -> &SourceBasics;

    /// Whether `state` is of this place: a person may have written another address under the same name.
    fn continues(&self, _state: &SourceState) -> bool {
        true
    }

    /// Whether every answer lists the newest entries there are. Their times then tell how often a visit is worth it,
    /// and a list without any, where there were some before, is not believed at once.
    fn lists(&self) -> bool {
        false
    }

    /// The network whose names its posts bear: a post that several sources of one network show is one post.
    fn network(&self) -> Option<&'static str> {
        None
    }

    /// What to ask now.
    fn request(&self, state: &SourceState, now: Timestamp) -> Question;

    /// What is written down before the question of now is asked, because it costs whether an answer arrives or not.
    /// `request` and `read` then see the reservation in their state, and `read` may give back what was not used.
    fn reserve(&self, _state: &SourceState, _now: Timestamp) -> Option<Reservation> {
        None
    }

    /// The posts in an answer. Costs CPU time, not waiting: belongs on a blocking thread when the body is large.
    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError>;
}

/// Where a page lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the web.
    Web(String),
    /// In a file of this machine, from a byte on. Only a source's own configuration names one, never a page.
    File {
        /// Which.
        path: PathBuf,
        /// The first byte that has not been read yet.
        from: u64,
    },
}

/// What a source wants of the world now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// An answer to this.
    Ask(Request),
    /// Nothing before then; that is no failure and no blindness.
    Wait(Timestamp),
    /// It would ask and must not: a budget is used up, a source is switched off.
    Blind(SourceError),
}

/// What a question will have cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Reservation {
    /// The cursor with the cost in it.
    pub cursor: Cursor,
    /// The same for people.
    pub meter: Meter,
}

/// What is sent with a question that is more than an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// `application/json` or `application/x-www-form-urlencoded`.
    pub content_type: &'static str,
    /// The body. It may hold a token, so it is never logged.
    pub body: Secret,
}

/// One question to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// The `ETag` of the last page that was read, byte for byte.
    pub etag: Option<String>,
    /// The `Last-Modified` of the last page that was read, byte for byte.
    pub last_modified: Option<String>,
    /// Sent by POST; without it the question is a GET.
    pub payload: Option<Payload>,
    /// Headers that hold a token. They are never sent to another origin: a redirection ends there.
    pub secrets: Vec<(&'static str, Secret)>,
    /// `read` also wants to see answers that tell of a failure (4xx and 5xx, but neither 429 nor 503 nor 410).
    pub failures: bool,
    /// `read` wants to see 429 and 503 as well, because they settle what was reserved. They stay what they are.
    pub limits: bool,
    /// Only what lies behind this byte: an answer with 206 begins there, one with 200 at the beginning.
    pub from: u64,
    /// Whose word is asked before.
    pub robots: Robots,
}

/// How a question stands to `robots.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Robots {
    /// A file, or an interface that was made for programs: it has terms of its own.
    #[default]
    Unasked,
    /// An address that a person entered to be read by programs, as feeds are: only a rule for us by name counts.
    ByName,
    /// A page for people: every rule that is meant for us counts, and without an answer nobody goes there.
    Obeyed,
}

impl Request {
    /// Asks `url`, with what is remembered of the last answer.
    pub fn web(url: &str, state: &SourceState) -> Self {
        Self {
            etag: state.etag.clone(),
            last_modified: state.last_modified.clone(),
            robots: Robots::ByName,
            ..Self::to(Place::Web(url.to_owned()))
        }
    }

    /// Asks for a page that was made for people.
    pub fn page(url: &str, state: &SourceState) -> Self {
        Self { robots: Robots::Obeyed, ..Self::web(url, state) }
    }

    /// Asks an interface for programs: nothing is remembered aloud, and its failures are read.
    pub fn api(url: &str) -> Self {
        Self { failures: true, ..Self::to(Place::Web(url.to_owned())) }
    }

    /// Asks `url` and remembers nothing.
    pub fn bare(url: &str) -> Self {
        Self::to(Place::Web(url.to_owned()))
    }

    /// Reads a file from a byte on.
    pub const fn file(path: PathBuf, from: u64) -> Self {
        Self::to(Place::File { path, from })
    }

    const fn to(place: Place) -> Self {
        Self {
            place,
            etag: None,
            last_modified: None,
            payload: None,
            secrets: Vec::new(),
            failures: false,
            limits: false,
            from: 0,
            robots: Robots::Unasked,
        }
    }

    /// Also its refusals are read: what was reserved for a question that was turned away is given back.
    pub const fn counted(mut self) -> Self {
        self.limits = true;
        self
    }

    /// With a token in the `Authorization` header.
    pub fn bearer(self, token: &Secret) -> Self {
        self.secret("authorization", Secret::new(&format!("Bearer {}", token.expose())))
    }

    /// With a header that holds a secret.
    pub fn secret(mut self, header: &'static str, value: Secret) -> Self {
        self.secrets.push((header, value));
        self
    }

    /// By POST, as a form of a page does.
    pub fn form(mut self, body: &str) -> Self {
        self.payload = Some(Payload { content_type: "application/x-www-form-urlencoded", body: Secret::new(body) });
        self
    }

    /// By POST, with a JSON text.
    pub fn json(mut self, body: &str) -> Self {
        self.payload = Some(Payload { content_type: "application/json", body: Secret::new(body) });
        self
    }

    /// The host that manners are kept with; `None` for a file.
    pub fn host(&self) -> Option<String> {
        match &self.place {
            Place::Web(url) => Url::parse(url).ok()?.host_str().map(str::to_ascii_lowercase),
            Place::File { .. } => None,
        }
    }

    /// The same question, whatever was answered before.
    pub fn unconditional(mut self) -> Self {
        self.etag = None;
        self.last_modified = None;
        self
    }
}

/// One answer that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// 200, 304 and their like; a failure is a `FetchError` instead, unless the request wanted to see it.
    pub status: u16,
    /// Where the answer came from after all redirections; the base of relative links.
    pub final_url: String,
    /// A new address that the server called permanent on every hop. It is reported, not adopted.
    pub moved_to: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `ETag`, byte for byte.
    pub etag: Option<String>,
    /// `Last-Modified`, byte for byte.
    pub last_modified: Option<String>,
    /// How long the answer stays fresh, by `Cache-Control`, `Expires` and `Age`.
    pub fresh_for: Option<Span>,
    /// When the server wants to be asked again, where it refused for now.
    pub retry_after: Option<RetryAfter>,
    /// The page, decompressed. Empty when not modified.
    pub body: Vec<u8>,
    /// Nothing new since the remembered answer.
    pub not_modified: bool,
}

/// What stood in an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// All of them, also those seen before: the store knows which are new.
    pub posts: Vec<Post>,
    /// Where the next visit goes on.
    pub cursor: Cursor,
    /// How often the page itself says that it changes (`ttl`, `sy:updatePeriod`).
    pub update_every: Option<Span>,
    /// Entries that were left out, because they were broken or too many.
    pub skipped: usize,
    /// What the platform says is no longer to be kept.
    pub withdrawn: Vec<Withdrawn>,
    /// Numbers of the service's own, without posts.
    pub observed: Vec<Observed>,
    /// What the service counts.
    pub meter: Option<Meter>,
    /// When to go on.
    pub next: Next,
    /// Who else tells of its news.
    pub hub: Option<Hub>,
    /// The answer is a failure all the same. Cursor and meter hold, because they say what it cost; nothing else does.
    pub failure: Option<SourceError>,
    /// The page would rather not be visited before this (`skipHours`).
    pub not_before: Option<Timestamp>,
}

/// A server that tells of a feed's news (WebSub).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Where one subscribes.
    pub url: String,
    /// The address by which it knows the feed.
    pub topic: String,
}

/// When the next question is due, as far as the source knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Next {
    /// After the usual pause.
    #[default]
    Usual,
    /// As soon as the host may be asked again: this answer did not hold everything. Bounded by
    /// [`limits::STEPS`](crate::model::limits::STEPS), and a first page that is followed by another is still history.
    AtOnce,
    /// Then.
    At(Timestamp),
}

/// Why an answer gave no page.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// An HTML page where a feed should be: a login, a consent, an error page.
    #[error("the answer is a web page, not a feed")]
    WebPage,
    /// Neither a feed nor a page we know.
    #[error("the answer is no feed: {0}")]
    Malformed(String),
    /// A page on which nothing is where it was before.
    #[error("the page's form has changed: nothing stands where its entries stood")]
    FormChanged,
    /// A page on which no entries can be made out.
    #[error("no entries can be made out on the page: name them with \"selector\"")]
    NoEntries,
    /// A list that held entries holds none.
    #[error("the list is empty, and held {0} entries before")]
    Emptied(u32),
    /// The service does not know who we are: a key is missing, wrong or expired.
    #[error("the service refuses our key: {0}")]
    Credential(String),
    /// The service does not offer this, here or to us.
    #[error("the service does not offer this: {0}")]
    Unavailable(String),
    /// What may be used is used up; nothing is seen until then.
    #[error("the budget is used up until {}", until.rfc3339(Zone::JST))]
    Spent {
        /// When there is more.
        until: Timestamp,
    },
}
