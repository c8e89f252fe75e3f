//! niconico by its snapshot search v2: an index that is renewed once a day, at five in the morning in Japan.
//!
//! # Invariants
//! Asked at six, when the new index stands, and once more at noon, never oftener: there is nothing new in between.
//! Each round reads the last week again, so that views grow.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    collect::{
        SourceBasics, html,
        kind::{Built, Fields, Form, Key, Kind, Terms, Wrong},
        loose,
        source::{Next, Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        limits,
        post::{Post, SourceType},
        source::{Cursor, SourceState},
        time::{Span, Timestamp, Zone},
    },
};

const HOST: &str = "https://snapshot.search.nicovideo.jp";
/// Hours of the day in Japan at which there is something to ask.
const HOURS: [u32; 2] = [6, 12];
/// How far back videos are read.
const BACK: Span = Span::days(7);
/// Videos on a page: the service's own bound.
const PAGE: usize = 100;
/// Pages of one round.
const PAGES: usize = 10;
const FIELDS: &str =
    "contentId,title,description,tags,viewCounter,commentCounter,mylistCounter,likeCounter,startTime,lastResBody";

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "niconico",
    en: "niconico: videos by words, twice a day; no key",
    ja: "ニコニコ動画。言葉で動画を1日2回探します（キー不要）",
    keys: &[Key {
        name: "words",
        form: Form::Texts,
        required: true,
        example: "[\"つばめ電機\", \"つばめでんき\"]",
        en: "What is searched for; one of them is enough.",
        ja: "検索する言葉。どれか1つが含まれるものを集めます。",
    }],
    source_type: Some(SourceType::Video),
    least_pause: Span::ZERO,
    terms: Terms {
        kept: None,
        en: "Free, with a stated name. The index is a day old at most, so it is no alarm but a second look.",
        ja: "無料（利用者名を名乗ります）。索引は1日1回の更新なので、速報ではなく補いです。",
    },
    wrong,
    build: |basics, fields, _| Built::Polled(Arc::new(NiconicoSource::new(basics, fields))),
};

fn wrong(fields: &Fields) -> Option<Wrong> {
    fields.texts("words").is_empty().then(|| Wrong {
        key: "words",
        en: "\"words\" is empty — write what to search for, such as [\"つばめ電機\"]".into(),
        ja: "\"words\" が空です — 検索する言葉を書いてください。例: [\"つばめ電機\"]".into(),
    })
}

/// One set of words.
pub struct NiconicoSource {
    basics: SourceBasics,
    query: String,
    host: String,
}

/// What is remembered between two questions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    query: String,
    /// Where this round goes on; zero between two rounds.
    offset: usize,
    /// When the next round is due.
    due: Timestamp,
}

impl NiconicoSource {
    /// As `fields` say.
    pub fn new(basics: SourceBasics, fields: &Fields) -> Self {
        Self { basics, query: fields.texts("words").join(" OR "), host: HOST.to_owned() }
    }

    /// The same, asking another host: a proxy, or a test.
    pub fn at(self, host: &str) -> Self {
        Self { host: host.trim_end_matches('/').to_owned(), ..self }
    }

    /// Other words are asked for at once.
    fn memory(&self, state: &SourceState) -> Memory {
        let memory: Memory = serde_json::from_str(&state.cursor.0).unwrap_or_default();
        if memory.query == self.query { memory } else { Memory { query: self.query.clone(), ..Memory::default() } }
    }

    fn post(&self, item: &Value, now: Timestamp) -> Option<Post> {
        let id = loose::name(item, "contentId").filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let tags: Vec<String> = loose::text(item, "tags")
            .into_iter()
            .flat_map(str::split_whitespace)
            .map(|tag| format!("#{tag}"))
            .collect();
        let mut text = loose::text(item, "description").map(html::to_text).unwrap_or_default();
        if !tags.is_empty() {
            text = format!("{text}\n{}", tags.join(" "));
        }
        Some(Post {
            source: self.basics.name.clone(),
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url: Some(format!("https://www.nicovideo.jp/watch/{id}")),
            external_id: id,
            author: None,
            author_followers: None,
            title: loose::field(item, "title"),
            text: html::cut(text.trim(), limits::TEXT_BYTES).to_owned(),
            published_at: loose::time(item, "startTime"),
            collected_at: now,
            reach: None,
            views: loose::count(item, "viewCounter"),
            repost_of: None,
        })
    }
}

/// The next of [`HOURS`] after `now`.
fn next_round(now: Timestamp) -> Timestamp {
    let today = now.civil(Zone::JST);
    let midnight = Timestamp::from_civil((today.year, today.month, today.day), (0, 0, 0), Zone::JST).unwrap_or(now);
    let rounds = HOURS.into_iter().chain([HOURS[0] + 24]).map(|hour| midnight + Span::hours(i64::from(hour)));
    rounds.into_iter().find(|at| *at > now).unwrap_or(now + Span::days(1))
}

impl Source for NiconicoSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn request(&self, state: &SourceState, now: Timestamp) -> Question {
        let memory = self.memory(state);
        if memory.offset == 0 && now < memory.due {
            return Question::Wait(memory.due);
        }
        let address = format!("{}/api/v2/snapshot/video/contents/search", self.host);
        let mut url = match Url::parse(&address) {
            Ok(url) => url,
            Err(why) => return Question::Blind(SourceError::Unavailable(why.to_string())),
        };
        url.query_pairs_mut()
            .append_pair("q", &self.query)
            .append_pair("targets", "title,description,tags")
            .append_pair("fields", FIELDS)
            .append_pair("filters[startTime][gte]", &(now - BACK).rfc3339(Zone::JST))
            .append_pair("_sort", "-startTime")
            .append_pair("_offset", &memory.offset.to_string())
            .append_pair("_limit", &PAGE.to_string())
            .append_pair("_context", "hinomi");
        Question::Ask(Request::api(url.as_str()))
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let mut memory = self.memory(state);
        let answer: Value = serde_json::from_slice(&response.body).map_err(|_| match response.status {
            200 => SourceError::Malformed("it is no JSON".into()),
            status => SourceError::Malformed(format!("HTTP {status}")),
        })?;
        let status = loose::count(&answer, "meta.status").unwrap_or_else(|| u64::from(response.status));
        if status != 200 || !loose::at(&answer, "data").is_some_and(Value::is_array) {
            let code = loose::field(&answer, "meta.errorCode").or_else(|| loose::field(&answer, "meta.errorMessage"));
            let code = code.unwrap_or_default();
            return Err(SourceError::Malformed(format!("the search says {status} {code}").trim().to_owned()));
        }
        let items = loose::list(&answer, "data");
        let posts: Vec<Post> = items.iter().filter_map(|item| self.post(item, now)).collect();
        let skipped = items.len() - posts.len();
        let read = memory.offset + items.len();
        let all = loose::count(&answer, "meta.totalCount").and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let goes_on = items.len() >= PAGE && read < all && read < PAGES * PAGE;
        memory.offset = if goes_on { read } else { 0 };
        memory.due = next_round(now);
        let next = if goes_on { Next::AtOnce } else { Next::At(memory.due) };
        let cursor = Cursor(serde_json::to_string(&memory).unwrap_or_default());
        Ok(Page { posts, cursor, skipped, next, ..Page::default() })
    }
}

#[cfg(test)]
#[path = "niconico/tests.rs"]
mod tests;
