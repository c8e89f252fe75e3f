//! RSS, Atom and JSON Feed, in whatever state they arrive.
//!
//! The chain: bytes to letters ([`mod@decode`]), a tolerant walk ([`scan`]) or JSON ([`json`]), a second opinion where
//! the walk came back thin ([`second`]), names that stay ([`entry`]), and what single services add taken off again
//! ([`habits`]).
//!
//! # Why an own reader
//! Measured on 805 feeds: a strict parser loses every second one, whole. The walk alone reads nearly all.

mod advertised;
mod capture;
pub(in crate::collect) mod date;
mod decode;
mod draft;
mod entry;
mod gdelt;
mod habits;
mod head;
mod json;
mod names;
mod quiet;
mod repair;
mod scan;
mod second;

use std::sync::Arc;

use url::Url;

pub use advertised::{Offer, advertised, offers};
pub use decode::decode;
pub use entry::{Entry, Feed};
pub use quiet::Quiet;

use crate::{
    collect::{
        SourceBasics, html,
        kind::{self, Built, Form, Key, Kind, Terms},
        source::{Hub, Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        post::Post,
        source::{Cursor, SourceState},
        time::{Span, Timestamp, Zone},
    },
};

/// A document that should be a feed.
#[derive(Debug, Clone, Copy)]
pub struct Document<'d> {
    /// As it came, decompressed.
    pub body: &'d [u8],
    /// What the server called it.
    pub content_type: Option<&'d str>,
    /// Where it came from.
    pub url: Option<&'d str>,
    /// Zone of dates that name none.
    pub zone: Zone,
}

/// Reads a feed. The same bytes give the same feed, ids included.
pub fn read(document: &Document<'_>) -> Result<Feed, SourceError> {
    let base = document.url.and_then(|url| Url::parse(url).ok());
    let base = base.as_ref();
    let text = decode(document.body, document.content_type);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let mut feed = if start.starts_with(['{', '[']) {
        let read = json::read(start, base, document.zone).or_else(|| gdelt::read(start, base, document.zone));
        read.ok_or_else(|| malformed(start))?
    } else {
        let mut scanned = scan::scan(&text, base, document.zone);
        if scanned.is_web_page && !scanned.is_feed {
            return Err(SourceError::WebPage);
        }
        // A page of more entries than we read is not read twice.
        if scanned.feed.skipped == 0 {
            second::fill(&mut scanned.feed.entries, &text, base);
        }
        if !scanned.is_feed && scanned.feed.entries.is_empty() {
            return Err(malformed(start));
        }
        scanned.feed
    };
    entry::name_entries(&mut feed, base);
    // Behind the names: what a service writes around a link or a title is no part of the entry's identity.
    habits::undo(&mut feed);
    entry::bound(&mut feed);
    Ok(feed)
}

fn malformed(start: &str) -> SourceError {
    const SHOWN: usize = 60;
    // Some services refuse with a sentence and status 200; all of it helps, and no more is kept of an error.
    const SAID: usize = 150;
    let says = start.starts_with(char::is_alphabetic) && !start.contains(['<', '{']);
    match html::one_line(html::cut(start, if says { SAID } else { SHOWN })) {
        beginning if beginning.is_empty() => SourceError::Malformed("it is empty".into()),
        sentence if says => SourceError::Malformed(format!("it says {sentence:?}")),
        beginning => SourceError::Malformed(format!("it begins with {beginning:?}")),
    }
}

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "feed",
    en: "RSS, Atom or JSON Feed",
    ja: "RSS・Atom・JSON Feed",
    keys: &[Key {
        name: "url",
        form: Form::Address,
        required: true,
        example: "\"https://news.example.jp/rss.xml\"",
        en: "Where it is.",
        ja: "その場所。",
    }],
    source_type: None,
    least_pause: Span::ZERO,
    terms: Terms {
        kept: None,
        en: "Those of the site. Title, link and a short excerpt are kept, the article stays with its publisher.",
        ja: "各サイトの規約に従います。題名・リンク・短い抜粋だけを残し、本文は発行元で読みます。",
    },
    wrong: kind::nothing_wrong,
    build: |basics, fields, collect| Built::Polled(Arc::new(FeedSource::new(basics, fields.text("url"), collect.zone))),
};

/// A feed that is visited again and again.
#[derive(Debug, Clone)]
pub struct FeedSource {
    basics: SourceBasics,
    url: String,
    zone: Zone,
}

impl FeedSource {
    /// The feed at `url`.
    pub fn new(basics: SourceBasics, url: impl Into<String>, zone: Zone) -> Self {
        Self { basics, url: url.into(), zone }
    }

    fn post(&self, entry: Entry, now: Timestamp) -> Post {
        Post {
            source: self.basics.name.clone(),
            external_id: entry.id,
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url: entry.link,
            author: entry.author,
            author_followers: None,
            title: entry.title,
            text: entry.text,
            published_at: entry.published,
            collected_at: now,
            reach: entry.reach,
            views: entry.views,
            repost_of: None,
        }
    }
}

impl Source for FeedSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    /// The cursor is the address whose validators we hold: when a person changes it, they are worth nothing.
    fn continues(&self, state: &SourceState) -> bool {
        state.cursor.0.is_empty() || state.cursor.0 == self.url
    }

    fn lists(&self) -> bool {
        true
    }

    fn request(&self, state: &SourceState, _now: Timestamp) -> Question {
        Question::Ask(Request::web(&self.url, state))
    }

    fn read(&self, response: &Response, _state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let url = if response.final_url.is_empty() { &self.url } else { &response.final_url };
        let feed = read(&Document {
            body: &response.body,
            content_type: response.content_type.as_deref(),
            url: Some(url),
            zone: self.zone,
        })?;
        fail::fail_point!("parse", |_| std::process::abort());
        let (update_every, skipped) = (feed.update_every, feed.skipped);
        let hub = feed.hub.zip(feed.topic.or_else(|| Some(url.clone()))).map(|(url, topic)| Hub { url, topic });
        let not_before = feed.quiet.holds(now).then(|| feed.quiet.ends(now));
        let posts = feed.entries.into_iter().map(|entry| self.post(entry, now)).collect();
        Ok(Page { posts, cursor: Cursor(self.url.clone()), update_every, skipped, not_before, hub, ..Page::default() })
    }
}

#[cfg(test)]
mod tests;
