//! YouTube by its Data API v3: videos by their words, how often they are played, and what is said under them.
//!
//! A search only finds videos; what is stored of them comes from a second question, which has their whole description
//! and their numbers. So a video has the same words at every look, and its views grow.
//!
//! # Invariants
//! Google counts every question, also the wrong ones, so nothing is ever given back: what is asked in a day stays
//! within two counts, searches and units. Views and likes stay numbers of YouTube: they are never added to others.

mod answer;
mod memory;
mod plan;

use std::sync::Arc;

use url::Url;

use self::{
    memory::{Memory, Step},
    plan::Plan,
};
use crate::{
    collect::{
        SourceBasics,
        budget::Grant,
        kind::{Built, Fields, Form, Key, Kind, Terms, Wrong},
        source::{Page, Question, Request, Reservation, Response, Source, SourceError},
    },
    model::{
        post::SourceType,
        secret::Secret,
        source::SourceState,
        time::{Span, Timestamp, Zone},
    },
};

const HOST: &str = "https://www.googleapis.com";
/// How long Google lets its data be kept without asking for it anew.
const KEPT: Span = Span::days(30);
/// Videos appear in a search late and unevenly, so every search goes back behind the newest that is known.
const LATE: Span = Span::hours(6);
/// How far the first search goes back.
const FIRST: Span = Span::days(7);

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "youtube",
    en: "YouTube: videos by words, their views, the comments under them; needs a free key",
    ja: "YouTube。言葉で動画を探し、再生数とコメントも見ます（無料のAPIキーが必要）",
    keys: &[
        Key {
            name: "words",
            form: Form::Texts,
            required: true,
            example: "[\"つばめ電機\", \"つばめでんき\"]",
            en: "What is searched for; one of them is enough.",
            ja: "検索する言葉。どれか1つが含まれるものを集めます。",
        },
        Key {
            name: "key",
            form: Form::Secret { env: "key_env", file: "key_file" },
            required: true,
            example: "\"HINOMI_YOUTUBE_KEY\"",
            en: "the API key of a Google Cloud project with the YouTube Data API v3 switched on.",
            ja: "YouTube Data API v3 を有効にした Google Cloud のAPIキーです。",
        },
        Key {
            name: "searches_per_day",
            form: Form::Whole(1, 1_000_000),
            required: false,
            example: "100",
            en: "Searches that Google grants your project a day (from midnight to midnight in California); unset: 100. They are spread evenly, a tenth is kept for open incidents.",
            ja: "1日に許された検索の回数（米国太平洋時間の0時区切り）。省略時は100。均等に割り振り、1割は炎上中のために残します。",
        },
        Key {
            name: "units_per_day",
            form: Form::Whole(1, 100_000_000),
            required: false,
            example: "10000",
            en: "Units that Google grants your project a day for everything else; unset: 10000.",
            ja: "検索以外に許された1日のユニット数。省略時は10000。",
        },
    ],
    source_type: Some(SourceType::Video),
    least_pause: Span::minutes(5),
    terms: Terms {
        kept: Some(KEPT),
        en: "Free within Google's daily quota. What the API gave may be kept for 30 days; views are shown as YouTube's own. Your privacy notice must name the YouTube API.",
        ja: "Google の1日の割り当て内で無料。APIの内容は30日で消します。再生数は YouTube の数字として示します。プライバシーポリシーに YouTube API の利用を書いてください。",
    },
    wrong,
    build: |basics, fields, _| Built::Polled(Arc::new(YoutubeSource::new(basics, fields))),
};

fn wrong(fields: &Fields) -> Option<Wrong> {
    fields.texts("words").is_empty().then(|| Wrong {
        key: "words",
        en: "\"words\" is empty — write what to search for, such as [\"つばめ電機\"]".into(),
        ja: "\"words\" が空です — 検索する言葉を書いてください。例: [\"つばめ電機\"]".into(),
    })
}

/// What a person decided.
struct Params {
    words: Vec<String>,
    key: Secret,
    every: Span,
    searches: Grant,
    units: Grant,
}

impl Params {
    /// One of them is enough.
    fn query(&self) -> String {
        self.words.join("|")
    }

    /// Whether a text holds one of the words.
    fn named_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.words.iter().any(|word| text.contains(&word.trim_matches('"').to_lowercase()))
    }
}

/// One set of words.
pub struct YoutubeSource {
    basics: SourceBasics,
    params: Params,
    host: String,
}

