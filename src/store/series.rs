//! Counts per hour.

use std::collections::BTreeMap;

use sqlx::Row;

use super::{
    Store, StoreError,
    rows::{count, time},
    sql::sql,
};
use crate::model::{
    mention::Category,
    time::{Span, Timestamp},
    watch::CompanyName,
};

sql! {
    HOURLY_ORIGINALS = "
        select hour_at, originals from hourly_count
        where company = $1 and category = $2 and hour_at >= $3 and hour_at <= $4 order by hour_at";
    FATES = "select fate, cast(sum(posts) as bigint) as posts from tally group by fate order by fate";
}

impl Store {
    /// Independent critical originals per hour, from the hour of `from` to the hour of `to`, without gaps.
    pub async fn hourly(
        &self,
        company: &CompanyName,
        category: &Category,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let hour = Span::hours(1);
        let (from, to) = (from.floor(hour), to.floor(hour));
        let rows = sqlx::query(HOURLY_ORIGINALS)
            .bind(&company.0)
            .bind(category.as_str())
            .bind(from.millis())
            .bind(to.millis())
            .fetch_all(&self.read)
            .await?;
        let mut stored = BTreeMap::new();
        for row in &rows {
            stored.insert(time(row, "hour_at")?, count(row, "originals")?);
        }
        let hours = (to - from).as_minutes() / 60;
        Ok((0..=hours).map(|n| from + hour.times(n)).map(|at| (at, stored.get(&at).copied().unwrap_or(0))).collect())
    }

    /// How many fetched posts met which fate, over all time.
    pub async fn fates(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sqlx::query(FATES).fetch_all(&self.read).await?;
        rows.iter().map(|r| Ok((r.try_get("fate")?, count(r, "posts")?))).collect()
    }
}
