//! The row of a post: whether there is one already, also from another source of the same network, and a new one.

use sqlx::{AnyConnection, any::AnyRow};

use super::{
    StoreError,
    ingest::{Ingest, Judged},
    rows::bigint,
    sql::sql,
};
use crate::model::{post::Post, time::Timestamp};

sql! {
    KNOWN_POST = "select id, views, text_key, title, body from post where source = $1 and external_id = $2";
    /// The same post, as another source of the network showed it.
    KNOWN_ELSEWHERE = "
        select id, views, text_key, title, body from post
        where network = $1 and external_id = $2 and source <> $3 order by id limit 1";
    INSERT_POST = "
        insert into post (id, source, external_id, source_type, channel, url, author, author_key, author_followers,
                          title, body, text_key, published_at, collected_at, effective_at, reach, views, repost_of, network)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
}

/// What is stored of `post`.
pub(super) async fn known(
    c: &mut AnyConnection,
    batch: &Ingest<'_>,
    post: &Post,
) -> Result<Option<AnyRow>, StoreError> {
    let own = sqlx::query(KNOWN_POST).bind(&post.source.0).bind(&post.external_id).fetch_optional(&mut *c).await?;
    let Some(network) = batch.network.filter(|_| own.is_none()) else { return Ok(own) };
    let elsewhere = sqlx::query(KNOWN_ELSEWHERE).bind(network).bind(&post.external_id).bind(&post.source.0);
    Ok(elsewhere.fetch_optional(&mut *c).await?)
}

pub(super) async fn insert_post(
    c: &mut AnyConnection,
    id: i64,
    j: &Judged,
    network: Option<&str>,
) -> Result<(), StoreError> {
    let p = &j.post;
    sqlx::query(INSERT_POST)
        .bind(id)
        .bind(&p.source.0)
        .bind(&p.external_id)
        .bind(p.source_type.as_str())
        .bind(p.channel.as_str())
        .bind(&p.url)
        .bind(&p.author)
        .bind(&j.author_key)
        .bind(p.author_followers.map(bigint))
        .bind(&p.title)
        .bind(&p.text)
        .bind(&j.text_key)
        .bind(p.published_at.map(Timestamp::millis))
        .bind(p.collected_at.millis())
        .bind(p.effective_at().millis())
        .bind(p.reach.map(bigint))
        .bind(p.views.map(bigint))
        .bind(&p.repost_of)
        .bind(network)
        .execute(c)
        .await?;
    Ok(())
}
