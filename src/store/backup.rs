//! Copies of the database, and whether it is sound. Only for SQLite: a server has its own tools.
//!
//! # Invariants
//! A copy is complete or not there: it is written under another name, synced, and then renamed. It is as private as
//! the database. Nothing is overwritten that a person asked to be written.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use super::{
    Store, StoreError, StoreParams,
    dialect::{self, Purpose},
    place::Engine,
    schema, sqlite,
};

/// Tables that only grow: while somebody writes, a copy holds no fewer rows than before it and no more than after.
const GROWING: [&str; 5] = ["post", "mention", "incident", "alert", "delivery"];

/// A copy that was made and looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Rows by table.
    pub rows: Vec<(&'static str, i64)>,
}

/// How a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its schema.
    pub schema: i64,
    /// The newest schema that is known here.
    pub known: i64,
    /// Bytes of the file; `None` on a server.
    pub bytes: Option<u64>,
    /// Bytes of the log beside it; `None` on a server.
    pub wal_bytes: Option<u64>,
    /// Rows by table.
    pub rows: Vec<(&'static str, i64)>,
}

impl Store {
    /// Reads the whole database without changing it; `Err` where it is damaged or not ours.
    pub async fn check(params: &StoreParams) -> Result<Health, StoreError> {
        if params.engine() == Engine::Sqlite && !sqlite::has_bytes(params)? {
            return Err(StoreError::denied(params.path.display(), "opened", "there is no database"));
        }
        let place = params.shown();
        let mut c = dialect::one(params, Purpose::Read).await?;
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        let mut sizes = (None, None);
        if params.engine() == Engine::Sqlite {
            if let Some(why) = sqlite::quick_check(&mut c).await.map_err(|e| StoreError::opening(&place, e))? {
                return Err(StoreError::Damaged { place, why });
            }
            sizes = (Some(length(&params.path)), Some(length(&sqlite::wal(params))));
        }
        let found = schema::look(params, &schema::MIGRATOR).await?;
        let rows = if found.schema > 0 { rows(&mut c).await? } else { Vec::new() };
        c.close().await?;
        let known = schema::newest(&schema::MIGRATOR);
        Ok(Health { schema: found.schema, known, bytes: sizes.0, wal_bytes: sizes.1, rows })
    }

    /// Copies the database to `to`, also while Hinomi runs on it, and looks at the copy.
    pub async fn backup(params: &StoreParams, to: &Path) -> Result<Backup, StoreError> {
        if to.exists() {
            return Err(StoreError::Broken(format!("{} is there already; name another file", to.display())));
        }
        if !sqlite::has_bytes(params)? {
            return Err(StoreError::denied(params.path.display(), "opened", "there is no database"));
        }
        copy(params, to).await
    }
}

/// The copy from before an upgrade, beside the database. It replaces one of the same schema: that upgrade did not
/// come to its end, and what is there now is what was there before.
pub(super) async fn before_migration(params: &StoreParams, schema: i64) -> Result<PathBuf, StoreError> {
    let to = params.path.with_extension(format!("schema-{schema:04}.db"));
    copy(params, &to).await?;
    Ok(to)
}

async fn copy(params: &StoreParams, to: &Path) -> Result<Backup, StoreError> {
    let part = to.with_extension("part");
    let done = write_copy(params, to, &part).await;
    if done.is_err() {
        // Half a copy is worth nothing; that it may not be there is fine.
        fs::remove_file(&part).unwrap_or_default();
    }
    done
}

async fn write_copy(params: &StoreParams, to: &Path, part: &Path) -> Result<Backup, StoreError> {
    let refused = |e: std::io::Error| StoreError::denied(part.display(), "created", e);
    fs::remove_file(part).unwrap_or_default();
    sqlite::create_private(part).map_err(refused)?;
    let name = part.to_str().ok_or_else(|| StoreError::Path(part.to_owned()))?.replace('\'', "''");
    let mut c = dialect::one(params, Purpose::Copy).await?;
    let before = rows(&mut c).await?;
    // Why not bound: a pragma or vacuum takes no parameters everywhere; the quotes in the name are doubled.
    sqlx::raw_sql(AssertSqlSafe(format!("vacuum into '{name}'"))).execute(&mut c).await?;
    let after = rows(&mut c).await?;
    c.close().await?;

    let copied = StoreParams::at(part);
    let mut c = dialect::one(&copied, Purpose::Read).await?;
    let unsound = sqlite::quick_check(&mut c).await?;
    let held = rows(&mut c).await?;
    c.close().await?;
    let between =
        |((_, low), (_, high)): (&(&str, i64), &(&str, i64)), (_, n): &(&str, i64)| (*low..=*high).contains(n);
    let complete = before.iter().zip(&after).zip(&held).all(|(bounds, n)| between(bounds, n));
    if let Some(why) = unsound.or((!complete).then(|| "rows are missing".to_owned())) {
        return Err(StoreError::Broken(format!("the copy {} is not sound: {why}", to.display())));
    }

    let file = File::open(part).and_then(|f| f.sync_all().and(f.metadata())).map_err(refused)?;
    fs::rename(part, to).map_err(refused)?;
    // Without this a power cut could take back the new name.
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(refused)?;
    Ok(Backup { path: to.to_owned(), bytes: file.len(), rows: held })
}

async fn rows(c: &mut AnyConnection) -> Result<Vec<(&'static str, i64)>, StoreError> {
    let mut counted = Vec::with_capacity(GROWING.len());
    for table in GROWING {
        let row = sqlx::query(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(&mut *c).await?;
        counted.push((table, row.try_get(0)?));
    }
    Ok(counted)
}
