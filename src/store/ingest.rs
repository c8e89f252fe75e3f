//! Posts, mentions, counts, coverage and the source's cursor: one transaction, idempotent.
//!
//! # Invariants
//! The same page stored twice changes nothing but the tally of duplicates. A cursor never runs ahead of its posts.

use std::{borrow::Cow, collections::BTreeMap};

use sqlx::{AnyConnection, Row};

use super::{
    Store, StoreError, edits,
    figures::{Visited, add_figures, lag_step},
    known::{insert_post, known},
    rows::{bigint, maybe_count, word},
    series::{Sign, add_hourly},
    sources::{add_coverage, save_state},
    sql::sql,
    transaction::in_transaction,
    watched::is_before,
    withdrawn::{observe, withdraw},
};
use crate::{
    clock::IdGen,
    model::{
        mention::{Fate, Grave, Mention},
        post::{Post, SourceName},
        source::{Observed, SourceState, Withdrawn},
        time::{Span, Timestamp},
    },
};

sql! {
    UPDATE_NUMBERS = "update post set views = $2, reach = $3 where id = $1";
    MARK_SEEN = "
        insert into seen (source, post_hash, seen_at) values ($1, $2, $3)
        on conflict (source, post_hash) do nothing";
    INSERT_MENTION = "
        insert into mention (id, post_id, company, at, category, score, scores, complaint, leak, alert_worthy, role,
                             polarity, stance, retrospective, affected_count, complaint_score, leak_score, grave,
                             symptom, evidence, fate, author_key, text_key, views)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                $23, $24)";
    /// A snapshot repeats what is known of the mention, at another time and with other views.
    FATES_OF_POST = "select id, fate from mention where post_id = $1 and fate <> 'snapshot' order by id";
    INSERT_SNAPSHOT = "
        insert into mention (id, post_id, company, at, category, score, scores, complaint, leak, alert_worthy, role,
                             polarity, stance, retrospective, affected_count, complaint_score, leak_score, grave,
                             symptom, evidence, fate, author_key, text_key, views, incident_id)
        select $1, post_id, company, $3, category, score, scores, complaint, leak, alert_worthy, role, polarity,
               stance, retrospective, affected_count, complaint_score, leak_score, grave, symptom, evidence,
               'snapshot', author_key, text_key, $4, incident_id
        from mention where id = $2";
    SAME_TEXT = "
        select count(*) from mention
        where company = $1 and text_key = $2 and at > $3 and fate in ('counted', 'warm_up')";
    SAME_AUTHOR = "
        select count(*) from mention
        where company = $1 and author_key = $2 and at >= $3 and at < $4 and category = $5
          and fate in ('counted', 'warm_up')";
    ADD_TALLY = "
        insert into tally (source, hour_at, fate, posts) values ($1, $2, $3, $4)
        on conflict (source, hour_at, fate) do update set posts = tally.posts + excluded.posts";
}

/// How long a text stays «already counted»; an ember's memory.
const TEXT_MEMORY: Span = Span::days(90);
/// One author counts once in this time.
const AUTHOR_HOUR: Span = Span::hours(1);
/// A video is worth a new snapshot when its views have grown by a twentieth.
const SNAPSHOT_GROWTH: u64 = 20;

/// A post and what was found in it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The post.
    pub post: Post,
    /// Per company: what it says, and its fate as far as that can be told without the store.
    pub mentions: Vec<(Mention, Fate)>,
    /// Pseudonym of the author.
    pub author_key: Option<String>,
    /// The same for identical texts.
    pub text_key: String,
    /// The same for the same post, also where no row is kept.
    pub post_hash: i64,
    /// It could not be read, so nothing is known of it: neither that it names somebody nor that it does not.
    pub unread: bool,
}

/// One visit's worth.
#[derive(Debug)]
pub struct Ingest<'a> {
    /// Which source.
    pub source: &'a SourceName,
    /// The network whose names its posts bear, if several sources may show the same post.
    pub network: Option<&'static str>,
    /// Its state after the visit; `None` for an import, which has none.
    pub state: Option<&'a SourceState>,
    /// Whether the visit worked; `None` where nothing was visited.
    pub covered: Option<bool>,
    /// What it brought, in the order to be stored.
    pub posts: Vec<Judged>,
    /// Posts of the page that were stored before and are not repeated here.
    pub known: usize,
    /// Posts that name nobody we watch, told by number because nothing of them is kept, not even a mark.
    pub passed: u64,
    /// What is no longer to be kept.
    pub withdrawn: &'a [Withdrawn],
    /// Numbers of the service's own.
    pub observed: &'a [Observed],
    /// When.
    pub now: Timestamp,
}

impl<'a> Ingest<'a> {
    /// Nothing yet of `source`.
    pub const fn of(source: &'a SourceName, now: Timestamp) -> Self {
        Self {
            source,
            network: None,
            state: None,
            covered: None,
            posts: Vec::new(),
            known: 0,
            passed: 0,
            withdrawn: &[],
            observed: &[],
            now,
        }
    }
}

