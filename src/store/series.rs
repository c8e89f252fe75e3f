//! Counts per hour.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};

use super::{
    Store, StoreError,
    rows::{bigint, count, time},
    sql::sql,
};
use crate::model::{
    mention::{Category, Fate, Mention, Polarity, Stance},
    post::{Channel, Post},
    time::{Span, Timestamp},
    watch::CompanyName,
};

sql! {
    HOURLY_ORIGINALS = "
        select hour_at, originals from hourly_count
        where company = $1 and category = $2 and hour_at >= $3 and hour_at <= $4 order by hour_at";
    ADD_HOURLY = "
        insert into hourly_count (company, hour_at, category, mentions, originals, firsthand, negative, praise, press,
                                  max_reach)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (company, hour_at, category) do update set
            mentions = hourly_count.mentions + excluded.mentions,
            originals = hourly_count.originals + excluded.originals,
            firsthand = hourly_count.firsthand + excluded.firsthand,
            negative = hourly_count.negative + excluded.negative,
            praise = hourly_count.praise + excluded.praise,
            press = hourly_count.press + excluded.press,
            max_reach = case when hourly_count.max_reach > excluded.max_reach then hourly_count.max_reach
                             else excluded.max_reach end";
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

/// Whether a mention comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Adds a mention to the counts of its hour, or takes it out again.
pub(super) async fn add_hourly(
    c: &mut AnyConnection,
    post: &Post,
    at: Timestamp,
    m: &Mention,
    fate: Fate,
    sign: Sign,
) -> Result<(), StoreError> {
    let counted = matches!(fate, Fate::Counted | Fate::WarmUp);
    let one = if sign == Sign::Plus { 1 } else { -1 };
    let reach = post.author_followers.max(post.reach).unwrap_or(0);
    let all = Category("all".into());
    for category in [&m.category, &all] {
        sqlx::query(ADD_HOURLY)
            .bind(&m.company.0)
            .bind(at.floor(Span::hours(1)).millis())
            .bind(category.as_str())
            .bind(one)
            .bind(one * i64::from(counted))
            .bind(one * i64::from(counted && m.stance == Stance::Firsthand))
            .bind(one * i64::from(m.polarity == Polarity::Negative))
            .bind(one * i64::from(m.category == Category::PRAISE))
            .bind(one * i64::from(post.channel == Channel::News))
            .bind(bigint(reach))
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}
