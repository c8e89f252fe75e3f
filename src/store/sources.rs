//! What is remembered of sources: state, coverage, health.

use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    Store, StoreError, kept,
    place::Engine,
    rows::{bigint, count, maybe_time, time, word},
    sql::sql,
    sqlite,
    transaction::in_transaction,
};
use crate::model::{
    post::SourceName,
    source::{Cursor, Habits, Meter, Moved, SourceState},
    time::{Span, Timestamp},
};

sql! {
    SOURCE_STATES = "select * from source_state order by source";
    SOURCE_STATE = "select * from source_state where source = $1";
    SAVE_SOURCE_STATE = "
        insert into source_state (source, cursor, etag, last_modified, visits, errors, last_error, next_due_at,
                                  last_ok_at, warmed_up_at, last_full_at, gone, steps, meter_used, meter_limit,
                                  meter_unit, meter_resets_at, rhythm, newest_at, update_every, items, moved_to,
                                  moved_since_at, moved_times, host_pause_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                $23, $24, $25)
        on conflict (source) do update set
            cursor = excluded.cursor, etag = excluded.etag, last_modified = excluded.last_modified,
            visits = excluded.visits, errors = excluded.errors, last_error = excluded.last_error,
            next_due_at = excluded.next_due_at, last_ok_at = excluded.last_ok_at,
            warmed_up_at = excluded.warmed_up_at, last_full_at = excluded.last_full_at, gone = excluded.gone,
            steps = excluded.steps, meter_used = excluded.meter_used, meter_limit = excluded.meter_limit,
            meter_unit = excluded.meter_unit, meter_resets_at = excluded.meter_resets_at,
            rhythm = excluded.rhythm, newest_at = excluded.newest_at, update_every = excluded.update_every,
            items = excluded.items, moved_to = excluded.moved_to, moved_since_at = excluded.moved_since_at,
            moved_times = excluded.moved_times, host_pause_at = excluded.host_pause_at";
    ADD_COVERAGE = "
        insert into coverage (source, bucket_at, ok, failed) values ($1, $2, $3, $4)
        on conflict (source, bucket_at) do update set
            ok = coverage.ok + excluded.ok, failed = coverage.failed + excluded.failed";
    VISITS_BY_BUCKET = "
        select bucket_at, cast(sum(ok) as bigint) as ok, cast(sum(failed) as bigint) as failed
        from coverage where bucket_at >= $1 group by bucket_at order by bucket_at";
    LAST_OK_BEFORE = "select max(bucket_at) as at from coverage where ok > 0 and bucket_at < $1";
    PRUNE_COVERAGE = "delete from coverage where bucket_at < $1";
    PRUNE_HOURS = "delete from source_hour where hour_at < $1";
    PRUNE_LAGS = "delete from source_lag where hour_at < $1";
    PRUNE_SEEN = "delete from seen where seen_at < $1";
    /// What was written is kept for an ember's memory; what was found in it (scores, categories, hashes) stays.
    DROP_TEXTS = "update post set body = '', title = null where collected_at < $1 and (body <> '' or title is not null)";
    DROP_EVIDENCE = "update mention set evidence = '[]' where at < $1 and evidence <> '[]'";
    /// A mail quotes posts; once everybody has it, its copy here ends with them.
    DROP_MAILS = "
        update alert set mime = '' where created_at < $1 and mime <> ''
          and not exists (select 1 from delivery d where d.alert_id = alert.id and d.state <> 'sent')";
    DROP_HANDLES = "
        update post set author = null
        where author is not null and collected_at < $1 and not exists (
            select 1 from mention m join incident i on i.id = m.incident_id
            where m.post_id = post.id and i.closed_at is null)";
}

/// How long the text of a post is kept.
const TEXTS_KEPT: Span = Span::days(90);
/// The length of a coverage bucket; the detectors' own.
pub(super) const BUCKET: Span = Span::minutes(5);

