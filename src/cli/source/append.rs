//! Puts blocks behind the settings: the file is read back as `run` reads it before it takes the old one's place.
//!
//! # Invariants
//! The old bytes stand in the new file unchanged, or the old file stays. Whoever may read the one may read the other.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};

use crate::{
    collect::sources::SourceParams,
    config::{self, ConfigErrors, Settings},
};

/// Why nothing was written.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody saved the file at the same time.
    Changed,
    /// The new file would not mean what it should: another way of writing sources stands in it.
    Unreadable(Option<ConfigErrors>),
    /// The disk.
    Io(anyhow::Error),
}

/// The file as it is now.
pub(super) struct Before {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Reads the file, through links, for [`Before::append`].
pub(super) fn open(path: &Path) -> anyhow::Result<Before> {
    let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Before { path, bytes })
}

impl Before {
    /// Puts `blocks` behind the file; `expected` are the sources, by name and address, that it must have then.
    pub(super) fn append(
        &self,
        blocks: &[String],
        expected: &[(String, String)],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), Failure> {
        let new = Beside::write(&self.path, &self.with(blocks)).map_err(Failure::Io)?;
        // Beside the old one, so that every path in it means the same.
        let settings = config::load(&new.0, env).map_err(|why| Failure::Unreadable(Some(why)))?;
        if !ends_with(&settings, expected) {
            return Err(Failure::Unreadable(None));
        }
        if fs::read(&self.path).ok().as_deref() != Some(self.bytes.as_slice()) {
            return Err(Failure::Changed);
        }
        new.replace(&self.path).map_err(Failure::Io)
    }

    fn with(&self, blocks: &[String]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let ending: &[u8] = if bytes.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(ending);
        }
        for block in blocks {
            bytes.extend_from_slice(ending);
            for line in block.lines() {
                bytes.extend_from_slice(line.as_bytes());
                bytes.extend_from_slice(ending);
            }
        }
        bytes
    }
}

fn ends_with(settings: &Settings, expected: &[(String, String)]) -> bool {
    let mut last = settings.sources.iter().rev();
    expected.iter().rev().all(|(name, address)| match last.next() {
        Some(SourceParams { basics, fields, .. }) => basics.name.0 == *name && fields.text("url") == address,
        None => false,
    })
}

/// A file beside another, gone again unless it took the other's place.
struct Beside(PathBuf);

impl Beside {
    fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<Self> {
        let name = path.file_name().ok_or_else(|| anyhow!("{} is no file", path.display()))?;
        let beside = path.with_file_name(format!(".{}.new-{}", name.to_string_lossy(), std::process::id()));
        let old = fs::metadata(path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)
            .with_context(|| format!("cannot write beside {}", path.display()))?;
        let new = Self(beside);
        file.write_all(bytes)?;
        // A file that root writes for a service must still be the service's, or its next start would find none.
        let ours = file.metadata()?;
        if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))
                .with_context(|| format!("{} belongs to somebody else", path.display()))?;
        }
        file.set_permissions(old.permissions())?;
        file.sync_all()?;
        Ok(new)
    }

    fn replace(self, path: &Path) -> anyhow::Result<()> {
        fs::rename(&self.0, path).with_context(|| format!("cannot replace {}", path.display()))?;
        if let Some(folder) = path.parent() {
            // A machine that loses its power now must find one of the two.
            File::open(folder).and_then(|folder| folder.sync_all()).unwrap_or_default();
        }
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename it is not there any more.
        fs::remove_file(&self.0).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const BLOCK: &str =
        "[[source]]\nname = \"b\"\nkind = \"feed\"\nurl = \"https://b.example/\"\nsource_type = \"news\"\n";

    fn folder_with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hinomi.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn append(before: &Before) -> Result<(), Failure> {
        before.append(&[BLOCK.to_owned()], &[("b".into(), "https://b.example/".into())], &|_| None)
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_a_person_wrote_stays_letter_by_letter() {
        for (old, ending) in [
            ("# わたしの設定\n[time]\nzone = \"+09:00\"   # 日本\n", "\n"),
            ("# no line break at the end", "\n"),
            ("\u{feff}# 端末\r\n[collect]\r\nallow = [ \"a.example:1\" ]\r\n", "\r\n"),
            ("", "\n"),
        ] {
            let (folder, path) = folder_with(old);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            // Only root may give it away; for others its owner is who runs the test.
            std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap_or_default();
            let owner = fs::metadata(&path).map(|m| (m.uid(), m.gid())).unwrap();
            append(&open(&path).unwrap()).unwrap();
            let new = fs::read_to_string(&path).unwrap();
            assert!(new.starts_with(old), "{new:?}");
            assert!(new.ends_with(&BLOCK.replace('\n', ending)), "{new:?}");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
            assert_eq!(fs::metadata(&path).map(|m| (m.uid(), m.gid())).unwrap(), owner);
            assert_eq!(names(folder.path()), ["hinomi.toml"]);
        }
    }

    #[test]
    fn a_link_stays_a_link() {
        let (folder, path) = folder_with("");
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        append(&open(&link).unwrap()).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(&path).unwrap().contains("b.example"));
    }

    #[test]
    fn what_would_not_be_understood_is_not_written() {
        for old in [
            // Sources in one line cannot be continued by a block.
            "source = [{ name = \"a\", kind = \"feed\", url = \"https://a.example/\", source_type = \"news\" }]\n",
            // The name is taken.
            "[[source]]\nname = \"b\"\nkind = \"feed\"\nurl = \"https://a.example/\"\nsource_type = \"news\"\n",
            // Everything behind it is a text.
            "watchlist = '''\n",
        ] {
            let (folder, path) = folder_with(old);
            assert!(matches!(append(&open(&path).unwrap()), Err(Failure::Unreadable(_))), "{old}");
            assert_eq!(fs::read_to_string(&path).unwrap(), old);
            assert_eq!(names(folder.path()), ["hinomi.toml"]);
        }
    }

    #[test]
    fn what_somebody_saves_at_the_same_time_is_not_lost() {
        let (_folder, path) = folder_with("");
        let before = open(&path).unwrap();
        fs::write(&path, "# saved by an editor\n").unwrap();
        assert!(matches!(append(&before), Err(Failure::Changed)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "# saved by an editor\n");
    }
}