impl YoutubeSource {
    /// As `fields` say.
    pub fn new(basics: SourceBasics, fields: &Fields) -> Self {
        let grant = |key, usual| Grant(fields.whole(key).and_then(|n| u64::try_from(n).ok()).unwrap_or(usual));
        let params = Params {
            words: fields.texts("words").to_vec(),
            key: fields.secret("key").cloned().unwrap_or_else(|| Secret::new("")),
            every: basics.poll_every.unwrap_or(Span::minutes(15)),
            searches: grant("searches_per_day", 100),
            units: grant("units_per_day", 10_000),
        };
        Self { basics, params, host: HOST.to_owned() }
    }

    /// The same, asking another host: a proxy that counts, or a test.
    pub fn at(self, host: &str) -> Self {
        Self { host: host.trim_end_matches('/').to_owned(), ..self }
    }

    /// The step whose answer has come: the one that was reserved, or for a caller without a purse the one due now.
    fn step(&self, memory: &Memory, state: &SourceState, now: Timestamp) -> Plan {
        match &memory.asked {
            Some((at, step)) if *at == now => Plan::Ask(step.clone()),
            _ => plan::next(memory, &self.params, state.urgent, now),
        }
    }

    fn ask(&self, memory: &Memory, step: &Step, now: Timestamp) -> Result<Request, SourceError> {
        let path = match step {
            Step::Search => "search",
            Step::Look(_) => "videos",
            Step::Hear(_) => "commentThreads",
        };
        let mut url = Url::parse(&format!("{}/youtube/v3/{path}", self.host))
            .map_err(|e| SourceError::Unavailable(e.to_string()))?;
        let mut pairs = url.query_pairs_mut();
        match step {
            Step::Search => {
                for (name, value) in [("part", "snippet"), ("type", "video"), ("order", "date"), ("maxResults", "50")] {
                    pairs.append_pair(name, value);
                }
                pairs.append_pair("q", &self.params.query());
                pairs.append_pair("regionCode", "JP").append_pair("relevanceLanguage", "ja");
                pairs.append_pair("publishedAfter", &memory.after(now).rfc3339(Zone::UTC));
                if let Some(paging) = &memory.paging {
                    pairs.append_pair("pageToken", &paging.token);
                }
            }
            Step::Look(ids) => {
                pairs.append_pair("part", "snippet,statistics").append_pair("id", &ids.join(","));
            }
            Step::Hear(video) => {
                for (name, value) in
                    [("part", "snippet,replies"), ("order", "time"), ("maxResults", "100"), ("textFormat", "plainText")]
                {
                    pairs.append_pair(name, value);
                }
                pairs.append_pair("videoId", video);
                if let Some(thread) = memory.thread.as_ref().filter(|thread| thread.video == *video) {
                    pairs.append_pair("pageToken", &thread.token);
                }
            }
        }
        drop(pairs);
        Ok(Request::api(url.as_str()).secret("x-goog-api-key", self.params.key.clone()).counted())
    }
}

impl Source for YoutubeSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn request(&self, state: &SourceState, now: Timestamp) -> Question {
        let memory = Memory::of(state, &self.params, now);
        match self.step(&memory, state, now) {
            Plan::Ask(step) => self.ask(&memory, &step, now).map_or_else(Question::Blind, Question::Ask),
            Plan::Wait(until) => Question::Wait(until),
            Plan::Spent(until) => Question::Blind(SourceError::Spent { until }),
        }
    }

    fn reserve(&self, state: &SourceState, now: Timestamp) -> Option<Reservation> {
        let mut memory = Memory::of(state, &self.params, now);
        match plan::next(&memory, &self.params, state.urgent, now) {
            Plan::Ask(step) => memory.reserve(step, now),
            // What was reserved at this very moment and lost must not be taken for a question that is paid for.
            Plan::Wait(_) | Plan::Spent(_) => drop(memory.asked.take().filter(|(at, _)| *at == now)?),
        }
        Some(Reservation { cursor: memory.cursor(), meter: memory.meter(&self.params, now) })
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let mut memory = Memory::of(state, &self.params, now);
        let Plan::Ask(step) = self.step(&memory, state, now) else {
            return Err(SourceError::Unavailable("an answer to a question that was not asked".into()));
        };
        memory.asked = None;
        let mut page = answer::read(self, &mut memory, &step, response, state.urgent, now)?;
        memory.forget(now, KEPT);
        page.next = plan::after(&memory, &self.params, state.urgent, now);
        page.cursor = memory.cursor();
        page.meter = Some(memory.meter(&self.params, now));
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
