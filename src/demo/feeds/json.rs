//! JSON Feed 1.1.

use serde_json::json;

use super::FeedSpec;
use crate::model::{
    post::Post,
    time::{Timestamp, Zone},
};

pub(super) fn write(spec: &FeedSpec, shown: &[&Post], _changed: Timestamp) -> Vec<u8> {
    let items: Vec<_> = shown
        .iter()
        .map(|post| {
            json!({
                "id": post.external_id,
                "url": post.url,
                "title": post.title,
                "content_text": post.text,
                "date_published": post.published_at.map(|at| at.rfc3339(Zone::JST)),
                "authors": [{ "name": post.author }],
            })
        })
        .collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": spec.title,
        "home_page_url": "https://matome.example/",
        "language": "ja",
        "items": items,
    });
    feed.to_string().into_bytes()
}
