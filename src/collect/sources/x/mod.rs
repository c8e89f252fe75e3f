//! X (formerly Twitter) by its API v2, which is paid for by the post: how many there are is asked often, the posts
//! themselves only when the curve moves, and never for more money than a person allowed.
//!
//! Not here: users. Asking for one costs twice a post, so authors stay numbers and links go by the post alone.
//!
//! # Invariants
//! What a question costs at most is written down before it is asked ([`Source::reserve`]); only what the answer shows
//! not to have been charged is given back. So the sum of all charges of a month stays within the limit, whatever
//! breaks in between. Two sources have two limits.

mod answer;
mod curve;
mod memory;
mod plan;

use std::sync::Arc;

use url::Url;

use self::{
    memory::{Memory, Step, is_newer, micros, whole_micros, written_at},
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

const HOST: &str = "https://api.x.com";
/// Letters of a query that X takes.
const QUERY: usize = 512;
/// How long texts are kept: as far back as X itself searches, and as long as deletions are followed.
const KEPT: Span = Span::days(7);
/// Fields of a post. Never `expansions`: each user in them costs twice a post.
const FIELDS: &str = "created_at,author_id,public_metrics,lang,edit_history_tweet_ids,referenced_tweets,withheld";
/// Searching further back than this X refuses; its own bound is seven days.
const REACH: Span = Span::hours(156);

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "x",
    en: "X (formerly Twitter), paid by the post, within a monthly limit that you set",
    ja: "X（旧Twitter）。投稿を読むごとに課金。月の上限額を必ず決めます",
    keys: &[
        Key {
            name: "query",
            form: Form::Text,
            required: true,
            example: "\"つばめ電機 OR つばめでんき\"",
            en: "What is searched for, in X's own words (OR, quotation marks, -word). Without a word on language and reposts, `lang:ja -is:retweet` is added; at most 512 letters in all.",
            ja: "X の検索語（OR・引用符・-語 が使えます）。言語とリポストの指定がなければ `lang:ja -is:retweet` を足します。合わせて512文字まで。",
        },
        Key {
            name: "token",
            form: Form::Secret { env: "token_env", file: "token_file" },
            required: true,
            example: "\"HINOMI_X_TOKEN\"",
            en: "the bearer token of your X app.",
            ja: "X アプリの Bearer トークンです。",
        },
        Key {
            name: "monthly_usd",
            form: Form::Amount(1_000_000.0),
            required: true,
            example: "50.0",
            en: "The most that may be spent in a calendar month (UTC), in US dollars. It is never exceeded; a tenth of it is kept for open incidents.",
            ja: "1か月（UTC）に使ってよい上限額（米ドル）。超えることはありません。1割は炎上中のために残します。",
        },
        Key {
            name: "usd_per_post",
            form: Form::Amount(100.0),
            required: false,
            example: "0.005",
            en: "What X charges for reading a post. Set it when the tariff changes; unset: 0.005.",
            ja: "投稿1件を読む料金（米ドル）。料金表が変わったら書き換えます。省略時は0.005。",
        },
        Key {
            name: "usd_per_count",
            form: Form::Amount(100.0),
            required: false,
            example: "0.005",
            en: "What X charges for one question of how many posts there are, asked every `poll_every` or less often as money gets short; unset: 0.005.",
            ja: "件数の問い合わせ1回の料金（米ドル）。`poll_every` ごと（残額が減ると間隔は延びます）。省略時は0.005。",
        },
    ],
    source_type: Some(SourceType::Post),
    least_pause: Span::minutes(5),
    terms: Terms {
        kept: Some(KEPT),
        en: "Paid by the post. Deletions, edits and withholding must be followed: posts are looked up again daily as far as a quarter of the day's money goes, and texts are dropped after 7 days. Do not pass texts on.",
        ja: "投稿ごとの課金。削除・編集・非公開化に従う義務があり、1日の予算の4分の1までで毎日確かめ直し、本文は7日で消します。本文の再配布はできません。",
    },
    wrong,
    build: |basics, fields, _| Built::Polled(Arc::new(XSource::new(basics, fields))),
};

fn wrong(fields: &Fields) -> Option<Wrong> {
    let (given, whole) = (fields.text("query"), query(fields.text("query")));
    let (letters, own) = (whole.chars().count(), given.chars().count());
    (letters > QUERY).then(|| {
        let most = QUERY.saturating_sub(letters - own);
        Wrong {
            key: "query",
            en: format!("\"query\" has {own} letters and may have {most}: X takes {QUERY}, with what is added to it"),
            ja: format!("\"query\" は{own}文字です。{most}文字までにしてください — 付け足す分と合わせて X の上限は{QUERY}文字です"),
        }
    })
}

