//! The time that the program shows: it flies, so that minutes between visits and tries are a second of ours, and it
//! goes on at the same place after a restart. The program is told by its failpoint `clock`.

use std::sync::atomic::{AtomicI64, Ordering};

use hinomi::{
    clock::{Clock, SystemClock},
    model::time::{Span, Timestamp},
};

/// A minute of the program is a second of ours.
const SPEED: i64 = 60;

/// Began when it was made.
#[derive(Debug)]
pub(crate) struct Flight {
    real: i64,
    shown: AtomicI64,
}

impl Flight {
    pub(crate) fn begin() -> Self {
        let now = SystemClock.now().millis();
        Self { real: now, shown: AtomicI64::new(now) }
    }

    /// What the program shows now.
    pub(crate) fn now(&self) -> Timestamp {
        let flown = (SystemClock.now().millis() - self.real) * SPEED;
        Timestamp::from_millis(self.shown.load(Ordering::SeqCst) + flown)
    }

    /// The next start comes so much later, as if the machine had been off.
    pub(crate) fn skip(&self, span: Span) {
        self.shown.fetch_add(span.millis(), Ordering::SeqCst);
    }

    /// As the failpoint reads it.
    pub(crate) fn failpoint(&self) -> String {
        format!("clock=return({}:{}:{SPEED})", self.real, self.shown.load(Ordering::SeqCst))
    }
}
