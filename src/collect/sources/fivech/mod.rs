//! A board or a thread of 5ch: off until a person says that its terms are accepted.
//!
//! Not a reader for people: no board list, no history of fallen threads.
//!
//! # Invariants
//! Of a thread only what is new is asked for, and whole lines alone are read.

mod dat;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    collect::{
        SourceBasics,
        kind::{Built, Fields, Form, Key, Kind, Terms, Wrong},
        source::{Next, Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        limits,
        post::{Post, SourceType},
        source::{Cursor, SourceState},
        time::{Span, Timestamp, Zone},
    },
};

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "5ch",
    en: "A board or a thread of 5ch; off until accept_terms is written, because its terms are unsettled",
    ja: "5chの板またはスレッド（規約が定まらないため、accept_terms と書くまで動きません）",
    keys: &[
        Key {
            name: "url",
            form: Form::Address,
            required: true,
            example: "\"https://board.example.jp/news/\"",
            en: "A board, or a thread as a browser shows it (/test/read.cgi/…).",
            ja: "板、またはブラウザーで開いたスレッド（/test/read.cgi/…）の場所。",
        },
        Key {
            name: "accept_terms",
            form: Form::YesNo,
            required: false,
            example: "true",
            en: "true: you have read the terms of 5ch, and programs may read it for your purpose.",
            ja: "true: 5chの規約を読み、この目的で機械が読んでよいと確かめました。",
        },
    ],
    source_type: Some(SourceType::Board),
    least_pause: Span::minutes(5),
    terms: Terms { kept: None, en: TERMS_EN, ja: TERMS_JA },
    wrong: |fields| {
        let (en, ja) = (
            format!("{TERMS_EN} Then write accept_terms = true."),
            format!("{TERMS_JA}そのうえで accept_terms = true と書いてください。"),
        );
        (!fields.yes("accept_terms")).then_some(Wrong { key: "url", en, ja })
    },
    build: |basics, fields, collect| Built::Polled(Arc::new(FivechSource::new(basics, fields, collect.zone))),
};

const TERMS_EN: &str = "5ch allows and closes reading by programs by turns, and its terms on use by companies are \
                        unsettled: ask its operator first.";
const TERMS_JA: &str = "5chは機械による読み取りを認めたり閉じたりしており、業務での利用の扱いも定まっていません。先に運営者に確かめてください。";

/// A board or a thread.
#[derive(Debug, Clone)]
pub struct FivechSource {
    basics: SourceBasics,
    place: Place,
    accepted: bool,
    zone: Zone,
}

#[derive(Debug, Clone)]
struct Place {
    /// `subject.txt` or a `.dat`.
    url: String,
    /// Where people read a thread: its key is put behind.
    readers: String,
    /// The key of the thread; none for a board.
    thread: Option<String>,
}

/// What is remembered of a thread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Memory {
    url: String,
    /// Bytes that were read, and the lines in them.
    bytes: u64,
    lines: u64,
    title: String,
}

impl FivechSource {
    /// As `fields` describe it.
    pub fn new(basics: SourceBasics, fields: &Fields, zone: Zone) -> Self {
        Self { basics, place: Place::of(fields.text("url")), accepted: fields.yes("accept_terms"), zone }
    }

    fn memory(&self, state: &SourceState) -> Memory {
        let known: Option<Memory> = serde_json::from_str(&state.cursor.0).ok();
        known.unwrap_or_else(|| Memory { url: self.place.url.clone(), ..Memory::default() })
    }

    fn post(&self, thread: &str, title: &str, now: Timestamp) -> Post {
        Post {
            source: self.basics.name.clone(),
            external_id: thread.to_owned(),
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url: Some(format!("{}{thread}", self.place.readers)),
            author: None,
            author_followers: None,
            title: Some(title.to_owned()).filter(|t| !t.is_empty()),
            text: String::new(),
            published_at: None,
            collected_at: now,
            reach: None,
            views: None,
            repost_of: None,
        }
    }

