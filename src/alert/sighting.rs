//! What becomes of the eyes: sources that cannot be read, and when they can be read again. No words yet: those are
//! `compose`'s.
//!
//! Not here: what keeps Hinomi itself from watching (`trouble.rs`), and when somebody is told (`app/sight.rs`).

use crate::model::{post::SourceName, time::Timestamp};

/// A source that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dark {
    /// Which.
    pub source: SourceName,
    /// The last visit that worked; `None` if none ever did.
    pub last_ok_at: Option<Timestamp>,
    /// What the last visit said.
    pub error: Option<String>,
}

/// What people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// More than half of the sources cannot be read.
    Blind {
        /// Since when.
        since: Timestamp,
        /// Which.
        dark: Vec<Dark>,
        /// Of how many.
        all: usize,
    },
    /// They can be read again. Says for itself what was, because the word before it may never have left.
    SeesAgain {
        /// Since when they could not be read …
        since: Timestamp,
        /// … and until when.
        until: Timestamp,
        /// Those that still cannot.
        dark: Vec<Dark>,
        /// Of how many.
        all: usize,
    },
    /// Single ones that nobody has been able to read for more than a day.
    Lost(Vec<Dark>),
}
