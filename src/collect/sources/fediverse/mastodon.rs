//! Mastodon and what speaks like it: tag timelines, and search where the server offers it.

use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use super::{HOST, NETWORK, QUERY, Server, TAGS, TOKEN, Trail, parse, tags, warned, whole, wrong};
use crate::{
    collect::{
        CollectParams, SourceBasics, html,
        kind::{Built, Fields, Kind, Terms},
        source::{Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        post::{Post, SourceType},
        secret::Secret,
        source::SourceState,
        time::{Span, Timestamp},
    },
};

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "mastodon",
    en: "hashtags or search on a Mastodon server",
    ja: "Mastodon サーバーのハッシュタグ・検索",
    keys: &[HOST, TAGS, QUERY, TOKEN],
    source_type: Some(SourceType::Post),
    least_pause: Span::minutes(1),
    terms: Terms {
        kept: None,
        en: "Each server has rules of its own: read them, and ask its administrator where they are not clear.",
        ja: "規約はサーバーごとに違います。読み、はっきりしないときは管理者に尋ねてください。",
    },
    wrong,
    build: |basics, fields, _: &CollectParams| Built::Polled(Arc::new(Mastodon::new(basics, fields))),
};

/// Posts of an answer: the most that a server gives.
const LIMIT: usize = 40;
/// Tags of one question.
const TAGS_AT_ONCE: usize = 4;

/// The source.
#[derive(Debug, Clone)]
pub struct Mastodon {
    basics: SourceBasics,
    server: Server,
    /// Each a word for the search, or tags with a line between them.
    questions: Vec<String>,
    search: bool,
    token: Option<Secret>,
}

impl Mastodon {
    /// What the settings say; the configuration refused what says nothing.
    pub fn new(basics: SourceBasics, fields: &Fields) -> Self {
        let query = fields.text("query").trim();
        let tags = tags(fields.texts("tags"));
        let questions = if query.is_empty() {
            tags.chunks(TAGS_AT_ONCE).map(|some| some.join("\n")).collect()
        } else {
            vec![query.to_owned()]
        };
        Self {
            basics,
            server: Server::new(fields.text("host")),
            questions,
            search: !query.is_empty(),
            token: fields.secret("token").cloned(),
        }
    }

    fn address(&self, trail: &Trail) -> Option<Url> {
        let question = trail.questions.get(trail.turn).map_or("", String::as_str);
        let mut tags = question.lines();
        let path: &[&str] = if self.search {
            &["api", "v2", "search"]
        } else {
            &["api", "v1", "timelines", "tag", tags.next().unwrap_or_default()]
        };
        let mut url = self.server.page(path)?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("limit", &LIMIT.to_string());
            if self.search {
                query.append_pair("q", question).append_pair("type", "statuses");
            } else {
                query.extend_pairs(tags.map(|tag| ("any[]", tag)));
            }
            if let Some(id) = trail.since() {
                query.append_pair("min_id", id);
            }
        }
        Some(url)
    }

    fn post(&self, status: Status, now: Timestamp) -> Option<Post> {
        let (uri, created) = (whole(&status.uri)?, status.created_at.clone());
        let (repost_of, said) = match status.reblog {
            Some(original) => (Some(whole(&original.uri)?), *original),
            None => (None, Status { reblog: None, ..status }),
        };
        if !matches!(said.visibility.as_deref(), None | Some("public" | "unlisted")) {
            return None;
        }
        let url = said.url.clone().or_else(|| whole(&said.uri)).filter(|url| whole(url).is_some());
        Some(Post {
            source: self.basics.name.clone(),
            external_id: uri,
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url,
            author: Some(self.server.handle(&said.account.acct)),
            author_followers: said.account.followers_count,
            title: None,
            text: warned(&said.spoiler_text, &html::to_text(&said.content)),
            published_at: created.as_deref().and_then(Timestamp::parse_rfc3339),
            collected_at: now,
            reach: None,
            views: None,
            repost_of,
        })
    }

    /// What an answer that is no list says.
    fn refused(&self, response: &Response) -> SourceError {
        let said = parse::<Refusal>(response).map(|r| r.error).unwrap_or_default();
        let said = html::cut(&html::one_line(&said), 120).to_owned();
        match response.status {
            401 | 403 | 422 if self.token.is_some() => {
                SourceError::Credential(format!("HTTP {}: {said} — make a new token", response.status))
            }
            401 | 403 | 422 => SourceError::Credential(format!(
                "this server shows it to its users only ({said}) — give the token of an account there (token_env)"
            )),
            status => SourceError::Unavailable(format!("HTTP {status} {said} — is it a Mastodon server?")),
        }
    }
}

impl Source for Mastodon {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn network(&self) -> Option<&'static str> {
        Some(NETWORK)
    }

    fn continues(&self, state: &SourceState) -> bool {
        state.cursor.0.is_empty() || Trail::read(state).is_some_and(|t| t.is_of(&self.server, &self.questions))
    }

    fn request(&self, state: &SourceState, _now: Timestamp) -> Question {
        let trail = Trail::of(state, &self.server, &self.questions);
        let Some(address) = self.address(&trail) else { return Question::Blind(super::nowhere()) };
        let request = Request::api(address.as_str());
        Question::Ask(match &self.token {
            Some(token) => request.bearer(token),
            None => request,
        })
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        if response.status >= 400 {
            return Err(self.refused(response));
        }
        let statuses = if self.search { parse::<Found>(response)?.statuses } else { parse::<Vec<Status>>(response)? };
        let trail = Trail::of(state, &self.server, &self.questions);
        let (cursor, next) = trail.after(statuses.iter().map(|s| s.id.as_str()), statuses.len() >= LIMIT);
        let whole = statuses.len();
        let posts: Vec<Post> = statuses.into_iter().filter_map(|status| self.post(status, now)).collect();
        Ok(Page { skipped: whole - posts.len(), posts, cursor, next, ..Page::default() })
    }
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    uri: String,
    url: Option<String>,
    created_at: Option<String>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    spoiler_text: String,
    visibility: Option<String>,
    account: Account,
    reblog: Option<Box<Status>>,
}

#[derive(Deserialize)]
struct Account {
    acct: String,
    followers_count: Option<u64>,
}