    fn board(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let text = dat::decode(&response.body);
        let threads: Vec<dat::Thread<'_>> = text.lines().filter_map(dat::thread).collect();
        if threads.is_empty() {
            return Err(SourceError::Malformed("no line of it names a thread".into()));
        }
        let skipped = threads.len().saturating_sub(limits::ENTRIES);
        let post = |thread: dat::Thread<'_>| Post {
            published_at: thread.key.parse().ok().map(Timestamp::from_seconds),
            ..self.post(thread.key, &thread.title, now)
        };
        // The liveliest stand first.
        let posts = threads.into_iter().take(limits::ENTRIES).map(post).collect();
        Ok(Page {
            posts,
            cursor: Cursor(serde_json::to_string(&self.memory(state)).unwrap_or_default()),
            skipped,
            ..Page::default()
        })
    }

    fn thread(&self, key: &str, response: &Response, state: &SourceState, now: Timestamp) -> Page {
        let mut memory = self.memory(state);
        let mut body = response.body.as_slice();
        if response.status == 206 && memory.bytes > 0 {
            // The last byte that was read is asked for again: it ends a line, or somebody has rewritten the thread.
            let Some(rest) = body.strip_prefix(b"\n") else { return self.again() };
            body = rest;
        } else {
            memory = Memory { url: memory.url, ..Memory::default() };
        }
        let whole = body.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let text = dat::decode(body.get(..whole).unwrap_or_default());
        let (mut posts, mut skipped) = (Vec::new(), 0);
        for line in text.split_terminator('\n') {
            memory.lines += 1;
            let Some(said) = dat::line(line, self.zone) else {
                skipped += 1;
                continue;
            };
            if !said.title.is_empty() {
                memory.title = said.title;
            }
            let post = self.post(key, &memory.title, now);
            posts.push(Post {
                external_id: format!("{key}/{}", memory.lines),
                url: post.url.as_ref().map(|url| format!("{url}/{}", memory.lines)),
                author: said.author,
                text: said.text,
                published_at: said.at,
                ..post
            });
        }
        memory.bytes += u64::try_from(whole).unwrap_or(0);
        Page { posts, cursor: Cursor(serde_json::to_string(&memory).unwrap_or_default()), skipped, ..Page::default() }
    }

    /// From the beginning: what was known is not there any more.
    fn again(&self) -> Page {
        let memory = Memory { url: self.place.url.clone(), ..Memory::default() };
        let cursor = Cursor(serde_json::to_string(&memory).unwrap_or_default());
        Page { cursor, next: Next::AtOnce, ..Page::default() }
    }
}

impl Place {
    /// `…/board/`, `…/test/read.cgi/board/KEY/…`, or either file itself.
    fn of(address: &str) -> Self {
        let parsed = Url::parse(address).ok();
        let path = parsed.as_ref().map_or("", Url::path);
        let words: Vec<&str> = path.split('/').filter(|w| !w.is_empty()).collect();
        let (board, thread) = match words.as_slice() {
            ["test", "read.cgi", board, key, ..] => (*board, Some(*key)),
            [board, "dat", file, ..] => (*board, file.strip_suffix(".dat")),
            [board, ..] => (*board, None),
            [] => ("", None),
        };
        let at = |path: String| {
            let url = parsed.as_ref().and_then(|url| url.join(&path).ok());
            url.map_or_else(|| address.to_owned(), String::from)
        };
        let url = thread.map_or_else(|| format!("/{board}/subject.txt"), |key| format!("/{board}/dat/{key}.dat"));
        Self { url: at(url), readers: at(format!("/test/read.cgi/{board}/")), thread: thread.map(str::to_owned) }
    }
}

impl Source for FivechSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn continues(&self, state: &SourceState) -> bool {
        state.cursor.0.is_empty() || self.memory(state).url == self.place.url
    }

    fn request(&self, state: &SourceState, _now: Timestamp) -> Question {
        if !self.accepted {
            return Question::Blind(SourceError::Unavailable(TERMS_EN.into()));
        }
        let bytes = self.memory(state).bytes;
        let request = Request::page(&self.place.url, state);
        Question::Ask(Request { from: bytes.saturating_sub(1), failures: bytes > 0, ..request })
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        match (&self.place.thread, response.status) {
            (Some(_), 416) => Ok(self.again()),
            (_, status @ 400..) => {
                Err(SourceError::Unavailable(format!("the thread is not there any more (HTTP {status})")))
            }
            (Some(key), _) => Ok(self.thread(key, response, state, now)),
            (None, _) => self.board(response, state, now),
        }
    }
}

#[cfg(test)]
mod tests;
