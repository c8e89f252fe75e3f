//! A note beside the database that says where the Hinomi that runs on it takes posts, and the word that opens: so that
//! `hinomi import` finds it, whatever the configuration says.
//!
//! # Why a word of its own
//! Whoever may read the note may read the database as well, and nobody has to configure a token for a file of one's
//! own machine. It is another one at every start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::super::pseudonym::hex;
use crate::{
    model::{limits, secret::Secret},
    web::knock::Door,
};

/// Bytes of the word, before they are written as hexadecimal digits.
const BYTES: usize = 32;

/// A word that nobody can guess.
pub(in crate::app) fn token() -> Result<Secret> {
    let mut bytes = [0; BYTES];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gave no random numbers"))?;
    Ok(Secret::new(&hex(bytes.iter())))
}

/// Where the note about `database` lies.
fn place(database: &Path) -> PathBuf {
    database.with_extension("door")
}

/// The note, there as long as this lives.
#[derive(Debug)]
pub(in crate::app) struct Note(PathBuf);

impl Note {
    /// Writes it, for nobody else to read and whole from its first moment.
    pub(in crate::app) fn put(database: &Path, door: &Door) -> io::Result<Self> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let path = place(database);
        let draft = path.with_extension("door-draft");
        // A draft that a dead process left may be open to others.
        fs::remove_file(&draft).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}\n{}", door.address, door.token.expose())?;
        fs::rename(&draft, &path)?;
        Ok(Self(path))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // It names a door that is shut; the next start writes another one.
        let _left_behind = fs::remove_file(&self.0);
    }
}

/// The door of the Hinomi that runs on `database`; `None` where it has none.
pub fn door(database: &Path) -> Result<Option<Door>> {
    let path = place(database);
    let text = match fs::File::open(&path) {
        Ok(file) => {
            let mut text = String::new();
            io::Read::read_to_string(&mut io::Read::take(file, limits::SECRET_FILE_BYTES), &mut text)
                .with_context(|| format!("cannot read {}", path.display()))?;
            text
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut lines = text.lines();
    let door = lines.next().and_then(|line| line.parse().ok()).zip(lines.next());
    Ok(door.map(|(address, token)| Door { address, token: Secret::new(token) }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_note_is_private_reads_back_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("hinomi.db");
        assert_eq!(door(&database).unwrap(), None);
        let here = Door { address: "127.0.0.1:8730".parse().unwrap(), token: token().unwrap() };
        assert_ne!(here.token, token().unwrap());
        let note = Note::put(&database, &here).unwrap();
        let mode = fs::metadata(place(&database)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(door(&database).unwrap(), Some(here));
        drop(note);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
