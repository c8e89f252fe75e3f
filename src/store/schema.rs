//! The schema: looked at before anything is touched, then brought up to date, each migration in its own transaction.
//!
//! # Invariants
//! A database that is newer, damaged or somebody else's is refused before the first write.

use std::sync::LazyLock;

use sqlx::{
    Connection, Row, SqlStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    StoreError, StoreParams,
    dialect::{self, Purpose},
    place::Engine,
    sqlite,
};

/// Every migration: its number, its name, its text. They are listed by hand because sqlx's macro would have SQLite
/// compiled a second time, for the compiler itself.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "sources", include_str!("../../migrations/0001_sources.sql")),
    (2, "posts", include_str!("../../migrations/0002_posts.sql")),
    (3, "mentions", include_str!("../../migrations/0003_mentions.sql")),
    (4, "incidents", include_str!("../../migrations/0004_incidents.sql")),
    (5, "outbox", include_str!("../../migrations/0005_outbox.sql")),
    (6, "edits", include_str!("../../migrations/0006_edits.sql")),
    (7, "services", include_str!("../../migrations/0007_services.sql")),
    (8, "health", include_str!("../../migrations/0008_health.sql")),
    (10, "networks", include_str!("../../migrations/0010_networks.sql")),
    (11, "retention", include_str!("../../migrations/0011_retention.sql")),
    (12, "habits", include_str!("../../migrations/0012_habits.sql")),
];

pub(super) static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let migration = |&(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, SqlStr::from_static(text), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
});

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed_under_its_number_and_name() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let names = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = names.filter_map(|n| n.strip_suffix(".sql").map(str::to_owned)).collect();
        files.sort();
        let listed: Vec<_> = MIGRATIONS.iter().map(|(number, name, _)| format!("{number:04}_{name}")).collect();
        assert_eq!(listed, files);
    }
}
