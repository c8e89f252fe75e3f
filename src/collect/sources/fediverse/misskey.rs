//! Misskey: notes by tag, and by search where the server offers it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{HOST, NETWORK, QUERY, Server, TAGS, TOKEN, Trail, mfm, parse, tags, warned, whole, wrong};
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
    word: "misskey",
    en: "hashtags or search on a Misskey server",
    ja: "Misskey サーバーのハッシュタグ・検索",
    keys: &[HOST, TAGS, QUERY, TOKEN],
    source_type: Some(SourceType::Post),
    least_pause: Span::minutes(1),
    terms: Terms {
        kept: None,
        en: "Each server has rules of its own: read them, and ask its administrator where they are not clear.",
        ja: "規約はサーバーごとに違います。読み、はっきりしないときは管理者に尋ねてください。",
    },
    wrong,
    build: |basics, fields, _: &CollectParams| Built::Polled(Arc::new(Misskey::new(basics, fields))),
};

/// Notes of an answer: the most that a server gives.
const LIMIT: usize = 100;

/// The source.
#[derive(Debug, Clone)]
pub struct Misskey {
    basics: SourceBasics,
    server: Server,
    /// One: words for the search, or all tags with a line between them.
    questions: Vec<String>,
    search: bool,
    token: Option<Secret>,
}

impl Misskey {
    /// What the settings say; the configuration refused what says nothing.
    pub fn new(basics: SourceBasics, fields: &Fields) -> Self {
        let query = fields.text("query").trim();
        let question = if query.is_empty() { tags(fields.texts("tags")).join("\n") } else { query.to_owned() };
        Self {
            basics,
            server: Server::new(fields.text("host")),
            questions: vec![question],
            search: !query.is_empty(),
            token: fields.secret("token").cloned(),
        }
    }

    fn post(&self, note: Note, now: Timestamp) -> Option<Post> {
        // A pure renote has no words of its own, and the note that it shows comes by itself.
        let text = note.text.filter(|text| !text.trim().is_empty());
        if (text.is_none() && note.cw.is_none())
            || !matches!(note.visibility.as_deref(), None | Some("public" | "home"))
        {
            return None;
        }
        let here = self.server.page(&["notes", &note.id])?;
        let uri = whole(note.uri.as_deref().unwrap_or(here.as_str()))?;
        let host = note.user.host.as_deref().unwrap_or(self.server.host());
        Some(Post {
            source: self.basics.name.clone(),
            url: note.url.as_deref().and_then(whole).or_else(|| Some(uri.clone())),
            external_id: uri,
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            author: Some(self.server.handle(&format!("{}@{host}", note.user.username))),
            author_followers: None,
            title: None,
            text: warned(&note.cw.unwrap_or_default(), &mfm::to_text(&text.unwrap_or_default())),
            published_at: note.created_at.as_deref().and_then(Timestamp::parse_rfc3339),
            collected_at: now,
            reach: None,
            views: None,
            repost_of: None,
        })
    }

    fn refused(&self, response: &Response) -> SourceError {
        let refusal = parse::<Refusal>(response).map(|r| r.error).unwrap_or_default();
        let said = format!("{} {}", refusal.code, html::cut(&html::one_line(&refusal.message), 100));
        match (refusal.code.as_str(), response.status) {
            ("UNAVAILABLE", _) if self.search => SourceError::Unavailable(
                "this server offers no search for notes — look for tags there instead of query".into(),
            ),
            ("CREDENTIAL_REQUIRED" | "AUTHENTICATION_FAILED" | "PERMISSION_DENIED" | "ACCESS_DENIED", _)
            | (_, 401 | 403) => {
                SourceError::Credential(format!("{said} — give the token of an account there (token_env)"))
            }
            (_, status) => SourceError::Unavailable(format!("HTTP {status} {said} — is it a Misskey server?")),
        }
    }
}

impl Source for Misskey {
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
        let question = self.questions.first().map_or("", String::as_str);
        let (path, mut body) = if self.search {
            ("search", json!({"query": question}))
        } else {
            // Any of these, each of one tag.
            ("search-by-tag", json!({"query": question.lines().map(|tag| [tag]).collect::<Vec<_>>()}))
        };
        body["limit"] = LIMIT.into();
        if let Some(id) = trail.since() {
            body["sinceId"] = id.into();
        }
        if let Some(token) = &self.token {
            body["i"] = token.expose().into();
        }
        let Some(address) = self.server.page(&["api", "notes", path]) else { return Question::Blind(super::nowhere()) };
        Question::Ask(Request::api(address.as_str()).json(&body.to_string()))
    }

    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        if response.status >= 400 {
            return Err(self.refused(response));
        }
        let notes: Vec<Note> = parse(response)?;
        let trail = Trail::of(state, &self.server, &self.questions);
        let (cursor, next) = trail.after(notes.iter().map(|n| n.id.as_str()), notes.len() >= LIMIT);
        let posts = notes.into_iter().filter_map(|note| self.post(note, now)).collect();
        Ok(Page { posts, cursor, next, ..Page::default() })
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: Said,
}

#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Note {
    id: String,
    #[serde(rename = "createdAt")]
    created_at: Option<String>,
    text: Option<String>,
    cw: Option<String>,
    visibility: Option<String>,
    user: User,
    uri: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct User {
    username: String,
    host: Option<String>,
}