/// What became of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Posts never seen before, about somebody or not.
    pub new: u64,
    /// Posts seen before.
    pub duplicates: u64,
    /// Posts seen before whose words have changed.
    pub edited: u64,
    /// New posts that name nobody we watch.
    pub not_about_us: u64,
    /// Posts that could not be read. They leave no mark, so that a later version reads them if they are still shown.
    pub unread: u64,
    /// Mentions stored.
    pub mentions: u64,
}

impl Store {
    /// Stores what came from elsewhere than a visit, in one transaction.
    pub async fn ingest(&self, batch: &Ingest<'_>, ids: &IdGen) -> Result<Ingested, StoreError> {
        self.ingest_visit(batch, Visited::default(), ids).await
    }

    /// Stores one visit's worth in one transaction, with what the road there cost.
    pub async fn ingest_visit(
        &self,
        batch: &Ingest<'_>,
        visited: Visited,
        ids: &IdGen,
    ) -> Result<Ingested, StoreError> {
        let done = in_transaction!(self, tx => write_batch(&mut tx, batch, visited, ids))?;
        fail::fail_point!("c1_after", |_| std::process::abort());
        Ok(done)
    }
}

async fn write_batch(
    c: &mut AnyConnection,
    batch: &Ingest<'_>,
    visited: Visited,
    ids: &IdGen,
) -> Result<Ingested, StoreError> {
    let passed = batch.passed;
    let mut done =
        Ingested { duplicates: batch.known as u64, new: passed, not_about_us: passed, ..Ingested::default() };
    let mut tally: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut lags: BTreeMap<i64, u64> = BTreeMap::new();
    if batch.known > 0 {
        tally.insert("duplicate", batch.known as u64);
    }
    if passed > 0 {
        tally.insert("not_about_us", passed);
    }
    for judged in &batch.posts {
        let known = done.new;
        let fate = one_post(c, &without_nul(judged), batch, ids, &mut done).await?;
        *tally.entry(fate).or_default() += 1;
        if let Some(published) = judged.post.published_at.filter(|_| done.new > known) {
            *lags.entry(lag_step(judged.post.collected_at - published)).or_default() += 1;
        }
    }
    for (fate, posts) in tally {
        sqlx::query(ADD_TALLY)
            .bind(&batch.source.0)
            .bind(batch.now.floor(Span::hours(1)).millis())
            .bind(fate)
            .bind(bigint(posts))
            .execute(&mut *c)
            .await?;
    }
    // After the posts: a page may bring a post and take it back.
    withdraw(c, batch.source, batch.withdrawn, batch.now).await?;
    observe(c, batch.source, batch.observed).await?;
    if let Some(ok) = batch.covered {
        add_coverage(c, batch.source, batch.now, ok).await?;
        add_figures(c, batch, visited, done.new, &lags).await?;
    }
    if let Some(state) = batch.state {
        save_state(c, state).await?;
    }
    fail::fail_point!("c1_before", |_| std::process::abort());
    Ok(done)
}

/// PostgreSQL stores every letter but one, and a page that holds it would be refused for ever.
fn without_nul(judged: &Judged) -> Cow<'_, Judged> {
    let p = &judged.post;
    let optional = [&p.title, &p.author, &p.url, &p.repost_of];
    let all = optional.into_iter().flatten().chain([&p.text, &p.external_id, &judged.text_key]);
    if !all.into_iter().any(|text| text.contains('\0')) {
        return Cow::Borrowed(judged);
    }
    let mut clean = judged.clone();
    let p = &mut clean.post;
    let optional = [&mut p.title, &mut p.author, &mut p.url, &mut p.repost_of];
    for text in optional.into_iter().flatten().chain([&mut p.text, &mut p.external_id, &mut clean.text_key]) {
        *text = text.replace('\0', "\u{fffd}");
    }
    Cow::Owned(clean)
}

/// Stores one post and returns the name of its fate in the tally.
async fn one_post(
    c: &mut AnyConnection,
    judged: &Judged,
    batch: &Ingest<'_>,
    ids: &IdGen,
    done: &mut Ingested,
) -> Result<&'static str, StoreError> {
    let (post, now) = (&judged.post, batch.now);
    if judged.unread {
        done.unread += 1;
        return Ok("unread");
    }
    let known = known(c, batch, post).await?;
    if let Some(row) = known {
        let id: i64 = row.try_get("id")?;
        let edited = edits::is_edited(&row, judged)?;
        if edited {
            edits::revise(c, id, judged, ids, now, done).await?;
            done.edited += 1;
        } else {
            done.duplicates += 1;
        }
        snapshot(c, id, maybe_count(&row, "views")?, post, ids, now).await?;
        return Ok(if edited { "edited" } else { "duplicate" });
    }
    if judged.mentions.is_empty() {
        let marked = sqlx::query(MARK_SEEN)
            .bind(&post.source.0)
            .bind(judged.post_hash)
            .bind(now.millis())
            .execute(&mut *c)
            .await?;
        if marked.rows_affected() == 0 {
            done.duplicates += 1;
            return Ok("duplicate");
        }
        done.new += 1;
        done.not_about_us += 1;
        return Ok("not_about_us");
    }
    done.new += 1;
    let post_id = ids.next(now);
    insert_post(c, post_id, judged, batch.network).await?;
    let mut fates = Vec::with_capacity(judged.mentions.len());
    for (mention, fate) in &judged.mentions {
        let fate = settle(c, judged, mention, *fate, post.effective_at()).await?;
        insert_mention(c, ids.next(now), post_id, judged, mention, fate).await?;
        if fate != Fate::Excluded {
            add_hourly(c, post, post.effective_at(), mention, fate, Sign::Plus).await?;
            done.mentions += 1;
        }
        fates.push(fate);
    }
    Ok(most_telling(&fates).as_str())
}

