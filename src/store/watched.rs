//! Since when each company is watched.
//!
//! # Why
//! A company that is added to the list of an old database has no past in it: zeros from before would be invented, and
//! what the sources still show of last week would look like a storm of today.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};

use super::{Store, StoreError, rows::time, sql::sql, transaction::in_transaction};
use crate::model::{time::Timestamp, watch::CompanyName};

sql! {
    WATCHED = "select company, watched_at, joined from watched order by company";
    /// Only of companies that joined later; for the first ones history is what their sources call so.
    JOINED_AT = "select watched_at from watched where company = $1 and joined = 1";
    JOIN = "insert into watched (company, watched_at, joined) values ($1, $2, $3)";
    LEAVE = "delete from watched where company = $1";
}

/// Since when a company is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// Since then.
    pub at: Timestamp,
    /// Others were watched before.
    pub joined: bool,
}

impl Store {
    /// Notes who is on the list now: who is new joins at `now`, who has gone is forgotten and joins anew when it comes
    /// back. Doing it again changes nothing.
    pub async fn watch(
        &self,
        companies: &[CompanyName],
        now: Timestamp,
    ) -> Result<BTreeMap<CompanyName, Watched>, StoreError> {
        in_transaction!(self, tx => keep_list(&mut tx, companies, now))
    }
}

async fn keep_list(
    c: &mut AnyConnection,
    companies: &[CompanyName],
    now: Timestamp,
) -> Result<BTreeMap<CompanyName, Watched>, StoreError> {
    let mut watched = BTreeMap::new();
    for row in sqlx::query(WATCHED).fetch_all(&mut *c).await? {
        let joined = row.try_get::<i64, _>("joined")? != 0;
        watched.insert(CompanyName(row.try_get("company")?), Watched { at: time(&row, "watched_at")?, joined });
    }
    // The first list ever seen, which in a database from before this table may have been watched for long.
    let joined = !watched.is_empty();
    let gone: Vec<CompanyName> = watched.keys().filter(|name| !companies.contains(name)).cloned().collect();
    for name in gone {
        sqlx::query(LEAVE).bind(&name.0).execute(&mut *c).await?;
        watched.remove(&name);
    }
    for name in companies {
        if !watched.contains_key(name) {
            sqlx::query(JOIN).bind(&name.0).bind(now.millis()).bind(i64::from(joined)).execute(&mut *c).await?;
            watched.insert(name.clone(), Watched { at: now, joined });
        }
    }
    Ok(watched)
}

/// Whether something said about `company` at `at` is from before it was watched.
pub(super) async fn is_before(c: &mut AnyConnection, company: &CompanyName, at: Timestamp) -> Result<bool, StoreError> {
    let row = sqlx::query(JOINED_AT).bind(&company.0).fetch_optional(c).await?;
    row.map_or(Ok(false), |r| Ok(at < time(&r, "watched_at")?))
}
