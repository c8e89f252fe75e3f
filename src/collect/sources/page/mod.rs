//! A page of notices that has no feed: a regulator's, a company's.
//!
//! On its first visit it looks for the best road and stays on it: a feed that the page itself names and that tells of
//! the same things, or else the lines of the page (`rows.rs`), or else the site's map (`sitemap.rs`). A selector
//! takes the place of all of that.
//!
//! # Invariants
//! A new line is believed when it stands there on two visits in a row; one that is gone is no deletion. A page on which
//! no line is found any more is a failure and never «no notices».

mod cursor;
mod link;
mod rows;
mod selector;
mod sitemap;
mod tree;

use std::{collections::BTreeSet, sync::Arc};

use url::Url;

use self::{
    cursor::{Memory, Road},
    rows::{Origin, Row},
    selector::Selector,
    tree::Tree,
};
use super::feed::{self, Document};
use crate::{
    collect::{
        SourceBasics, html,
        kind::{Built, Field, Fields, Form, Key, Kind, Terms, Wrong},
        markup, robots,
        source::{Next, Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        limits,
        post::{Post, SourceType},
        source::SourceState,
        time::{Span, Timestamp, Zone},
    },
};

/// A new line is looked at again after this, so that an alert does not wait for a whole pause.
const LOOK_AGAIN: Span = Span::minutes(2);

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "page",
    en: "A page of notices without a feed: a regulator's, a company's news",
    ja: "フィードのないお知らせページ（官公庁・企業のお知らせ）",
    keys: &[
        Key {
            name: "url",
            form: Form::Address,
            required: true,
            example: "\"https://www.example.jp/news/\"",
            en: "Where it is.",
            ja: "その場所。",
        },
        Key {
            name: "selector",
            form: Form::Text,
            required: false,
            example: "\"main ul.news > li\"",
            en: "Which lines of a page are its entries, as a CSS selector; without it they are found by their dates.",
            ja: "ページのどこがお知らせの1件か（CSSセレクター）。なければ日付を手がかりに探します。",
        },
    ],
    source_type: Some(SourceType::Notice),
    least_pause: Span::minutes(5),
    terms: Terms {
        kept: None,
        en: "Those of the site; robots.txt is asked and obeyed. Titles and links are kept, not the articles.",
        ja: "各サイトの規約と robots.txt に従います。題名とリンクだけを残し、本文は残しません。",
    },
    wrong,
    build: |basics, fields, collect| Built::Polled(Arc::new(PageSource::new(basics, fields, collect.zone))),
};

fn wrong(fields: &Fields) -> Option<Wrong> {
    let (ja, en) = Selector::parse(fields.has("selector").then(|| fields.text("selector"))?).err()?;
    Some(Wrong { key: "selector", en, ja })
}

/// A page that is visited again and again.
#[derive(Debug, Clone)]
pub struct PageSource {
    basics: SourceBasics,
    url: String,
    selector: Option<Selector>,
    /// What a person wrote: with other words it is another source.
    written: String,
    zone: Zone,
}

impl PageSource {
    /// As `fields` describe it.
    pub fn new(basics: SourceBasics, fields: &Fields, zone: Zone) -> Self {
        let (url, selector) = (fields.text("url").to_owned(), fields.text("selector"));
        // The configuration has refused what cannot be read.
        let read = Selector::parse(selector).ok();
        Self { basics, written: format!("{url} {selector}"), url, selector: read, zone }
    }

    /// The page at `url`, whose lines are found by their dates.
    pub fn at(basics: SourceBasics, url: &str, zone: Zone) -> Self {
        Self::new(basics, &Fields::default().with("url", Field::Text(url.to_owned())), zone)
    }

    /// A search that came to nothing begins anew.
    fn memory(&self, state: &SourceState) -> Memory {
        let lost = state.warmed_up_at.is_none() && state.errors > 0;
        Memory::read(&state.cursor).filter(|_| !lost).unwrap_or_else(|| Memory::new(&self.written))
    }

