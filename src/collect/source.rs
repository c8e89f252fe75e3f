//! What a source is: it says what to ask, and reads what came. Both are pure, so a source can be tested from a file,
//! replayed and read in one sitting; the network, the manners and the retries are elsewhere and written once.

use std::path::PathBuf;

use thiserror::Error;
use url::Url;

use super::SourceBasics;
use crate::model::{
    post::Post,
    source::{Cursor, SourceState},
    time::{Span, Timestamp},
};

/// One place to look.
pub trait Source: Send + Sync {
    /// Its name, its kind of text, its own manners.
    fn basics(&self) -> &SourceBasics;

    /// Whether `state` is of this place: a person may have written another address under the same name.
    fn continues(&self, _state: &SourceState) -> bool {
        true
    }

    /// What to ask now; `None` when there is nothing to ask.
    fn request(&self, state: &SourceState) -> Option<Request>;

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

/// One question to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// The `ETag` of the last page that was read, byte for byte.
    pub etag: Option<String>,
    /// The `Last-Modified` of the last page that was read, byte for byte.
    pub last_modified: Option<String>,
}

impl Request {
    /// Asks `url`, with what is remembered of the last answer.
    pub fn web(url: &str, state: &SourceState) -> Self {
        Self { place: Place::Web(url.to_owned()), etag: state.etag.clone(), last_modified: state.last_modified.clone() }
    }

    /// Reads a file from a byte on.
    pub const fn file(path: PathBuf, from: u64) -> Self {
        Self { place: Place::File { path, from }, etag: None, last_modified: None }
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
    /// 200, 304 and their like; a failure is a `FetchError` instead.
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
    /// How long the answer stays fresh, by `Cache-Control` and `Age`.
    pub fresh_for: Option<Span>,
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
}
