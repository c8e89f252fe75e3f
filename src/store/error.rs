//! What can go wrong with the memory, by what the caller can do about it.

use std::path::{Path, PathBuf};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program holds the database; worth another try.
    #[error("the database is busy: another program holds it")]
    Busy,
    /// The row is already there.
    #[error("already stored")]
    Conflict,
    /// The path cannot be written in an address.
    #[error("the database path {0:?} is not UTF-8; choose another one in [store] path")]
    Path(PathBuf),
    /// A newer Hinomi has written this database.
    #[error("{path}: written by a newer Hinomi; use that version, or restore a backup from before the upgrade")]
    Newer {
        /// Which database.
        path: PathBuf,
    },
    /// A value in the database is none that this program writes.
    #[error("the database holds a value that cannot be read: {0}")]
    Value(String),
    /// Anything else; the message names the thing.
    #[error("{0}")]
    Broken(String),
}

impl StoreError {
    pub(super) fn opening(path: &Path, error: &sqlx::Error) -> Self {
        Self::Broken(format!("cannot open the database {}: {error}", path.display()))
    }

    pub(super) fn migration(path: &Path, error: &sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Newer { path: path.to_owned() },
            other => Self::Broken(format!("{}: cannot bring the schema up to date: {other}", path.display())),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Conflict,
            // SQLITE_BUSY and SQLITE_LOCKED with their extended codes.
            sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("5" | "6" | "261" | "517")) => Self::Busy,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Value(error.to_string()),
            _ => Self::Broken(format!("database: {error}")),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error.to_string())
    }
}
