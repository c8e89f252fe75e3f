//! What a service says beside its posts: that one is no longer to be kept, and numbers of its own.
//!
//! # Invariants
//! A post that was taken back leaves no words: neither itself, nor in the evidence, nor in the copy of a mail that
//! everybody has. What it counted for stays, for that is ours and names nobody.

use sqlx::AnyConnection;

use super::{StoreError, sql::sql};
use crate::model::{
    post::SourceName,
    source::{Observed, Withdrawn},
    time::Timestamp,
};

sql! {
    WITHDRAW_ONE = "
        update post set body = '', title = null, author = null, url = null, withdrawn_at = $3
        where source = $1 and external_id = $2 and withdrawn_at is null";
    WITHDRAW_ALL = "
        update post set body = '', title = null, author = null, url = null, withdrawn_at = $3
        where source = $1 and substr(external_id, 1, length($2)) = $2 and withdrawn_at is null";
    WITHDRAW_EVIDENCE = "
        update mention set evidence = '[]' where evidence <> '[]' and post_id in (
            select id from post where source = $1 and withdrawn_at = $2)";
    /// A mail quotes posts; the copy of one that is still on its way is needed.
    WITHDRAW_MAILS = "
        update alert set mime = '' where mime <> ''
          and not exists (select 1 from delivery d where d.alert_id = alert.id and d.state <> 'sent')
          and incident_id in (
            select m.incident_id from mention m join post p on p.id = m.post_id
            where p.source = $1 and p.withdrawn_at = $2)";
    OBSERVE = "
        insert into observed (source, series, at, value) values ($1, $2, $3, $4)
        on conflict (source, series, at) do update set value = excluded.value";
}

/// Forgets the words of what was taken back.
pub(super) async fn withdraw(
    c: &mut AnyConnection,
    source: &SourceName,
    withdrawn: &[Withdrawn],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = 0;
    for one in withdrawn {
        let (statement, which) = match one {
            Withdrawn::Post(id) => (WITHDRAW_ONE, id),
            Withdrawn::All(beginning) => (WITHDRAW_ALL, beginning),
        };
        rows += sqlx::query(statement)
            .bind(&source.0)
            .bind(which)
            .bind(now.millis())
            .execute(&mut *c)
            .await?
            .rows_affected();
    }
    if rows > 0 {
        for statement in [WITHDRAW_EVIDENCE, WITHDRAW_MAILS] {
            sqlx::query(statement).bind(&source.0).bind(now.millis()).execute(&mut *c).await?;
        }
    }
    Ok(())
}

/// Keeps the service's own numbers; a later word on the same time is the better one.
pub(super) async fn observe(
    c: &mut AnyConnection,
    source: &SourceName,
    observed: &[Observed],
) -> Result<(), StoreError> {
    for one in observed {
        sqlx::query(OBSERVE)
            .bind(&source.0)
            .bind(&one.series)
            .bind(one.at.millis())
            .bind(one.value)
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}
