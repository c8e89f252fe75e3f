//! Where the databases differ, all of it.

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
    let path = params.path.to_str().ok_or_else(|| StoreError::Path(params.path.clone()))?;
    if let Some(folder) = params.path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Broken(format!("cannot create {}: {e}", folder.display())))?;
    }
    // A path may hold what would mean something in an address.
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let url = format!("sqlite://{path}?mode=rwc");
    let opening = if params.throwaway { THROWAWAY } else { LASTING };

    let write = AnyPoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(opening).await.map(drop) }))
        .connect(&url)
        .await
        .map_err(|e| StoreError::opening(&params.path, &e))?;
    let read = AnyPoolOptions::new()
        .max_connections(READERS)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(READER).await.map(drop) }))
        .connect(&url)
        .await
        .map_err(|e| StoreError::opening(&params.path, &e))?;
    Ok((write, read))
}

pub(super) async fn create_views(tx: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    tx.execute(VIEWS).await?;
    Ok(())
}

pub(super) async fn refresh_statistics(connection: &mut AnyConnection) -> Result<(), StoreError> {
    connection.execute(STATISTICS).await?;
    Ok(())
}
