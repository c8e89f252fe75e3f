//! The loops by name, and the sign of life that each gives.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// One loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Visits sources.
    Visit,
    /// Looks for trouble.
    Detect,
    /// Sends mails.
    Dispatch,
    /// Tidies up.
    Tidy,
    /// Listens to sources that speak by themselves.
    Listen,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [Self::Visit, Self::Detect, Self::Dispatch, Self::Tidy, Self::Listen];

    /// How many there are.
    pub const COUNT: usize = 5;

    /// In logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Detect => "detect",
            Self::Dispatch => "dispatch",
            Self::Tidy => "tidy",
            Self::Listen => "listen",
        }
    }

    /// What it does, in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Visit => "巡回",
            Self::Detect => "検知",
            Self::Dispatch => "送信",
            Self::Tidy => "片付け",
            Self::Listen => "受信",
        }
    }
}

/// The sign of life of one loop.
///
/// Only counted, never timed: whoever watches looks twice with a clock that nobody can set.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    beats: AtomicU64,
    idle: AtomicBool,
}

impl Pulse {
    /// There was progress.
    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Relaxed);
    }

    /// From now on there is nothing to do until long after anybody would worry.
    pub(super) fn rest(&self) {
        self.idle.store(true, Relaxed);
        self.beat();
    }

    /// There is something to do again.
    pub(super) fn work(&self) {
        self.idle.store(false, Relaxed);
        self.beat();
    }

    /// How much progress there has been; `None` while there is nothing to do.
    pub(super) fn count(&self) -> Option<u64> {
        (!self.idle.load(Relaxed)).then(|| self.beats.load(Relaxed))
    }
}
