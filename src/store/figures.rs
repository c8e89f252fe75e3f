//! What each source brings, how late and at what cost: added up by the hour, read back through `v_sources`.
//!
//! # Invariants
//! Figures are written in the transaction of their visit, so they can neither run ahead of the posts nor behind. A first
//! page is history: its posts are neither news nor late.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    Store, StoreError,
    ingest::Ingest,
    rows::{bigint, count, maybe_count, word},
    sql::sql,
};
use crate::model::{
    post::SourceName,
    source::{Meter, SourceStatus},
    time::{Span, Timestamp},
    watch::CompanyName,
};

sql! {
    ADD_HOUR = "
        insert into source_hour (source, hour_at, visits, failed, answers, not_modified, bytes, full_pages, empty_pages,
                                 posts)
        values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)
        on conflict (source, hour_at) do update set
            visits = source_hour.visits + 1,
            failed = source_hour.failed + excluded.failed,
            answers = source_hour.answers + excluded.answers,
            not_modified = source_hour.not_modified + excluded.not_modified,
            bytes = source_hour.bytes + excluded.bytes,
            full_pages = source_hour.full_pages + excluded.full_pages,
            empty_pages = source_hour.empty_pages + excluded.empty_pages,
            posts = source_hour.posts + excluded.posts";
    ADD_LAG = "
        insert into source_lag (source, hour_at, within_s, posts) values ($1, $2, $3, $4)
        on conflict (source, hour_at, within_s) do update set posts = source_lag.posts + excluded.posts";
    USUAL_SOURCES = "
        select p.source, count(*) as posts from mention m join post p on p.id = m.post_id
        where m.company = $1 and m.at >= $2 and m.fate not in ('excluded', 'snapshot') group by p.source";
    SOURCE_FIGURES = "select * from v_sources order by source";
}

const HOUR: Span = Span::hours(1);
/// Upper bounds of the steps in which delays are counted, in seconds: 10 s to 7 days, each about twice the one before
/// where people care. A delay is told as the bound of its step, so it is never told too small; what is older than the
/// last bound is counted in it.
const STEPS: [i64; 16] =
    [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 604_800];

/// What one visit cost and saw, beside its posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Visited {
    /// Answers that came over the network.
    pub answers: u64,
    /// Among them those that said «not modified».
    pub not_modified: u64,
    /// Bytes of them, after decompression.
    pub bytes: u64,
    /// Entries of the page that was read; `None` if none was.
    pub entries: Option<usize>,
}

/// How a source does. Everything «24h» is of the 24 hours up to the last visit of anybody.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFigures {
    /// Which.
    pub source: SourceName,
    /// Where its posts are from, by one that named somebody.
    pub channel: Option<String>,
    /// In one word.
    pub status: SourceStatus,
    /// The last visit that worked, to the second.
    pub last_ok_at: Option<Timestamp>,
    /// Nobody goes there before this.
    pub next_due_at: Timestamp,
    /// Failures in a row.
    pub errors: u64,
    /// The last failure, in words.
    pub last_error: Option<String>,
    /// Half of the new posts were collected within so long after they were published.
    pub lag_p50: Option<Span>,
    /// Nineteen of twenty.
    pub lag_p95: Option<Span>,
    /// New posts, about anybody or not.
    pub items_24h: u64,
    /// What is usual; `None` while there is no past to tell.
    pub expected_24h: Option<f64>,
    /// What a service counts against us, where it counts.
    pub quota: Option<Meter>,
    /// Visits, whatever came of them.
    pub visits_24h: u64,
    /// Among them those that failed.
    pub failed_24h: u64,
    /// Answers «not modified».
    pub not_modified_24h: u64,
    /// Bytes, after decompression.
    pub bytes_24h: u64,
    /// About so many more it would have been without «not modified»; `None` where no page came to compare with.
    pub saved_bytes_24h: Option<u64>,
}

impl Store {
    /// How every source does that is remembered, by name.
    pub async fn source_figures(&self) -> Result<Vec<SourceFigures>, StoreError> {
        let rows = sqlx::query(SOURCE_FIGURES).fetch_all(&self.read).await?;
        rows.iter().map(figures).collect()
    }

