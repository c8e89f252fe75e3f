//! What only PostgreSQL needs: settings of a session, and the lock that keeps every other Hinomi out.
//!
//! # Why a lock of the session
//! The writing connection itself holds it. A writer that lost its connection has lost the lock with it, and must take
//! it again before it can write; so two can never write, whatever the network does. A process that dies lets go of it
//! at once.

use std::time::Duration;

use sqlx::{AnyConnection, Row};

use super::{StoreError, place::this_process};

pub(super) const WRITE: &str = "
    set client_min_messages = warning;
    set lock_timeout = '5s';
    set tcp_keepalives_idle = 15; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
    set synchronous_commit = on;
    set default_transaction_read_only = off;";

pub(super) const THROWAWAY: &str = "
    set client_min_messages = warning;
    set lock_timeout = '5s';
    set synchronous_commit = off;
    set default_transaction_read_only = off;";

pub(super) const READ: &str = "
    set client_min_messages = warning;
    set statement_timeout = '60s';
    set synchronous_commit = on;
    set default_transaction_read_only = on;";

pub(super) const SETTLED: &str = "
    select current_setting('synchronous_commit') || ' ' || current_setting('default_transaction_read_only') || ' '
           || current_setting('server_encoding')";

/// «HINO», and the schema: two towers may share a database if each has its own schema.
const TAKE: &str = "
    select cast(case when pg_try_advisory_lock(1212763727, n.oid::int) then 1 else 0 end as bigint) as held,
           set_config('application_name', $1, false) as name
    from pg_namespace n where n.nspname = current_schema()";
const HOLDER: &str = "
    select cast(coalesce(nullif(a.application_name, ''), 'another program') as text) as name,
           to_char(a.backend_start, 'YYYY-MM-DD HH24:MI TZH:TZM') as since
    from pg_locks l
    join pg_namespace n on n.oid = l.objid and n.nspname = current_schema()
    left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.classid = 1212763727 and l.granted
      and l.database = (select d.oid from pg_database d where d.datname = current_database())";

/// A process that was killed a moment ago may still be on its way out.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Takes the lock for this session; `None` if somebody else has it.
async fn take(c: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::query(TAKE).bind(this_process()).fetch_one(c).await?;
    Ok(row.try_get::<i64, _>("held")? == 1)
}

/// Who has it.
async fn holder(c: &mut AnyConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::query(HOLDER).fetch_optional(c).await?;
    row.map_or_else(
        || Ok("another session".to_owned()),
        |r| {
            let since: Option<String> = r.try_get("since")?;
            let name: String = r.try_get("name")?;
            Ok(since.map_or_else(|| name.clone(), |since| format!("{name} since {since}")))
        },
    )
}

/// Takes the lock, or says who has it.
pub(super) async fn take_patiently(c: &mut AnyConnection, place: &str) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        if take(c).await? {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    Err(StoreError::Held { place: place.to_owned(), holder: holder(c).await? })
}

/// For every writing connection: without the lock there is none.
pub(super) async fn hold(c: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if take(c).await? {
        return Ok(());
    }
    let why = format!("the database is in use by another Hinomi ({})", holder(c).await?);
    Err(sqlx::Error::Configuration(why.into()))
}
