//! How long what a source brought may be kept, by its operator's terms; and what is forgotten when that time is over.
//!
//! # Invariants
//! The shortest of all limits wins. What a service gave (words, names, its numbers) goes; what we found in it
//! (categories, scores, that it counted) and where it lies stays. A source that is no longer configured obeys as well.

use sqlx::{AnyConnection, Row};

use super::{Store, StoreError, sql::sql, transaction::in_transaction};
use crate::model::{
    post::SourceName,
    time::{Span, Timestamp},
};

sql! {
    KEEP_FOR = "
        insert into retention (source, kept_ms) values ($1, $2)
        on conflict (source) do update set kept_ms = excluded.kept_ms";
    KEEP_AS_ANY = "delete from retention where source = $1";
    LIMITS = "select source, kept_ms from retention order by source";
    FORGET_POSTS = "
        update post set body = '', title = null, author = null, author_followers = null, views = null, reach = null
        where source = $1 and collected_at < $2
          and (body <> '' or title is not null or author is not null or views is not null or reach is not null)";
    FORGET_EVIDENCE = "
        update mention set evidence = '[]', views = null where (evidence <> '[]' or views is not null)
          and post_id in (select id from post where source = $1 and collected_at < $2)";
    /// A mail quotes posts; the copy of one that is still on its way is needed.
    FORGET_MAILS = "
        update alert set mime = '' where created_at < $2 and mime <> ''
          and not exists (select 1 from delivery d where d.alert_id = alert.id and d.state <> 'sent')
          and incident_id in (
            select m.incident_id from mention m join post p on p.id = m.post_id where p.source = $1)";
    PRUNE_OBSERVED = "delete from observed where at < $1";
}

/// How long a service's own numbers are kept.
const OBSERVED_KEPT: Span = Span::days(90);

impl Store {
    /// Writes down how long each source's texts may be kept; `None`: as long as any.
    pub async fn keep_for(&self, kept: &[(SourceName, Option<Span>)]) -> Result<(), StoreError> {
        in_transaction!(self, tx => write_down(&mut tx, kept))
    }
}

async fn write_down(c: &mut AnyConnection, kept: &[(SourceName, Option<Span>)]) -> Result<(), StoreError> {
    for (source, kept) in kept {
        match kept {
            Some(span) => sqlx::query(KEEP_FOR).bind(&source.0).bind(span.millis()).execute(&mut *c).await?,
            None => sqlx::query(KEEP_AS_ANY).bind(&source.0).execute(&mut *c).await?,
        };
    }
    Ok(())
}

/// Forgets what may no longer be kept.
pub(super) async fn obey(c: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
    for row in sqlx::query(LIMITS).fetch_all(&mut *c).await? {
        let (source, kept): (String, i64) = (row.try_get("source")?, row.try_get("kept_ms")?);
        let until = (now - Span::from_millis(kept)).millis();
        for statement in [FORGET_POSTS, FORGET_EVIDENCE, FORGET_MAILS] {
            sqlx::query(statement).bind(&source).bind(until).execute(&mut *c).await?;
        }
    }
    sqlx::query(PRUNE_OBSERVED).bind((now - OBSERVED_KEPT).millis()).execute(&mut *c).await?;
    Ok(())
}