    /// How many posts about `company` each source has brought since `since`.
    pub async fn usual_sources(
        &self,
        company: &CompanyName,
        since: Timestamp,
    ) -> Result<BTreeMap<SourceName, u64>, StoreError> {
        let rows = sqlx::query(USUAL_SOURCES).bind(&company.0).bind(since.millis()).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((SourceName(row.try_get("source")?), count(row, "posts")?))).collect()
    }
}

/// The step that a delay belongs to. A post from the future was collected at once.
pub(super) fn lag_step(lag: Span) -> i64 {
    let last = STEPS.last().copied().unwrap_or(i64::MAX);
    STEPS.into_iter().find(|bound| lag <= Span::seconds(*bound)).unwrap_or(last)
}

/// Adds one visit to its hour.
pub(super) async fn add_figures(
    c: &mut AnyConnection,
    batch: &Ingest<'_>,
    visited: Visited,
    new: u64,
    lags: &BTreeMap<i64, u64>,
) -> Result<(), StoreError> {
    let is_history = batch.state.is_some_and(|s| s.warmed_up_at == Some(batch.now));
    let hour = batch.now.floor(HOUR).millis();
    sqlx::query(ADD_HOUR)
        .bind(&batch.source.0)
        .bind(hour)
        .bind(i64::from(batch.covered == Some(false)))
        .bind(bigint(visited.answers))
        .bind(bigint(visited.not_modified))
        .bind(bigint(visited.bytes))
        .bind(i64::from(visited.entries.is_some_and(|n| n > 0)))
        .bind(i64::from(visited.entries == Some(0)))
        .bind(if is_history { 0 } else { bigint(new) })
        .execute(&mut *c)
        .await?;
    for (step, posts) in lags.iter().filter(|_| !is_history) {
        sqlx::query(ADD_LAG).bind(&batch.source.0).bind(hour).bind(step).bind(bigint(*posts)).execute(&mut *c).await?;
    }
    Ok(())
}

fn quota(row: &AnyRow) -> Result<Option<Meter>, StoreError> {
    let Some(resets) = row.try_get::<Option<i64>, _>("quota_resets_epoch")? else { return Ok(None) };
    let (used, limit) = (row.try_get("quota_used")?, row.try_get("quota_limit")?);
    Ok(Some(Meter { used, limit, unit: word(row, "quota_unit")?, resets_at: Timestamp::from_seconds(resets) }))
}

fn figures(row: &AnyRow) -> Result<SourceFigures, StoreError> {
    let seconds = |column: &str| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(Span::seconds));
    Ok(SourceFigures {
        source: SourceName(row.try_get("source")?),
        channel: row.try_get("channel")?,
        status: word(row, "status")?,
        last_ok_at: row.try_get::<Option<i64>, _>("last_ok_epoch")?.map(Timestamp::from_seconds),
        next_due_at: Timestamp::from_seconds(row.try_get("next_due_epoch")?),
        errors: count(row, "errors")?,
        last_error: row.try_get("last_error")?,
        lag_p50: seconds("lag_p50_s")?,
        lag_p95: seconds("lag_p95_s")?,
        items_24h: count(row, "items_24h")?,
        expected_24h: row.try_get("expected_24h")?,
        quota: quota(row)?,
        visits_24h: count(row, "visits_24h")?,
        failed_24h: count(row, "failed_24h")?,
        not_modified_24h: count(row, "not_modified_24h")?,
        bytes_24h: count(row, "bytes_24h")?,
        saved_bytes_24h: maybe_count(row, "saved_bytes_24h")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_never_told_too_small() {
        assert!(STEPS.is_sorted());
        let steps = [-5, 0, 10, 11, 299, 300, 301, 604_800, 9_999_999].map(|s| lag_step(Span::seconds(s)));
        assert_eq!(steps, [10, 10, 10, 30, 300, 300, 600, 604_800, 604_800]);
    }
}