    fn post(&self, row: Row, now: Timestamp) -> Post {
        Post {
            source: self.basics.name.clone(),
            external_id: row.id,
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url: row.link,
            author: None,
            author_followers: None,
            title: Some(row.title),
            text: row.text,
            published_at: row.published,
            collected_at: now,
            reach: None,
            views: None,
            repost_of: None,
        }
    }

    /// The page itself.
    fn lines(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let mut memory = self.memory(state);
        let content_type = content_type(response);
        let text = feed::decode(&response.body, content_type.as_deref());
        let address = if response.final_url.is_empty() { &self.url } else { &response.final_url };
        let base = Url::parse(address).ok();
        let tree = Tree::of(&text);
        let (rows, skipped) = rows::rows(&tree, self.selector.as_ref(), Origin { url: base.as_ref(), zone: self.zone });
        let first = state.warmed_up_at.is_none();
        if first && self.selector.is_none() && !memory.tried_feed {
            let document = Document {
                body: &response.body,
                content_type: content_type.as_deref(),
                url: Some(address),
                zone: self.zone,
            };
            if let Some(named) = feed::advertised(&document).into_iter().next() {
                memory.begin(Road::Feed(named));
                memory.last = rows.iter().map(|row| link::mark(&row.id)).collect();
                return Ok(Page { cursor: memory.write(), next: Next::AtOnce, ..Page::default() });
            }
        }
        if rows.is_empty() {
            return self.nothing(memory, base.as_ref(), first, now);
        }
        let marks: Vec<String> = rows.iter().map(|row| link::mark(&row.id)).collect();
        let known: BTreeSet<&String> = memory.last.iter().collect();
        // Everything on the first page is history, and was not there before for anybody.
        let believed = |mark: &String| first || known.contains(mark);
        let waits = !marks.iter().all(believed);
        let posts = rows.into_iter().zip(&marks).filter(|(_, mark)| believed(mark));
        let posts = posts.map(|(row, _)| self.post(row, now)).collect();
        (memory.last, memory.missed, memory.unsure) = (marks, 0, waits);
        let next = if waits { Next::At(now + LOOK_AGAIN) } else { Next::Usual };
        Ok(Page { posts, cursor: memory.write(), skipped, next, ..Page::default() })
    }

    /// No line was found. Once may be a slip of the server; twice is another form.
    fn nothing(
        &self,
        mut memory: Memory,
        base: Option<&Url>,
        first: bool,
        now: Timestamp,
    ) -> Result<Page, SourceError> {
        if first {
            let map = base.filter(|_| self.selector.is_none()).and_then(|base| base.join("/robots.txt").ok());
            let Some(robots) = map else { return Err(SourceError::NoEntries) };
            memory.begin(Road::Robots(robots.into()));
            return Ok(Page { cursor: memory.write(), next: Next::AtOnce, ..Page::default() });
        }
        if memory.missed > 0 {
            return Err(SourceError::FormChanged);
        }
        (memory.missed, memory.unsure) = (1, true);
        Ok(Page { cursor: memory.write(), next: Next::At(now + LOOK_AGAIN), ..Page::default() })
    }

    /// The feed that the page names, once it has proved itself.
    fn feed(&self, at: &str, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let mut memory = self.memory(state);
        let address = if response.final_url.is_empty() { at } else { &response.final_url };
        let document = Document {
            body: &response.body,
            content_type: response.content_type.as_deref(),
            url: Some(address),
            zone: self.zone,
        };
        let read = if response.status < 400 { feed::read(&document) } else { Err(SourceError::WebPage) };
        if state.warmed_up_at.is_none() {
            // The blog of a company is not its news: the feed must tell of what the page shows.
            let same = |link: &String| memory.last.contains(&link::mark(&link::key(link)));
            let tells = |feed: &feed::Feed| feed.entries.iter().filter_map(|e| e.link.as_ref()).any(same);
            let holds = |feed: &feed::Feed| memory.last.is_empty() && !feed.entries.is_empty();
            if !read.as_ref().is_ok_and(|feed| tells(feed) || holds(feed)) {
                memory.begin(Road::Page);
                memory.tried_feed = true;
                return Ok(Page { cursor: memory.write(), next: Next::AtOnce, ..Page::default() });
            }
        }
        let feed = read?;
        memory.last.clear();
        memory.unsure = false;
        let (update_every, skipped) = (feed.update_every, feed.skipped);
        let row = |e: feed::Entry| {
            let title = e.title.unwrap_or_else(|| html::cut(&html::one_line(&e.text), limits::FIELD_BYTES).to_owned());
            Row { id: e.id, title, text: e.text, link: e.link, published: e.published }
        };
        let posts = feed.entries.into_iter().map(|e| self.post(row(e), now)).collect();
        Ok(Page { posts, cursor: memory.write(), update_every, skipped, ..Page::default() })
    }
}

