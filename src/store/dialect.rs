//! Where the databases differ: the texts, and how a connection is opened. `sqlite.rs` and `postgres.rs` hold what only
//! one of them needs; everything else in this room is one text for both.
//!
//! # Invariants
//! A connection whose settings did not take is not used: each says what it has come to after it was told.

use std::time::Duration;

use sqlx::{
    AnyConnection, AnyPool, Connection, Executor, Row,
    any::{AnyPoolOptions, install_default_drivers},
};

use super::{StoreError, StoreParams, place::Engine, postgres, sqlite};

/// Readers beside the one writer.
const READERS: u32 = 4;
/// How long a transaction waits for the one before it.
const QUEUE: Duration = Duration::from_mins(1);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The one that writes.
    Write,
    /// Writes what may be lost in a power cut.
    Throwaway,
    /// Reads, and refuses to write.
    Read,
    /// Copies the file elsewhere, for which SQLite wants more than to read. The file itself is opened to be read.
    Copy,
}

impl Engine {
    /// How a writing transaction begins. SQLite's deferred one that reads first and then writes fails at once with
    /// «locked», busy timeout or not; PostgreSQL has one writer by its lock.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    const fn views(self) -> &'static str {
        match self {
            Self::Sqlite => include_str!("../../migrations/views/sqlite.sql"),
            Self::Postgres => include_str!("../../migrations/views/postgres.sql"),
        }
    }

    const fn statistics(self) -> &'static str {
        match self {
            Self::Sqlite => "pragma analysis_limit = 1000; pragma optimize = 0x10002;",
            Self::Postgres => {
                "analyze post, mention, incident, incident_event, alert, delivery, hourly_count, tally, seen, coverage,
                 source_hour, source_lag"
            }
        }
    }

    /// Names of the tables that lie where ours would.
    pub(super) const fn tables(self) -> &'static str {
        match self {
            Self::Sqlite => "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
            Self::Postgres => {
                "select cast(table_name as text) as name from information_schema.tables
                 where table_schema = current_schema() and table_type = 'BASE TABLE'"
            }
        }
    }

    /// Settings of a connection, and a question whose answer proves that they took.
    const fn settings(self, purpose: Purpose) -> (&'static str, &'static str, &'static str) {
        match (self, purpose) {
            (Self::Sqlite, Purpose::Write) => (sqlite::WRITE, sqlite::WRITES, "wal 2 1 5000 0"),
            (Self::Sqlite, Purpose::Throwaway) => (sqlite::THROWAWAY, sqlite::WRITES, "wal 0 1 5000 0"),
            (Self::Sqlite, Purpose::Copy) => (sqlite::COPY, sqlite::READS, "0 5000 0"),
            (Self::Sqlite, Purpose::Read) => (sqlite::READ, sqlite::READS, "1 5000 0"),
            (Self::Postgres, Purpose::Write) => (postgres::WRITE, postgres::SETTLED, "on off UTF8"),
            (Self::Postgres, Purpose::Throwaway) => (postgres::THROWAWAY, postgres::SETTLED, "off off UTF8"),
            (Self::Postgres, Purpose::Read | Purpose::Copy) => (postgres::READ, postgres::SETTLED, "on on UTF8"),
        }
    }
}

/// The address that sqlx's `Any` driver wants.
fn address(params: &StoreParams, purpose: Purpose) -> Result<String, StoreError> {
    match &params.server {
        None => sqlite::address(params, if matches!(purpose, Purpose::Read | Purpose::Copy) { "ro" } else { "rwc" }),
        Some(_) if !cfg!(feature = "postgres") => Err(StoreError::NoPostgres),
        Some(address) => Ok(address.expose().to_owned()),
    }
}

/// Tells a fresh connection how to behave, and makes sure that it will.
async fn settle(c: &mut AnyConnection, engine: Engine, purpose: Purpose) -> Result<(), sqlx::Error> {
    let (settings, question, expected) = engine.settings(purpose);
    c.execute(settings).await?;
    let answer: String = sqlx::query(question).fetch_one(&mut *c).await?.try_get(0)?;
    if answer != expected {
        let why = format!("the settings of a connection did not take: {answer:?} and not {expected:?}");
        return Err(sqlx::Error::Configuration(why.into()));
    }
    Ok(())
}

/// One connection beside the pools.
pub(super) async fn one(params: &StoreParams, purpose: Purpose) -> Result<AnyConnection, StoreError> {
    install_default_drivers();
    let opening = |e| StoreError::opening(&params.shown(), e);
    let mut connection = AnyConnection::connect(&address(params, purpose)?).await.map_err(opening)?;
    settle(&mut connection, params.engine(), purpose).await.map_err(opening)?;
    Ok(connection)
}

/// The writer. On a server it holds the database against every other Hinomi for as long as it lives.
pub(super) async fn connect(params: &StoreParams) -> Result<AnyPool, StoreError> {
    let engine = params.engine();
    let purpose = if params.throwaway { Purpose::Throwaway } else { Purpose::Write };
    if engine == Engine::Sqlite {
        sqlite::prepare_file(params)?;
    }
    // Why one by hand: a pool hides what goes wrong behind its own time limit.
    let mut first = one(params, purpose).await?;
    if engine == Engine::Postgres {
        postgres::take_patiently(&mut first, &params.shown()).await?;
    }
    first.close().await.map_err(|e| StoreError::opening(&params.shown(), e))?;
    AnyPoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(QUEUE)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                settle(connection, engine, purpose).await?;
                if engine == Engine::Postgres { postgres::hold(connection).await } else { Ok(()) }
            })
        })
        .connect(&address(params, purpose)?)
        .await
        .map_err(|e| StoreError::opening(&params.shown(), e))
}

/// Connections that refuse to write.
pub(super) async fn connect_to_read(params: &StoreParams) -> Result<AnyPool, StoreError> {
    let engine = params.engine();
    one(params, Purpose::Read).await?;
    AnyPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(QUEUE)
        .after_connect(move |connection, _| Box::pin(settle(connection, engine, Purpose::Read)))
        .connect(&address(params, Purpose::Read)?)
        .await
        .map_err(|e| StoreError::opening(&params.shown(), e))
}

pub(super) async fn create_views(tx: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    tx.execute(engine.views()).await?;
    Ok(())
}

pub(super) async fn refresh_statistics(connection: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    connection.execute(engine.statistics()).await?;
    Ok(())
}
