//! The schema: looked at before anything is touched, then brought up to date, each migration in its own transaction.
//!
//! # Invariants
//! A database that is newer, damaged or somebody else's is refused before the first write.

use sqlx::{Connection, Row, migrate::MigrateError, migrate::Migrator};

use super::{
    StoreError, StoreParams,
    dialect::{self, Purpose},
    place::Engine,
    sqlite,
};

pub(super) static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Where sqlx notes what it has applied.
const NOTES: &str = "_sqlx_migrations";
const APPLIED: &str = "select version, checksum from _sqlx_migrations order by version";

/// What was found before anything was touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The last migration that was applied; 0 in an empty database.
    pub schema: i64,
    /// Migrations are due.
    pub pending: bool,
}

/// The newest schema this program knows.
pub(super) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Looks without touching. `Err` where this program must keep its hands off.
pub(super) async fn look(params: &StoreParams, migrator: &Migrator) -> Result<Found, StoreError> {
    let empty = Found { schema: 0, pending: true };
    if params.engine() == Engine::Sqlite && !sqlite::has_bytes(params)? {
        return Ok(empty);
    }
    let place = params.shown();
    let mut c = dialect::one(params, Purpose::Read).await?;
    let opening = |e| StoreError::opening(&place, e);
    if params.engine() == Engine::Sqlite && !params.throwaway {
        if sqlite::is_checked_at_start(params) {
            if let Some(why) = sqlite::quick_check(&mut c).await.map_err(opening)? {
                return Err(StoreError::Damaged { place, why });
            }
        } else {
            tracing::warn!("{place} is too large to be read whole at each start; `hinomi db check` does it");
        }
    }
    let tables = sqlx::query(params.engine().tables()).fetch_all(&mut c).await.map_err(opening)?;
    let tables: Vec<String> = tables.iter().map(|r| r.try_get("name")).collect::<Result<_, _>>()?;
    if !tables.iter().any(|name| name == NOTES) {
        return if tables.is_empty() { Ok(empty) } else { Err(StoreError::Foreign(place)) };
    }
    let rows = sqlx::query(APPLIED).fetch_all(&mut c).await.map_err(opening)?;
    c.close().await.map_err(opening)?;
    let applied: Vec<(i64, Vec<u8>)> =
        rows.iter().map(|r| Ok((r.try_get("version")?, r.try_get("checksum")?))).collect::<Result<_, sqlx::Error>>()?;
    let (schema, known) = (applied.last().map_or(0, |(version, _)| *version), newest(migrator));
    if schema > known {
        return Err(StoreError::Newer { place, found: schema, known });
    }
    let differs = |(version, sum): &&(i64, Vec<u8>)| {
        !migrator.iter().any(|m| m.version == *version && m.checksum.as_ref() == sum.as_slice())
    };
    if let Some((version, _)) = applied.iter().find(differs) {
        return Err(StoreError::Changed { place, version: *version });
    }
    Ok(Found { schema, pending: schema < known })
}

/// A migration that failed left nothing behind.
pub(super) fn failed(place: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => match StoreError::from(e) {
            StoreError::Broken(why) => {
                StoreError::Broken(format!("{place}: the schema could not be brought up to date: {why}"))
            }
            other => other,
        },
        other => StoreError::Broken(format!("{place}: the schema could not be brought up to date: {other}")),
    }
}