impl Source for PageSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn continues(&self, state: &SourceState) -> bool {
        Memory::read(&state.cursor).is_none_or(|memory| memory.written == self.written)
    }

    fn request(&self, state: &SourceState, _now: Timestamp) -> Question {
        let memory = self.memory(state);
        let request = match &memory.road {
            Road::Page => Request::page(&self.url, state),
            // A feed that is not there sends us back to the page.
            Road::Feed(url) => Request { failures: state.warmed_up_at.is_none(), ..Request::page(url, state) },
            Road::Robots(url) => Request::api(url),
            Road::Maps { queue, .. } => Request {
                failures: state.warmed_up_at.is_none(),
                ..Request::page(queue.first().unwrap_or(&self.url), state)
            },
            Road::Map { url, look } => match look.first() {
                Some(page) => Request { failures: true, ..Request::page(page, state) },
                None => Request::page(url, state),
            },
        };
        // Validators of another address are worth nothing, and a server that has nothing new would confirm nothing.
        Question::Ask(if memory.unsure { request.unconditional() } else { request })
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let memory = self.memory(state);
        match &memory.road {
            Road::Page => self.lines(response, state, now),
            Road::Feed(url) => self.feed(url, response, state, now),
            Road::Robots(_) => {
                let text = String::from_utf8_lossy(&response.body);
                let named = if response.status < 400 { robots::Rules::parse(&text).sitemaps } else { Vec::new() };
                Ok(sitemap::begin(memory, named, &self.url))
            }
            Road::Maps { .. } => sitemap::search(memory, response, &self.url, self.zone),
            Road::Map { look, .. } if look.is_empty() => sitemap::compare(memory, response, &self.url, self.zone),
            Road::Map { .. } => {
                let content_type = content_type(response);
                let text = feed::decode(&response.body, content_type.as_deref());
                let (memory, row) = sitemap::look(memory, &text, response.status, self.zone);
                let next = if memory.is_looking() { Next::AtOnce } else { Next::Usual };
                let posts = row.into_iter().map(|row| self.post(row, now)).collect();
                Ok(Page { posts, cursor: memory.write(), next, ..Page::default() })
            }
        }
    }
}

/// What the server says, and where it says no charset, what the page says.
fn content_type(response: &Response) -> Option<String> {
    const NEAR: usize = 4096;
    let said = response.content_type.clone();
    if said.as_deref().is_some_and(|said| said.to_ascii_lowercase().contains("charset")) {
        return said;
    }
    let head = String::from_utf8_lossy(response.body.get(..response.body.len().min(NEAR)).unwrap_or_default());
    let charset = markup::Tokens::of(&head).find_map(|token| match token {
        markup::Token::Open { name, attributes, .. } if name.eq_ignore_ascii_case("meta") => {
            markup::attribute(attributes, "charset").or_else(|| {
                let content = markup::attribute(attributes, "content")?.to_ascii_lowercase();
                content.split_once("charset=").map(|(_, charset)| charset.trim().to_owned())
            })
        }
        _ => None,
    });
    charset.map(|charset| format!("text/html; charset={charset}")).or(said)
}

#[cfg(test)]
mod tests;