/// A post about several companies is tallied once, by the fate that came furthest.
fn most_telling(fates: &[Fate]) -> Fate {
    const ORDER: [Fate; 5] = [Fate::Counted, Fate::WarmUp, Fate::SameAuthor, Fate::SameText, Fate::Repost];
    let first = || fates.iter().find(|f| **f != Fate::Excluded).or(fates.first());
    ORDER.iter().find(|f| fates.contains(f)).or_else(first).copied().unwrap_or(Fate::Excluded)
}

/// A fate that hangs on what was stored before.
pub(super) async fn settle(
    c: &mut AnyConnection,
    j: &Judged,
    m: &Mention,
    fate: Fate,
    at: Timestamp,
) -> Result<Fate, StoreError> {
    if !matches!(fate, Fate::Counted | Fate::WarmUp) {
        return Ok(fate);
    }
    let fate = if is_before(c, &m.company, at).await? { Fate::WarmUp } else { fate };
    let (copies,): (i64,) = sqlx::query_as(SAME_TEXT)
        .bind(&m.company.0)
        .bind(&j.text_key)
        .bind((at - TEXT_MEMORY).millis())
        .fetch_one(&mut *c)
        .await?;
    if copies > 0 {
        return Ok(Fate::SameText);
    }
    if let Some(author) = &j.author_key {
        let hour = at.floor(AUTHOR_HOUR);
        let (before,): (i64,) = sqlx::query_as(SAME_AUTHOR)
            .bind(&m.company.0)
            .bind(author)
            .bind(hour.millis())
            .bind((hour + AUTHOR_HOUR).millis())
            .bind(m.category.as_str())
            .fetch_one(&mut *c)
            .await?;
        if before > 0 {
            return Ok(Fate::SameAuthor);
        }
    }
    Ok(fate)
}

async fn snapshot(
    c: &mut AnyConnection,
    post_id: i64,
    before: Option<u64>,
    post: &Post,
    ids: &IdGen,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(views) = post.views else { return Ok(()) };
    let before = before.unwrap_or(0);
    if views <= before + before / SNAPSHOT_GROWTH {
        return Ok(());
    }
    sqlx::query(UPDATE_NUMBERS).bind(post_id).bind(bigint(views)).bind(post.reach.map(bigint)).execute(&mut *c).await?;
    for row in sqlx::query(FATES_OF_POST).bind(post_id).fetch_all(&mut *c).await? {
        if word::<Fate>(&row, "fate")? == Fate::Excluded {
            continue;
        }
        sqlx::query(INSERT_SNAPSHOT)
            .bind(ids.next(now))
            .bind(row.try_get::<i64, _>("id")?)
            .bind(post.collected_at.millis())
            .bind(bigint(views))
            .execute(&mut *c)
            .await?;
    }
    Ok(())
}

pub(super) async fn insert_mention(
    c: &mut AnyConnection,
    id: i64,
    post_id: i64,
    j: &Judged,
    m: &Mention,
    fate: Fate,
) -> Result<(), StoreError> {
    sqlx::query(INSERT_MENTION)
        .bind(id)
        .bind(post_id)
        .bind(&m.company.0)
        .bind(j.post.effective_at().millis())
        .bind(m.category.as_str())
        .bind(f64::from(m.scores.get(&m.category).copied().unwrap_or(0.0)))
        .bind(serde_json::to_string(&m.scores)?)
        .bind(i64::from(m.complaint))
        .bind(i64::from(m.leak))
        .bind(i64::from(m.alert_worthy))
        .bind(m.role.as_str())
        .bind(m.polarity.as_str())
        .bind(m.stance.as_str())
        .bind(i64::from(m.retrospective))
        .bind(m.affected_count.map(bigint))
        .bind(f64::from(m.complaint_score))
        .bind(f64::from(m.leak_score))
        .bind(m.grave.map(Grave::as_str))
        .bind(&m.symptom)
        .bind(serde_json::to_string(&m.evidence)?)
        .bind(fate.as_str())
        .bind(&j.author_key)
        .bind(&j.text_key)
        .bind(j.post.views.map(bigint))
        .execute(c)
        .await?;
    Ok(())
}