/// What X is asked for: the person's words, in Japanese and without reposts where they say nothing of either.
fn query(given: &str) -> String {
    let says = |word: &str| given.split([' ', '(', ')']).any(|w| w.trim_start_matches('-').starts_with(word));
    let mut whole = if given.contains(" OR ") { format!("({given})") } else { given.to_owned() };
    if !says("lang:") {
        whole.push_str(" lang:ja");
    }
    if !says("is:retweet") {
        whole.push_str(" -is:retweet");
    }
    whole
}

/// What a person decided.
struct Params {
    query: String,
    token: Secret,
    every: Span,
    monthly: Grant,
    /// Prices in millionths of a dollar.
    post: u64,
    count: u64,
}

/// One query.
pub struct XSource {
    basics: SourceBasics,
    params: Params,
    host: String,
}

impl XSource {
    /// As `fields` say.
    pub fn new(basics: SourceBasics, fields: &Fields) -> Self {
        let every = basics.poll_every.unwrap_or(Span::minutes(15));
        let price = |key| micros(fields.amount(key).unwrap_or(0.005)).max(1);
        let params = Params {
            query: query(fields.text("query")),
            token: fields.secret("token").cloned().unwrap_or_else(|| Secret::new("")),
            every,
            // A limit is rounded down, prices up.
            monthly: Grant(whole_micros(fields.amount("monthly_usd").unwrap_or(0.0))),
            post: price("usd_per_post"),
            count: price("usd_per_count"),
        };
        Self { basics, params, host: HOST.to_owned() }
    }

    /// The same, asking another host: a proxy that counts, or a test.
    pub fn at(self, host: &str) -> Self {
        Self { host: host.trim_end_matches('/').to_owned(), ..self }
    }

    fn memory(&self, state: &SourceState, now: Timestamp) -> Memory {
        Memory::of(state, &self.params, now)
    }

    fn ask(&self, memory: &Memory, step: &Step, now: Timestamp) -> Result<Request, SourceError> {
        let path = match step {
            Step::Count(_) => "/2/tweets/counts/recent",
            Step::Search(_) => "/2/tweets/search/recent",
            Step::Check(_) => "/2/tweets",
        };
        let mut url =
            Url::parse(&format!("{}{path}", self.host)).map_err(|e| SourceError::Unavailable(e.to_string()))?;
        let mut pairs = url.query_pairs_mut();
        match step {
            Step::Count(since) => {
                pairs.append_pair("query", &self.params.query).append_pair("granularity", "minute");
                let since = (*since).max(now - REACH).min(now - Span::minutes(1));
                pairs.append_pair("start_time", &since.rfc3339(Zone::UTC));
            }
            Step::Search(posts) => {
                pairs.append_pair("query", &self.params.query).append_pair("max_results", &posts.to_string());
                pairs.append_pair("tweet.fields", FIELDS);
                // Older ids than it searches X refuses, and with them the whole question.
                if written_at(&memory.since).is_some_and(|at| now - at < REACH) {
                    pairs.append_pair("since_id", &memory.since);
                }
                if let Some(paging) = &memory.paging {
                    pairs.append_pair("next_token", &paging.token);
                }
            }
            Step::Check(ids) => {
                pairs.append_pair("ids", &ids.join(",")).append_pair("tweet.fields", FIELDS);
            }
        }
        drop(pairs);
        Ok(Request::api(url.as_str()).bearer(&self.params.token).counted())
    }
}

impl Source for XSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn request(&self, state: &SourceState, now: Timestamp) -> Question {
        let memory = self.memory(state, now);
        let step = match &memory.asked {
            Some(asked) if asked.at == now => asked.step.clone(),
            _ => match plan::next(&memory, &self.params, state.urgent, now) {
                Plan::Ask(step, _) => step,
                Plan::Wait(until) => return Question::Wait(until),
                Plan::Spent(until) => return Question::Blind(SourceError::Spent { until }),
            },
        };
        self.ask(&memory, &step, now).map_or_else(Question::Blind, Question::Ask)
    }

    fn reserve(&self, state: &SourceState, now: Timestamp) -> Option<Reservation> {
        let mut memory = self.memory(state, now);
        match plan::next(&memory, &self.params, state.urgent, now) {
            Plan::Ask(step, cost) => memory.reserve(step, cost, now),
            // What was reserved at this very moment and lost must not be taken for a question that is paid for.
            Plan::Wait(_) | Plan::Spent(_) => {
                memory.asked.as_mut().filter(|asked| asked.at == now)?.at = Timestamp::default();
            }
        }
        Some(Reservation { cursor: memory.cursor(), meter: memory.meter(&self.params, now) })
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let mut memory = self.memory(state, now);
        let asked = memory.asked.clone().filter(|asked| asked.at == now);
        let Some(asked) = asked else {
            return Err(SourceError::Unavailable("an answer to a question that was not paid for".into()));
        };
        let mut page = answer::read(self, &mut memory, &asked, response, state.urgent, now)?;
        page.next = plan::after(&memory, &self.params, state.urgent, now);
        page.cursor = memory.cursor();
        page.meter = Some(memory.meter(&self.params, now));
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
