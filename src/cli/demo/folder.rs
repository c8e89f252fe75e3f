//! Where the demo puts things. It clears only a folder that a demo has made.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Says that a folder is a demo's and may be cleared by the next one.
const MARK: &str = ".hinomi-demo";

/// A folder that belongs to the demo.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or clears what an earlier demo left in it.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let mark = path.join(MARK);
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !mark.exists() {
                    bail!(
                        "{} is not empty and was not made by a demo; nothing was touched. Choose another folder with --out",
                        path.display()
                    );
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        }
        let folder = Self(path.to_owned());
        for old in ["hinomi.db", "hinomi.db-wal", "hinomi.db-shm", "hinomi.key", "hinomi.lock"] {
            remove(&path.join(old), |p| fs::remove_file(p))?;
        }
        remove(&folder.mail(), |p| fs::remove_dir_all(p))?;
        fs::create_dir_all(folder.mail()).with_context(|| format!("cannot make {}", folder.mail().display()))?;
        fs::write(&mark, "Made by `hinomi demo`; the next demo clears this folder.\n")
            .with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(folder)
    }

    /// The mails.
    pub(super) fn mail(&self) -> PathBuf {
        self.0.join("mail")
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.0.join("hinomi.db")
    }
}

fn remove(path: &Path, how: impl Fn(&Path) -> io::Result<()>) -> Result<()> {
    match how(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hinomi.db"), b"precious").unwrap();
        assert!(Folder::prepare(folder.path()).unwrap_err().to_string().contains("--out"));
        assert_eq!(fs::read(folder.path().join("hinomi.db")).unwrap(), b"precious");
    }

    #[test]
    fn an_earlier_demo_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo");
        let first = Folder::prepare(&path).unwrap();
        fs::write(first.database(), b"old").unwrap();
        fs::write(first.mail().join("001.eml"), b"old").unwrap();
        let second = Folder::prepare(&path).unwrap();
        assert!(!second.database().exists());
        assert_eq!(fs::read_dir(second.mail()).unwrap().count(), 0);
    }
}
