//! What is remembered of a source between two visits.

use serde::{Deserialize, Serialize};

use super::{post::SourceName, time::Timestamp};

/// Where the next visit goes on. Opaque to everybody but the source itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

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
}

impl SourceState {
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
        }
    }
}
