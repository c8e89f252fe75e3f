//! Mentions, in the order in which they came.

use super::{
    Store, StoreError,
    rows::{maybe_time, mention_columns, mention_record},
    sql::sql,
};
use crate::model::{
    ids::{IncidentId, MentionId},
    mention::MentionRecord,
    time::Timestamp,
};

/// `concat!` wants literals, so the column list is spliced in where the constant is declared.
macro_rules! select_mentions {
    ($rest:literal) => {
        concat!("select m.fate, ", mention_columns!(), " from mention m join post p on p.id = m.post_id ", $rest)
    };
}

sql! {
    /// What is new to detection. An edited post whose count was given before is weighed again and counted no more.
    MENTIONS_AFTER = concat!(
        "select case when m.counted_before = 1 then 'same_author' else m.fate end as fate, ",
        mention_columns!(),
        " from mention m join post p on p.id = m.post_id
          where m.id > $1 and m.fate <> 'excluded' order by m.id limit $2"
    );
    MENTIONS_BETWEEN = select_mentions!(
        "where m.id > $1 and m.id <= $2 and m.at >= $3 and m.fate <> 'excluded' order by m.id limit $4"
    );
    INCIDENT_MENTIONS = select_mentions!("where m.incident_id = $1 and m.id > $2 order by m.id limit $3");
    MENTIONS_OF_POST = select_mentions!("where m.post_id = $1 and m.fate <> 'snapshot' order by m.id");
    /// For a mail: the press first, then who is heard most, the strongest words, the newest.
    TOP_MENTIONS = select_mentions!(
        "where m.incident_id = $1 and m.fate in ('counted', 'warm_up', 'same_author')
         order by case when p.channel = 'news' then 0 else 1 end, coalesce(p.author_followers, 0) desc, m.score desc,
                  m.at desc, m.id
         limit $2"
    );
    ONE_MENTION = select_mentions!("where m.post_id = $1 and m.incident_id = $2 order by m.id limit 1");
    FIRST_MENTION_AT = "select min(at) as at from mention where at >= $1";
    LAST_MENTION = "select coalesce(max(id), 0) from mention";
}

impl Store {
    /// Mentions that came after `after`, oldest first, at most `limit`.
    pub async fn mentions_after(&self, after: MentionId, limit: u32) -> Result<Vec<MentionRecord>, StoreError> {
        let rows = sqlx::query(MENTIONS_AFTER).bind(after.0).bind(i64::from(limit)).fetch_all(&self.read).await?;
        rows.iter().map(mention_record).collect()
    }

    /// A page of what came after `after` and up to `upto` and happened since `since`: the past, for a restart.
    pub async fn mentions_between(
        &self,
        after: MentionId,
        upto: MentionId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<MentionRecord>, StoreError> {
        let rows = sqlx::query(MENTIONS_BETWEEN)
            .bind(after.0)
            .bind(upto.0)
            .bind(since.millis())
            .bind(i64::from(limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(mention_record).collect()
    }

    /// A page of the mentions of an incident, in the order in which they came, from behind `after` on.
    pub async fn incident_mentions(
        &self,
        incident: IncidentId,
        after: MentionId,
        limit: u32,
    ) -> Result<Vec<MentionRecord>, StoreError> {
        let rows = sqlx::query(INCIDENT_MENTIONS)
            .bind(incident.0)
            .bind(after.0)
            .bind(i64::from(limit))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(mention_record).collect()
    }

    /// The mentions a mail shows first.
    pub async fn top_mentions(&self, incident: IncidentId, limit: u32) -> Result<Vec<MentionRecord>, StoreError> {
        let rows = sqlx::query(TOP_MENTIONS).bind(incident.0).bind(i64::from(limit)).fetch_all(&self.read).await?;
        rows.iter().map(mention_record).collect()
    }

    /// The mention with which an incident began.
    pub async fn origin_mention(
        &self,
        post: crate::model::ids::PostId,
        incident: IncidentId,
    ) -> Result<Option<MentionRecord>, StoreError> {
        let row = sqlx::query(ONE_MENTION).bind(post.0).bind(incident.0).fetch_optional(&self.read).await?;
        row.as_ref().map(mention_record).transpose()
    }

    /// When the first mention since `since` happened.
    pub async fn first_mention_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        maybe_time(&sqlx::query(FIRST_MENTION_AT).bind(since.millis()).fetch_one(&self.read).await?, "at")
    }

    /// The last mention stored.
    pub async fn last_mention(&self) -> Result<MentionId, StoreError> {
        let (id,): (i64,) = sqlx::query_as(LAST_MENTION).fetch_one(&self.read).await?;
        Ok(MentionId(id))
    }
}
