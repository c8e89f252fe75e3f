//! The memory between the stages, and the only place that knows SQL.
//!
//! # Invariants
//! - One writer: every writing transaction begins immediate on the one write connection, so a read that turns into
//!   a write never finds the door shut.
//! - [`Store::ingest`] writes posts, mentions, counts, coverage and the source's cursor together;
//!   [`Store::commit_detection`] writes incidents and the alerts owed for them together. A crash between two
//!   transactions repeats work and loses none.
//! - A transaction that finds the database busy is done again here; one that fails leaves nothing behind.
//! - Nothing here decides anything but whether a text or an author has been counted before.

mod ask;
mod backup;
mod dialect;
mod edits;
mod error;
mod figures;
mod incidents;
mod ingest;
mod kept;
mod known;
mod mentions;
mod outbox;
mod place;
mod postgres;
mod rows;
mod schema;
mod series;
mod sights;
mod sources;
mod sql;
mod sqlite;
mod standing;
#[cfg(test)]
mod tests;
mod transaction;
mod watched;
mod withdrawn;

use std::fmt;

use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction, migrate::Migrator};

pub use ask::Answer;
pub use backup::{Backup, Health};
pub use error::StoreError;
pub use figures::{SourceFigures, Visited};
pub use incidents::{Detected, Held, ToldRow};
pub use ingest::{Ingest, Ingested, Judged};
pub use outbox::DueDelivery;
pub use place::{Engine, StoreParams, this_process};
pub use sights::{Sight, SightChange};
pub use standing::{AtLevel, Standing};
use transaction::{Patience, in_transaction};
pub use watched::Watched;

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// One connection: the writer.
    write: AnyPool,
    /// Read-only connections.
    read: AnyPool,
    params: StoreParams,
}

impl fmt::Debug for Store {
    /// A pool would show the address, and with it the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.params.shown())
    }
}

impl Store {
    /// Opens the database, creates it if there is none, brings schema and views up to date.
    ///
    /// What is newer, damaged or another program's is refused and not touched. Before a migration the file is copied.
    pub async fn open(params: &StoreParams) -> Result<Self, StoreError> {
        let mut patience = Patience::at_start();
        loop {
            match Self::open_with(params, &schema::MIGRATOR).await {
                Err(error) if error.is_passing() && patience.wait(&error).await => {}
                other => return other,
            }
        }
    }

    async fn open_with(params: &StoreParams, migrator: &Migrator) -> Result<Self, StoreError> {
        let found = schema::look(params, migrator).await?;
        if found.pending && found.schema > 0 && params.engine() == Engine::Sqlite && !params.throwaway {
            let copy = backup::before_migration(params, found.schema).await?;
            tracing::info!("a copy from before the upgrade lies in {}", copy.display());
        }
        let write = dialect::connect(params).await?;
        migrator.run(&write).await.map_err(|e| schema::failed(&params.shown(), e))?;
        let store = Self { write, read: dialect::connect_to_read(params).await?, params: params.clone() };
        in_transaction!(store, tx => dialect::create_views(&mut tx, params.engine()))?;
        store.refresh_statistics().await?;
        Ok(store)
    }

    /// Opens an existing database for questions only: nothing is created, brought up to date or written.
    pub async fn open_to_read(params: &StoreParams) -> Result<Self, StoreError> {
        let read = dialect::connect_to_read(params).await?;
        Ok(Self { write: read.clone(), read, params: params.clone() })
    }

    /// Where the database lies.
    pub const fn params(&self) -> &StoreParams {
        &self.params
    }

    /// Lets go of all connections; what was written is on the disk.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Tells the planner how large tables are. Without statistics one page is 75 times slower (measured).
    pub async fn refresh_statistics(&self) -> Result<(), StoreError> {
        let mut connection = self.write.acquire().await?;
        dialect::refresh_statistics(&mut connection, self.params.engine()).await
    }

    /// The largest id in use; numbers go on behind it.
    pub async fn last_id(&self) -> Result<i64, StoreError> {
        let (id,): (i64,) = sqlx::query_as(sql::LAST_ID).fetch_one(&self.read).await?;
        Ok(id)
    }

    async fn begin<'c>(&self, connection: &'c mut AnyConnection) -> Result<Transaction<'c, Any>, StoreError> {
        Ok(connection.begin_with(self.params.engine().begin()).await?)
    }
}

/// Every statement by name, for the test that prepares them all on each database.
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        sql::STATEMENTS,
        edits::STATEMENTS,
        figures::STATEMENTS,
        incidents::STATEMENTS,
        ingest::STATEMENTS,
        known::STATEMENTS,
        mentions::STATEMENTS,
        outbox::STATEMENTS,
        series::STATEMENTS,
        sights::STATEMENTS,
        sources::STATEMENTS,
        standing::STATEMENTS,
        watched::STATEMENTS,
        kept::STATEMENTS,
        withdrawn::STATEMENTS,
    ]
    .concat()
}
