//! A post whose words have changed.
//!
//! # Invariants
//! The post keeps its id, and one row a company says what it says now. What it counted for, it does not count for
//! again. A changed meaning is shown to detection once more: a harmless post that becomes a grave one must be told.

use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{
    StoreError,
    ingest::{Ingested, Judged, insert_mention, settle},
    mentions::MENTIONS_OF_POST,
    rows::mention_record,
    series::{Sign, add_hourly},
    sql::sql,
};
use crate::{
    clock::IdGen,
    model::{
        mention::{Fate, Mention, MentionRecord},
        post::Post,
        time::Timestamp,
    },
};

sql! {
    EDIT_POST = "update post set body = $2, title = $3, text_key = $4, edited_at = $5 where id = $1";
    INCIDENT_OF = "select incident_id from mention where id = $1";
    REVISE_MENTION = "
        update mention set score = $2, scores = $3, complaint_score = $4, leak_score = $5, evidence = $6, text_key = $7
        where id = $1";
    MARK_EDITED = "
        update mention set at = $2, edited_at = $3, counted_before = $4, incident_id = $5 where id = $1";
    DROP_MENTION = "delete from mention where id = $1";
}

/// Whether the stored post has other words than this look at it. A text that was dropped for its age is known by its
/// hash only.
pub(super) fn is_edited(stored: &AnyRow, judged: &Judged) -> Result<bool, StoreError> {
    let post: &Post = &judged.post;
    let (key, body): (String, String) = (stored.try_get("text_key")?, stored.try_get("body")?);
    let title: Option<String> = stored.try_get("title")?;
    let dropped = body.is_empty() && title.is_none();
    Ok(key != judged.text_key || (!dropped && title != post.title))
}

/// Puts what is said now in the place of what was said before.
pub(super) async fn revise(
    c: &mut AnyConnection,
    post_id: i64,
    judged: &Judged,
    ids: &IdGen,
    now: Timestamp,
    done: &mut Ingested,
) -> Result<(), StoreError> {
    let post = &judged.post;
    sqlx::query(EDIT_POST)
        .bind(post_id)
        .bind(&post.text)
        .bind(&post.title)
        .bind(&judged.text_key)
        .bind(now.millis())
        .execute(&mut *c)
        .await?;
    let rows = sqlx::query(MENTIONS_OF_POST).bind(post_id).fetch_all(&mut *c).await?;
    let mut before: Vec<MentionRecord> = rows.iter().map(mention_record).collect::<Result<_, _>>()?;
    for (mention, fate) in &judged.mentions {
        let same = |b: &MentionRecord| b.mention.company == mention.company && b.fate != Fate::Excluded;
        let found = before.iter().position(same).filter(|_| *fate != Fate::Excluded).map(|at| before.swap_remove(at));
        match found {
            Some(b) if says_the_same(&b.mention, mention) => keep(c, &b, judged, mention).await?,
            Some(b) => {
                replace(c, post_id, &b, judged, (mention, *fate), ids, now).await?;
                done.mentions += 1;
            }
            None => {
                let fate = settle(c, judged, mention, *fate, post.effective_at()).await?;
                let id = ids.next(now);
                insert_mention(c, id, post_id, judged, mention, fate).await?;
                mark(c, id, post.effective_at(), now, false, None).await?;
                if fate != Fate::Excluded {
                    add_hourly(c, post, post.effective_at(), mention, fate, Sign::Plus).await?;
                    done.mentions += 1;
                }
            }
        }
    }
    for b in before {
        // What an incident was told for stays to be seen there, also when its author has thought better of it.
        if b.fate == Fate::Excluded || incident_of(c, &b).await?.is_none() {
            withdraw(c, &b).await?;
        }
    }
    Ok(())
}

/// Everything a detector or a mail could act on; the words and how many of them are not.
fn says_the_same(a: &Mention, b: &Mention) -> bool {
    let part = |m: &Mention| {
        let flags = (m.complaint, m.leak, m.alert_worthy, m.retrospective);
        (m.category.clone(), flags, m.role, m.polarity, m.stance, m.affected_count, m.grave, m.symptom.clone())
    };
    part(a) == part(b)
}

async fn keep(c: &mut AnyConnection, b: &MentionRecord, j: &Judged, m: &Mention) -> Result<(), StoreError> {
    sqlx::query(REVISE_MENTION)
        .bind(b.id.0)
        .bind(f64::from(m.scores.get(&m.category).copied().unwrap_or(0.0)))
        .bind(serde_json::to_string(&m.scores)?)
        .bind(f64::from(m.complaint_score))
        .bind(f64::from(m.leak_score))
        .bind(serde_json::to_string(&m.evidence)?)
        .bind(&j.text_key)
        .execute(c)
        .await?;
    Ok(())
}

async fn replace(
    c: &mut AnyConnection,
    post_id: i64,
    b: &MentionRecord,
    j: &Judged,
    (mention, fate): (&Mention, Fate),
    ids: &IdGen,
    now: Timestamp,
) -> Result<(), StoreError> {
    let incident = incident_of(c, b).await?;
    withdraw(c, b).await?;
    let counts_on = b.fate == Fate::Counted && fate == Fate::Counted && b.mention.category == mention.category;
    let fate = if counts_on { fate } else { settle(c, j, mention, fate, b.at).await? };
    let id = ids.next(now);
    insert_mention(c, id, post_id, j, mention, fate).await?;
    mark(c, id, b.at, now, counts_on, incident).await?;
    add_hourly(c, &j.post, b.at, mention, fate, Sign::Plus).await
}

async fn incident_of(c: &mut AnyConnection, b: &MentionRecord) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query(INCIDENT_OF).bind(b.id.0).fetch_one(c).await?.try_get("incident_id")?)
}

async fn withdraw(c: &mut AnyConnection, b: &MentionRecord) -> Result<(), StoreError> {
    if b.fate != Fate::Excluded {
        add_hourly(c, &b.post, b.at, &b.mention, b.fate, Sign::Minus).await?;
    }
    sqlx::query(DROP_MENTION).bind(b.id.0).execute(c).await?;
    Ok(())
}

async fn mark(
    c: &mut AnyConnection,
    id: i64,
    at: Timestamp,
    now: Timestamp,
    counted_before: bool,
    incident: Option<i64>,
) -> Result<(), StoreError> {
    sqlx::query(MARK_EDITED)
        .bind(id)
        .bind(at.millis())
        .bind(now.millis())
        .bind(i64::from(counted_before))
        .bind(incident)
        .execute(c)
        .await?;
    Ok(())
}