impl Store {
    /// Everything remembered of all sources ever visited.
    pub async fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        let rows = sqlx::query(SOURCE_STATES).fetch_all(&self.read).await?;
        rows.iter().map(source_state).collect()
    }

    /// What is remembered of `source`, if it was ever visited.
    pub async fn source_state(&self, source: &SourceName) -> Result<Option<SourceState>, StoreError> {
        let row = sqlx::query(SOURCE_STATE).bind(&source.0).fetch_optional(&self.read).await?;
        row.as_ref().map(source_state).transpose()
    }

    /// Writes down what a question is going to cost.
    pub async fn reserve(&self, state: &SourceState) -> Result<(), StoreError> {
        in_transaction!(self, tx => save_state(&mut tx, state))
    }

    /// Five-minute buckets since `since` about which nothing is known: visits were made and none worked, or for more
    /// than `patience` none worked at all, as while Hinomi was off. Unknown is not zero. Without `patience` there is
    /// nothing to visit, and nothing to miss.
    pub async fn blind_buckets(
        &self,
        since: Timestamp,
        now: Timestamp,
        patience: Option<Span>,
    ) -> Result<BTreeSet<Timestamp>, StoreError> {
        let Some(patience) = patience else { return Ok(BTreeSet::new()) };
        let last = sqlx::query(LAST_OK_BEFORE).bind(since.millis()).fetch_one(&self.read).await?;
        let rows = sqlx::query(VISITS_BY_BUCKET).bind(since.millis()).fetch_all(&self.read).await?;
        let mut blind = BTreeSet::new();
        let mut last_ok = maybe_time(&last, "at")?;
        for row in &rows {
            let at = time(row, "bucket_at")?;
            if row.try_get::<i64, _>("ok")? > 0 {
                blind.extend(gap(last_ok, at, patience));
                last_ok = Some(at);
            } else if row.try_get::<i64, _>("failed")? > 0 {
                blind.insert(at);
            }
        }
        blind.extend(gap(last_ok, now, patience));
        Ok(blind.split_off(&since.floor(BUCKET)))
    }

    /// Forgets what nobody needs any longer: old coverage, marks of posts about nobody, names of authors outside
    /// open incidents (their pseudonyms stay), texts after 90 days or when their source's operator says so.
    pub async fn tidy(&self, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, tx => forget(&mut tx, now))?;
        self.fold_log(sqlite::WAL_BYTES).await?;
        self.refresh_statistics().await
    }

    /// A reader that never ends keeps the log beside the file growing; once a day it is folded back.
    pub(super) async fn fold_log(&self, bytes: u64) -> Result<(), StoreError> {
        if self.params.engine() == Engine::Sqlite {
            let mut connection = self.write.acquire().await?;
            let left = sqlite::fold_wal(&mut connection, &self.params, bytes).await?;
            if left > bytes {
                tracing::warn!(store.wal_bytes = left, "somebody reads the database and does not end: its log grows");
            }
        }
        Ok(())
    }
}

async fn forget(c: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    // What is usual is told from four weeks, a delay from one day.
    for (old, kept) in [(PRUNE_COVERAGE, 90), (PRUNE_HOURS, 35), (PRUNE_LAGS, 8)] {
        sqlx::query(old).bind((now - Span::days(kept)).millis()).execute(&mut *c).await?;
    }
    sqlx::query(PRUNE_SEEN).bind((now - Span::days(30)).millis()).execute(&mut *c).await?;
    sqlx::query(DROP_HANDLES).bind((now - Span::days(2)).millis()).execute(&mut *c).await?;
    let texts_until = (now - TEXTS_KEPT).millis();
    sqlx::query(DROP_TEXTS).bind(texts_until).execute(&mut *c).await?;
    sqlx::query(DROP_EVIDENCE).bind(texts_until).execute(&mut *c).await?;
    sqlx::query(DROP_MAILS).bind(texts_until).execute(&mut *c).await?;
    kept::obey(c, now).await
}

/// The buckets between two visits that worked, if they lie further apart than anybody waits for.
fn gap(last_ok: Option<Timestamp>, next: Timestamp, patience: Span) -> impl Iterator<Item = Timestamp> {
    let first = last_ok.filter(|at| next - *at > patience).map(|at| at + BUCKET);
    std::iter::successors(first, |at| Some(*at + BUCKET)).take_while(move |at| *at < next)
}

