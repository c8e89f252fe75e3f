//! Sees when somebody has changed the configuration or the watchlist.
//!
//! By reading them every few seconds and comparing what they say. Editors replace files, containers mount them over
//! one another, and shared folders tell nobody: a watch on the file or its folder misses one or the other, and two
//! small files cost nothing to read.
//!
//! # Invariants
//! A change is reported once it has stood still for one look, so that a file is not read while it is being written.
//! The same text in a new file is no change.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::config::Settings;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// More than this is not ours.
const BYTES: u64 = 8 * 1024 * 1024;

/// What the files say, as far as it must be known to see a change.
type Prints = Vec<Option<[u8; 32]>>;

/// The files, and what they said.
#[derive(Debug)]
pub struct Files {
    paths: Vec<PathBuf>,
    /// What they said when they were last reported.
    known: Prints,
    /// What they said at the last look.
    last: Prints,
}

impl Files {
    /// These files, as they are now.
    pub async fn watch(paths: Vec<PathBuf>) -> Self {
        let known = prints(&paths).await;
        Self { paths, last: known.clone(), known }
    }

    /// Returns when they say something else.
    pub async fn changed(&mut self) {
        loop {
            sleep(LOOK).await;
            if self.look().await {
                return;
            }
        }
    }

    /// One look: whether they say something else, and said the same at the last look.
    async fn look(&mut self) -> bool {
        let now = prints(&self.paths).await;
        let still = now == self.last;
        self.last = now;
        let changed = still && self.last != self.known;
        if changed {
            self.known.clone_from(&self.last);
        }
        changed
    }

    /// Takes what they say now for known: somebody is about to read them.
    pub async fn take_note(&mut self) {
        self.last = prints(&self.paths).await;
        self.known.clone_from(&self.last);
    }

    /// Looks at these from now on. What was known of one that stays is kept, so that no change between is missed.
    pub async fn follow(&mut self, paths: Vec<PathBuf>) {
        let mut next = Self::watch(paths).await;
        for (path, known) in self.paths.iter().zip(&self.known) {
            if let Some(at) = next.paths.iter().position(|p| p == path) {
                next.known[at] = *known;
            }
        }
        *self = next;
    }
}

async fn prints(paths: &[PathBuf]) -> Prints {
    let mut prints = Vec::with_capacity(paths.len());
    for path in paths {
        prints.push(print(path).await);
    }
    prints
}

/// `None` while there is no such file, as between two steps of an editor.
async fn print(path: &Path) -> Option<[u8; 32]> {
    if tokio::fs::metadata(path).await.ok()?.len() > BYTES {
        return None;
    }
    let text = tokio::fs::read(path).await.ok()?;
    Some(Sha256::digest(text).into())
}

/// What the new settings say and only a restart can give, by the name of the setting.
pub fn needs_restart(running: &Settings, new: &Settings) -> Vec<&'static str> {
    [
        (running.store != new.store, "[store] path"),
        (running.listen != new.listen, "[web] listen"),
        (running.ingest_token != new.ingest_token, "[web] ingest_token"),
        (running.log != new.log, "[log]"),
    ]
    .into_iter()
    .filter_map(|(differs, name)| differs.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_seen_once_it_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hinomi.toml");
        std::fs::write(&file, "a").unwrap();
        let mut files = Files::watch(vec![file.clone(), folder.path().join("not-there")]).await;
        assert!(!files.look().await);
        std::fs::write(&file, "half").unwrap();
        assert!(!files.look().await, "it may still be written");
        std::fs::write(&file, "half and half").unwrap();
        assert!(!files.look().await);
        assert!(files.look().await);
        assert!(!files.look().await, "reported once");
        // An editor that replaces the file by one that says the same.
        std::fs::write(folder.path().join("new"), "half and half").unwrap();
        std::fs::rename(folder.path().join("new"), &file).unwrap();
        assert!(!files.look().await && !files.look().await);
    }
}
