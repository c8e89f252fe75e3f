//! A second opinion by feed-rs, asked only where our own walk came back thin: it knows corners of the formats that
//! the walk does not.
//!
//! Its ids and panics are not ours: an entry without a name would get a random one at every reading, so only texts,
//! links and dates are taken, and a panic counts as no opinion.

use std::panic::{AssertUnwindSafe, catch_unwind};

use url::Url;

use super::{
    entry::{Entry, resolve},
    repair::repair,
};
use crate::{collect::html, model::time::Timestamp};

/// Fills what is missing in `entries`, which were read from `text`.
pub(crate) fn fill(entries: &mut Vec<Entry>, text: &str, base: Option<&Url>) {
    if entries.iter().all(|e| e.title.is_some() || !e.text.is_empty()) && !entries.is_empty() {
        return;
    }
    let repaired = repair(text);
    let parse =
        || feed_rs::parser::Builder::new().id_generator(|_, _, _| String::new()).build().parse(repaired.as_bytes());
    // The parser and its input are dropped with the panic, so nothing half-written is seen afterwards.
    let Ok(Ok(feed)) = catch_unwind(AssertUnwindSafe(parse)) else { return };
    let second = feed.entries.into_iter().map(|entry| convert(entry, base));
    if entries.is_empty() {
        *entries = second.collect();
    } else if entries.len() == second.len() {
        for (ours, theirs) in entries.iter_mut().zip(second) {
            ours.title = ours.title.take().or(theirs.title);
            ours.link = ours.link.take().or(theirs.link);
            ours.published = ours.published.or(theirs.published);
            ours.author = ours.author.take().or(theirs.author);
            if ours.text.is_empty() {
                ours.text = theirs.text;
            }
        }
    }
}

fn convert(entry: feed_rs::model::Entry, base: Option<&Url>) -> Entry {
    let media = entry.media.first();
    let words = |text: feed_rs::model::Text| html::to_text(&text.content);
    let content = entry.content.and_then(|c| c.body).map(|body| html::to_text(&body));
    let text = content
        .or_else(|| entry.summary.map(words))
        .or_else(|| media.and_then(|m| m.description.clone()).map(words))
        .unwrap_or_default();
    let title = entry.title.or_else(|| media.and_then(|m| m.title.clone())).map(words);
    Entry {
        id: String::new(),
        title: title.map(|t| html::one_line(&t)).filter(|t| !t.is_empty()),
        link: entry.links.first().and_then(|link| resolve(&link.href, base)),
        published: entry.published.or(entry.updated).map(|at| Timestamp::from_millis(at.timestamp_millis())),
        text,
        author: entry.authors.first().and_then(|a| a.name.as_deref()).and_then(super::entry::person),
        ..Entry::default()
    }
}