pub(super) async fn save_state(c: &mut AnyConnection, s: &SourceState) -> Result<(), StoreError> {
    sqlx::query(SAVE_SOURCE_STATE)
        .bind(&s.source.0)
        .bind(&s.cursor.0)
        .bind(&s.etag)
        .bind(&s.last_modified)
        .bind(bigint(s.visits))
        .bind(i64::from(s.errors))
        .bind(&s.last_error)
        .bind(s.next_due_at.millis())
        .bind(s.last_ok_at.map(Timestamp::millis))
        .bind(s.warmed_up_at.map(Timestamp::millis))
        .bind(s.last_full_at.map(Timestamp::millis))
        .bind(i64::from(s.gone))
        .bind(i64::from(s.steps))
        .bind(s.meter.map(|m| m.used))
        .bind(s.meter.map(|m| m.limit))
        .bind(s.meter.map(|m| m.unit.as_str()))
        .bind(s.meter.map(|m| m.resets_at.millis()))
        .bind(s.habits.rhythm.map(Span::millis))
        .bind(s.habits.newest_at.map(Timestamp::millis))
        .bind(s.habits.update_every.map(Span::millis))
        .bind(i64::from(s.habits.items))
        .bind(s.moved.as_ref().map(|m| m.to.as_str()))
        .bind(s.moved.as_ref().map(|m| m.since.millis()))
        .bind(s.moved.as_ref().map_or(0, |m| i64::from(m.times)))
        .bind(s.host_pause_until.map(Timestamp::millis))
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn add_coverage(
    c: &mut AnyConnection,
    source: &SourceName,
    now: Timestamp,
    ok: bool,
) -> Result<(), StoreError> {
    sqlx::query(ADD_COVERAGE)
        .bind(&source.0)
        .bind(now.floor(BUCKET).millis())
        .bind(i64::from(ok))
        .bind(i64::from(!ok))
        .execute(c)
        .await?;
    Ok(())
}

fn source_state(row: &AnyRow) -> Result<SourceState, StoreError> {
    Ok(SourceState {
        source: SourceName(row.try_get("source")?),
        cursor: Cursor(row.try_get("cursor")?),
        etag: row.try_get("etag")?,
        last_modified: row.try_get("last_modified")?,
        visits: count(row, "visits")?,
        errors: u32::try_from(count(row, "errors")?).unwrap_or(u32::MAX),
        last_error: row.try_get("last_error")?,
        next_due_at: time(row, "next_due_at")?,
        last_ok_at: maybe_time(row, "last_ok_at")?,
        warmed_up_at: maybe_time(row, "warmed_up_at")?,
        last_full_at: maybe_time(row, "last_full_at")?,
        gone: row.try_get::<i64, _>("gone")? != 0,
        steps: u32::try_from(count(row, "steps")?).unwrap_or(0),
        meter: meter(row)?,
        urgent: false,
        habits: habits(row)?,
        moved: moved(row)?,
        host_pause_until: maybe_time(row, "host_pause_at")?,
    })
}

fn habits(row: &AnyRow) -> Result<Habits, StoreError> {
    let span = |column: &str| row.try_get::<Option<i64>, _>(column).map(|ms| ms.map(Span::from_millis));
    Ok(Habits {
        rhythm: span("rhythm")?,
        newest_at: maybe_time(row, "newest_at")?,
        update_every: span("update_every")?,
        items: u32::try_from(count(row, "items")?).unwrap_or(u32::MAX),
    })
}

fn moved(row: &AnyRow) -> Result<Option<Moved>, StoreError> {
    let (to, since) = (row.try_get::<Option<String>, _>("moved_to")?, maybe_time(row, "moved_since_at")?);
    let times = u32::try_from(count(row, "moved_times")?).unwrap_or(u32::MAX);
    Ok(to.zip(since).map(|(to, since)| Moved { to, since, times }))
}

fn meter(row: &AnyRow) -> Result<Option<Meter>, StoreError> {
    let Some(resets_at) = maybe_time(row, "meter_resets_at")? else { return Ok(None) };
    let (used, limit) = (row.try_get("meter_used")?, row.try_get("meter_limit")?);
    Ok(Some(Meter { used, limit, unit: word(row, "meter_unit")?, resets_at }))
}
