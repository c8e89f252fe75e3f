//! Where the databases differ, all of it.

use std::path::Path;

use sqlx::{
    Any, AnyConnection, AnyPool, Executor, Transaction,
    any::{AnyPoolOptions, install_default_drivers},
};

use super::{StoreError, StoreParams};

/// A deferred transaction that reads first and then writes fails at once with «locked», busy timeout or not.
pub(super) const BEGIN: &str = "begin immediate";

/// Readers beside the one writer.
const READERS: u32 = 4;

const LASTING: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma trusted_schema = off;";

const THROWAWAY: &str = "
    pragma journal_mode = wal;
    pragma synchronous = off;
    pragma trusted_schema = off;";

const READER: &str = "
    pragma query_only = on;
    pragma trusted_schema = off;";

const STATISTICS: &str = "
    pragma analysis_limit = 1000;
    pragma optimize = 0x10002;";

const VIEWS: &str = include_str!("../../migrations/views/sqlite.sql");

/// The writer and the readers.
pub(super) async fn connect(params: &StoreParams) -> Result<(AnyPool, AnyPool), StoreError> {
    install_default_drivers();
    if let Some(folder) = params.path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Broken(format!("cannot create {}: {e}", folder.display())))?;
    }
    keep_private(&params.path)?;
    let opening = if params.throwaway { THROWAWAY } else { LASTING };
    let write = AnyPoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(opening).await.map(drop) }))
        .connect(&address(&params.path, "rwc")?)
        .await
        .map_err(|e| StoreError::opening(&params.path, &e))?;
    Ok((write, connect_to_read(&params.path).await?))
}

/// Connections that refuse to write.
pub(super) async fn connect_to_read(path: &Path) -> Result<AnyPool, StoreError> {
    install_default_drivers();
    AnyPoolOptions::new()
        .max_connections(READERS)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(READER).await.map(drop) }))
        // Why both «ro» and query_only: a question may hold a pragma, and the file must stay shut all the same.
        .connect(&address(path, "ro")?)
        .await
        .map_err(|e| StoreError::opening(path, &e))
}

/// Names of people lie in it: readable by nobody else from its first moment. What SQLite puts beside it follows suit.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::Broken(format!("cannot create {}: {e}", path.display())))
        }
        _ => Ok(()),
    }
}

fn address(path: &Path, mode: &str) -> Result<String, StoreError> {
    let path = path.to_str().ok_or_else(|| StoreError::Path(path.to_owned()))?;
    // A path may hold what would mean something in an address.
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("sqlite://{path}?mode={mode}"))
}

pub(super) async fn create_views(tx: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    tx.execute(VIEWS).await?;
    Ok(())
}

pub(super) async fn refresh_statistics(connection: &mut AnyConnection) -> Result<(), StoreError> {
    connection.execute(STATISTICS).await?;
    Ok(())
}
