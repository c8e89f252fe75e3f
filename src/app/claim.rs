//! One Hinomi per database: two would send every mail twice.
//!
//! # Why a lock on a file
//! The system lets go of it however the process ends, so what a dead one left behind is free at once. What stands in
//! the file is only for people. On a server the writing connection holds a lock of its own as well (see `store`),
//! because files know nothing of other machines.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Write},
    path::Path,
};

use crate::{
    model::time::{Timestamp, Zone},
    store::{StoreError, StoreParams, this_process},
};

/// Bytes of a lock file that are read: it holds one line, whoever wrote it.
const LINE: u64 = 200;

/// The right to work on a database, held until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    _file: File,
}

impl Claim {
    /// Takes the database for this process alone, or says who has it. Touches nothing but the lock.
    pub(super) fn take(store: &StoreParams, now: Timestamp) -> Result<Self, StoreError> {
        let path = store.path.with_extension("lock");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| denied(folder, "created", &e))?;
        }
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| denied(&path, "written", &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut line = String::new();
                // Why the outcome does not matter: whoever holds it holds it, with or without a name.
                file.take(LINE).read_to_string(&mut line).unwrap_or_default();
                let holder = line.trim();
                let holder = if holder.is_empty() { "unknown" } else { holder }.to_owned();
                return Err(StoreError::Held { place: store.shown(), holder });
            }
            Err(TryLockError::Error(e)) => return Err(denied(&path, "written", &e)),
        }
        let line = format!("{} since {}\n", this_process(), now.rfc3339(Zone::JST));
        file.set_len(0).and_then(|()| file.write_all(line.as_bytes())).map_err(|e| denied(&path, "written", &e))?;
        Ok(Self { _file: file })
    }
}

fn denied(path: &Path, what: &'static str, why: &std::io::Error) -> StoreError {
    StoreError::denied(path.display(), what, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_its_holder_and_is_free_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreParams::at(folder.path().join("deep/hinomi.db"));
        let noon = Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap();
        let first = Claim::take(&store, noon).unwrap();
        let refused = Claim::take(&store, noon).unwrap_err().to_string();
        assert!(refused.contains(&this_process()), "{refused}");
        assert!(refused.contains("since 2026-02-11T12:00:00+09:00"), "{refused}");
        assert!(!store.path.exists(), "the database was touched");
        drop(first);
        Claim::take(&store, noon).unwrap();
    }

    #[test]
    fn what_a_dead_process_wrote_into_the_lock_holds_nobody_off() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreParams::at(folder.path().join("hinomi.db"));
        fs::write(store.path.with_extension("lock"), "process 1 on elsewhere since 2020".repeat(99)).unwrap();
        let noon = Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap();
        let _claim = Claim::take(&store, noon).unwrap();
        let line = fs::read_to_string(store.path.with_extension("lock")).unwrap();
        assert_eq!(line.lines().count(), 1);
        assert!(line.starts_with(&this_process()), "{line}");
    }
}
