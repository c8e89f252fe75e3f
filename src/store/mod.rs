//! The memory between the stages, and the only place that knows SQL.
//!
//! # Invariants
//! - One writer: every writing transaction begins immediate on the one write connection, so a read that turns into
//!   a write never finds the door shut.
//! - [`Store::ingest`] writes posts, mentions, counts, coverage and the source's cursor together;
//!   [`Store::commit_detection`] writes incidents and the alerts owed for them together. A crash between two
//!   transactions repeats work and loses none.
//! - Nothing here decides anything but whether a text or an author has been counted before.

mod ask;
mod dialect;
mod error;
mod incidents;
mod ingest;
mod mentions;
mod outbox;
mod rows;
mod series;
mod sources;
mod sql;

use std::path::{Path, PathBuf};

use sqlx::{Any, AnyPool, Transaction};

pub use ask::Answer;
pub use error::StoreError;
pub use incidents::{Detected, Held, ToldRow};
pub use ingest::{Ingest, Ingested, Judged};
pub use outbox::DueDelivery;

/// How the database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreParams {
    /// The SQLite file.
    pub path: PathBuf,
    /// A power cut may take the last writes: only for a store that is thrown away (replay, tests).
    pub throwaway: bool,
}

impl StoreParams {
    /// A lasting store in `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), throwaway: false }
    }
}

/// A handle on the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection: the writer.
    write: AnyPool,
    /// Read-only connections.
    read: AnyPool,
    path: PathBuf,
}

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Store {
    /// Opens the database, creates it if there is none, brings schema and views up to date.
    pub async fn open(params: &StoreParams) -> Result<Self, StoreError> {
        let (write, read) = dialect::connect(params).await?;
        MIGRATOR.run(&write).await.map_err(|e| StoreError::migration(&params.path, &e))?;
        let mut tx = begin(&write).await?;
        dialect::create_views(&mut tx).await?;
        tx.commit().await?;
        let store = Self { write, read, path: params.path.clone() };
        store.refresh_statistics().await?;
        Ok(store)
    }

    /// Opens an existing database for questions only: nothing is created, brought up to date or written.
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let read = dialect::connect_to_read(path).await?;
        Ok(Self { write: read.clone(), read, path: path.to_owned() })
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets go of all connections; what was written is on the disk.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Tells the planner how large tables are. Without statistics one page is 75 times slower (measured).
    pub async fn refresh_statistics(&self) -> Result<(), StoreError> {
        let mut connection = self.write.acquire().await?;
        dialect::refresh_statistics(&mut connection).await
    }

    /// The largest id in use; numbers go on behind it.
    pub async fn last_id(&self) -> Result<i64, StoreError> {
        let (id,): (i64,) = sqlx::query_as(sql::LAST_ID).fetch_one(&self.read).await?;
        Ok(id)
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        begin(&self.write).await
    }
}

async fn begin(pool: &AnyPool) -> Result<Transaction<'static, Any>, StoreError> {
    Ok(pool.begin_with(dialect::BEGIN).await?)
}

/// Every statement by name, for the test that prepares them all on each database.
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        sql::STATEMENTS,
        incidents::STATEMENTS,
        ingest::STATEMENTS,
        mentions::STATEMENTS,
        outbox::STATEMENTS,
        series::STATEMENTS,
        sources::STATEMENTS,
    ]
    .concat()
}
