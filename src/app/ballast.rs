//! Room that is kept to be given up: a file beside the database that is removed when the disk is full, so that what
//! is already known can still be told.
//!
//! # Invariants
//! Its bytes are really on the disk; a file with holes would keep nothing free.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

const BLOCK: usize = 1 << 20;

/// The file, kept or given up.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    bytes: u64,
}

impl Ballast {
    /// Beside `database`. Nothing is written yet.
    pub fn beside(database: &Path, bytes: u64) -> Self {
        Self { path: database.with_extension("ballast"), bytes }
    }

    /// Takes the room, unless it is taken already. What could be taken of too little is given back.
    pub fn keep(&self) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|m| m.len() >= self.bytes) {
            return Ok(());
        }
        let kept = self.fill();
        if kept.is_err() {
            self.give_up()?;
        }
        kept
    }

    fn fill(&self) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        // Not zeros: some file systems keep those without taking room for them.
        let block: Vec<u8> = (0..=u8::MAX).cycle().take(BLOCK).collect();
        let mut left = self.bytes;
        while left > 0 {
            let now = left.min(BLOCK as u64);
            let part = usize::try_from(now).ok().and_then(|n| block.get(..n)).unwrap_or(&block);
            file.write_all(part)?;
            left -= now;
        }
        file.sync_all()
    }

    /// Gives the room back; true if there was any.
    pub fn give_up(&self) -> io::Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_really_taken_and_given_back_once() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::beside(&folder.path().join("hinomi.db"), 3 << 20);
        ballast.keep().unwrap();
        let file = folder.path().join("hinomi.ballast");
        assert!(fs::metadata(&file).unwrap().blocks() * 512 >= 3 << 20);
        ballast.keep().unwrap();
        assert!(ballast.give_up().unwrap());
        assert!(!file.exists() && !ballast.give_up().unwrap());
    }

    #[test]
    fn where_there_is_no_room_nothing_is_left_behind() {
        let nowhere = Ballast { path: "/dev/full".into(), bytes: 1 };
        assert!(nowhere.fill().is_err());
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::beside(&folder.path().join("missing/hinomi.db"), 1);
        assert!(ballast.keep().is_err());
    }
}
