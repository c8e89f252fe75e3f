//! Rows to the words of the domain.

use std::{borrow::Cow, str::FromStr};

use sqlx::{Row, any::AnyRow};

use super::StoreError;
use crate::model::{
    ids::{MentionId, PostId},
    mention::{Category, Mention, MentionRecord},
    post::{Post, SourceName},
    time::Timestamp,
    watch::CompanyName,
};

/// The columns that [`mention_record`] reads, over `mention m join post p`. The fate comes before them. A
/// snapshot has its own views and time; an edited post was collected when its words were.
macro_rules! mention_columns {
    () => {
        "m.id, m.post_id, m.company, m.at, m.category, m.scores, m.complaint, m.leak, m.alert_worthy, m.role,
         m.polarity, m.stance, m.retrospective, m.affected_count, m.complaint_score, m.leak_score, m.grave, m.symptom,
         m.evidence, m.author_key, m.text_key, coalesce(m.views, p.views) as views,
         p.source, p.external_id, p.source_type, p.channel, p.url, p.author, p.author_followers, p.title, p.body,
         p.published_at, p.reach, p.repost_of,
         case when m.fate = 'snapshot' then m.at else coalesce(m.edited_at, p.collected_at) end as collected_at"
    };
}
pub(super) use mention_columns;

pub(super) fn time(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

pub(super) fn maybe_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

/// Counts are never negative; one that is, is somebody else's writing.
pub(super) fn count(row: &AnyRow, column: &str) -> Result<u64, StoreError> {
    let n: i64 = row.try_get(column)?;
    u64::try_from(n).map_err(|_| StoreError::Value(format!("{column} is {n}")))
}

pub(super) fn maybe_count(row: &AnyRow, column: &str) -> Result<Option<u64>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|n| u64::try_from(n).ok()))
}

/// One of a closed list of words.
pub(super) fn word<T: FromStr<Err = String>>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    row.try_get::<String, _>(column)?.parse().map_err(|e| StoreError::Value(format!("{column}: {e}")))
}

pub(super) fn maybe_word<T: FromStr<Err = String>>(row: &AnyRow, column: &str) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|t| t.parse()).transpose().map_err(|e| StoreError::Value(format!("{column}: {e}")))
}

/// For a column that holds counts: `bigint` ends at 2^63.
pub(super) fn bigint(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn mention_record(row: &AnyRow) -> Result<MentionRecord, StoreError> {
    let flag = |column: &str| Ok::<_, StoreError>(row.try_get::<i64, _>(column)? != 0);
    #[expect(clippy::cast_possible_truncation, reason = "scores are a handful of points")]
    let points = |column: &str| Ok::<_, StoreError>(row.try_get::<f64, _>(column)? as f32);
    let collected_at = time(row, "collected_at")?;
    Ok(MentionRecord {
        id: MentionId(row.try_get("id")?),
        post_id: PostId(row.try_get("post_id")?),
        at: time(row, "at")?,
        post: Post {
            source: SourceName(row.try_get("source")?),
            external_id: row.try_get("external_id")?,
            source_type: word(row, "source_type")?,
            channel: word(row, "channel")?,
            url: row.try_get("url")?,
            author: row.try_get("author")?,
            author_followers: maybe_count(row, "author_followers")?,
            title: row.try_get("title")?,
            text: row.try_get("body")?,
            published_at: maybe_time(row, "published_at")?,
            collected_at,
            reach: maybe_count(row, "reach")?,
            views: maybe_count(row, "views")?,
            repost_of: row.try_get("repost_of")?,
        },
        mention: Mention {
            company: CompanyName(row.try_get("company")?),
            category: Category(Cow::Owned(row.try_get("category")?)),
            scores: serde_json::from_str(&row.try_get::<String, _>("scores")?)?,
            complaint: flag("complaint")?,
            leak: flag("leak")?,
            alert_worthy: flag("alert_worthy")?,
            role: word(row, "role")?,
            polarity: word(row, "polarity")?,
            stance: word(row, "stance")?,
            retrospective: flag("retrospective")?,
            affected_count: maybe_count(row, "affected_count")?,
            complaint_score: points("complaint_score")?,
            leak_score: points("leak_score")?,
            grave: maybe_word(row, "grave")?,
            symptom: row.try_get("symptom")?,
            evidence: serde_json::from_str(&row.try_get::<String, _>("evidence")?)?,
        },
        fate: word(row, "fate")?,
        author_key: row.try_get("author_key")?,
        text_key: row.try_get("text_key")?,
    })
}
