//! What to do when the store takes nothing: give up the ballast, tell somebody past the store, leave the sources alone
//! until there is room again.
//!
//! # Invariants
//! Nothing here waits for a mail: it goes out beside the loops.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use super::{ballast::Ballast, emergency::Emergency};
use crate::{
    alert::trouble::Trouble,
    model::{
        limits,
        time::{Span, Timestamp},
    },
    store::StoreError,
};

/// A database that takes nothing for so long is a trouble; less is a backup or a busy disk.
const PATIENCE: Span = Span::minutes(10);
/// The ballast is taken again once there is so much room for each of its bytes.
const ROOM: u64 = 4;

/// How the store does, as far as those who write to it have noticed.
#[derive(Default)]
pub(super) struct Shortage {
    /// No room: pages that were fetched could not be kept.
    full: AtomicBool,
    /// Since when the store takes nothing.
    since: Mutex<Option<Timestamp>>,
    ballast: Option<Ballast>,
    emergency: Mutex<Option<Arc<dyn Emergency>>>,
}

impl Shortage {
    pub(super) fn new(ballast: Option<Ballast>, emergency: Option<Arc<dyn Emergency>>) -> Self {
        Self { ballast, emergency: Mutex::new(emergency), ..Self::default() }
    }

    /// Takes the room that can be given up later. Too little of it is no reason not to start.
    pub(super) fn keep_room(&self) {
        if let Some(ballast) = &self.ballast
            && let Err(error) = ballast.keep()
        {
            tracing::warn!("no room could be kept for a full disk: {error}");
        }
    }

    /// Another road to a person from now on.
    pub(super) fn adopt(&self, emergency: Option<Arc<dyn Emergency>>) {
        *self.emergency.lock().unwrap_or_else(PoisonError::into_inner) = emergency;
    }

    /// The last road to a person, if there is one.
    pub(super) fn emergency(&self) -> Option<Arc<dyn Emergency>> {
        self.emergency.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there was no room the last time somebody wrote.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(SeqCst)
    }

    /// Something was stored; `free` are the bytes that are free now.
    pub(super) fn stored(&self, free: Option<u64>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if self.full.swap(false, SeqCst) {
            tracing::info!("there is room on the disk again; sources are visited again");
        }
        if free.is_some_and(|bytes| bytes >= ROOM * limits::BALLAST_BYTES) {
            self.keep_room();
        }
    }

    /// A round or a visit failed. What the store has nothing to do with is left alone.
    pub(super) fn failed(&self, error: &anyhow::Error, now: Timestamp) {
        let Some(error) = error.chain().find_map(|e| e.downcast_ref::<StoreError>()) else { return };
        let Some(trouble) = self.trouble(error, now) else { return };
        if let Some(emergency) = self.emergency() {
            let detail = error.ja();
            #[expect(clippy::disallowed_methods, reason = "it ends by itself, and nothing hangs on how")]
            tokio::spawn(async move { emergency.tell(trouble, &detail, now).await });
        }
    }

    fn trouble(&self, error: &StoreError, now: Timestamp) -> Option<Trouble> {
        if matches!(error, StoreError::Full) {
            self.full.store(true, SeqCst);
            match self.ballast.as_ref().map(Ballast::give_up) {
                Some(Ok(true)) => {
                    tracing::warn!("the disk is full; kept room was given up, so that what is known can be told");
                }
                Some(Err(why)) => tracing::error!("kept room could not be given up: {why}"),
                _ => {}
            }
            return Some(Trouble::DiskFull);
        }
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
        (now - since >= PATIENCE).then_some(Trouble::StoreStopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_full_disk_is_told_at_once_and_gets_its_ballast() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::beside(&folder.path().join("hinomi.db"), 1_000);
        let shortage = Shortage::new(Some(ballast), None);
        shortage.keep_room();
        assert!(folder.path().join("hinomi.ballast").exists() && !shortage.is_full());
        assert_eq!(shortage.trouble(&StoreError::Full, NOW), Some(Trouble::DiskFull));
        assert!(!folder.path().join("hinomi.ballast").exists() && shortage.is_full());
        // A little room is not enough to take it away again.
        shortage.stored(Some(limits::BALLAST_BYTES));
        assert!(!folder.path().join("hinomi.ballast").exists() && !shortage.is_full());
        shortage.stored(Some(ROOM * limits::BALLAST_BYTES));
        assert!(folder.path().join("hinomi.ballast").exists());
    }

    #[test]
    fn a_busy_database_is_told_after_ten_minutes_and_one_that_works_again_never() {
        let shortage = Shortage::default();
        assert_eq!(shortage.trouble(&StoreError::Busy, NOW), None);
        shortage.stored(None);
        assert_eq!(shortage.trouble(&StoreError::Busy, NOW + Span::minutes(9)), None);
        assert_eq!(shortage.trouble(&StoreError::Busy, NOW + Span::minutes(18)), None);
        assert_eq!(shortage.trouble(&StoreError::Busy, NOW + Span::minutes(19)), Some(Trouble::StoreStopped));
    }
}
