//! What only SQLite needs: the file, its settings, its log beside it.
//!
//! # Invariants
//! Names of people lie in the file: it, and every copy of it, is readable by nobody else from its first moment.

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use sqlx::{AnyConnection, Row};

use super::{StoreError, StoreParams};

/// `full`: `normal` may take back committed work after a power cut.
pub(super) const WRITE: &str = "
    pragma busy_timeout = 5000;
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma trusted_schema = off;";

pub(super) const THROWAWAY: &str = "
    pragma busy_timeout = 5000;
    pragma journal_mode = wal;
    pragma synchronous = off;
    pragma foreign_keys = on;
    pragma trusted_schema = off;";

/// Both «ro» and this: a statement may hold a pragma, and the file must stay shut all the same.
pub(super) const READ: &str = "
    pragma busy_timeout = 5000;
    pragma query_only = on;
    pragma trusted_schema = off;";

pub(super) const COPY: &str = "
    pragma busy_timeout = 5000;
    pragma trusted_schema = off;";

pub(super) const WRITES: &str = "
    select j.journal_mode || ' ' || s.synchronous || ' ' || f.foreign_keys || ' ' || b.timeout || ' ' || t.trusted_schema
    from pragma_journal_mode j, pragma_synchronous s, pragma_foreign_keys f, pragma_busy_timeout b,
         pragma_trusted_schema t";

pub(super) const READS: &str = "
    select q.query_only || ' ' || b.timeout || ' ' || t.trusted_schema
    from pragma_query_only q, pragma_busy_timeout b, pragma_trusted_schema t";

/// One finding is enough to refuse a file.
const QUICK_CHECK: &str = "pragma quick_check(1)";
/// A start must not wait for a disk of many gigabytes to be read; `hinomi db check` reads it.
const CHECKED_AT_START: u64 = 2 * 1024 * 1024 * 1024;
/// The log beside the file is folded back when it has grown beyond this, which it does only while somebody reads on
/// and on.
pub(super) const WAL_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn address(params: &StoreParams, mode: &str) -> Result<String, StoreError> {
    // A path may hold what would mean something in an address.
    let path = params.utf8()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("sqlite://{path}?mode={mode}"))
}

/// The folder, and an empty file in it that only we can read. What SQLite puts beside it follows suit.
pub(super) fn prepare_file(params: &StoreParams) -> Result<(), StoreError> {
    let path = &params.path;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| StoreError::denied(folder.display(), "created", e))?;
    }
    match create_private(path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(StoreError::denied(path.display(), "created", e)),
        _ => {}
    }
    OpenOptions::new().write(true).open(path).map_err(|e| StoreError::denied(path.display(), "written", e))?;
    Ok(())
}

pub(super) fn create_private(path: &Path) -> std::io::Result<fs::File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whether there is anything in the file; an empty one is as good as none.
pub(super) fn has_bytes(params: &StoreParams) -> Result<bool, StoreError> {
    match fs::metadata(&params.path) {
        Ok(file) => Ok(file.len() > 0),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::denied(params.path.display(), "opened", e)),
    }
}

/// Whether a start reads the whole file to see that it is sound.
pub(super) fn is_checked_at_start(params: &StoreParams) -> bool {
    fs::metadata(&params.path).is_ok_and(|file| file.len() <= CHECKED_AT_START)
}

/// Reads the whole file; what is wrong with it, if anything.
pub(super) async fn quick_check(c: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    let found: String = sqlx::query(QUICK_CHECK).fetch_one(c).await?.try_get(0)?;
    Ok((found != "ok").then_some(found))
}

/// The log beside the file.
pub(super) fn wal(params: &StoreParams) -> PathBuf {
    let mut name = params.path.clone().into_os_string();
    name.push("-wal");
    name.into()
}

/// Folds the log back into the file and empties it, if it is longer than `bytes`; how long it is then.
pub(super) async fn fold_wal(c: &mut AnyConnection, params: &StoreParams, bytes: u64) -> Result<u64, StoreError> {
    let length = || fs::metadata(wal(params)).map_or(0, |file| file.len());
    if length() > bytes {
        sqlx::query("pragma wal_checkpoint(truncate)").fetch_all(c).await?;
    }
    Ok(length())
}
