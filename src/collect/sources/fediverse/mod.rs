//! What Mastodon and Misskey have in common: servers of one network that show each other's posts.
//!
//! # Invariants
//! A post is named by its `uri`, which is the same on every server of the network.

pub mod mastodon;
mod mfm;
pub mod misskey;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    collect::{
        html,
        kind::{Fields, Form, Key, Wrong},
        source::{Next, Response, SourceError},
    },
    model::{
        limits,
        source::{Cursor, SourceState},
    },
};

/// Under which name the store knows posts of all these servers.
const NETWORK: &str = "fediverse";

const HOST: Key = Key {
    name: "host",
    form: Form::Text,
    required: true,
    example: "\"social.example.jp\"",
    en: "The server that is asked.",
    ja: "問い合わせるサーバー。",
};

const TAGS: Key = Key {
    name: "tags",
    form: Form::Texts,
    required: false,
    example: "[\"つばめ電機\"]",
    en: "Hashtags, with or without #. Either these or query.",
    ja: "ハッシュタグ（# は省けます）。query とどちらか一方。",
};

const QUERY: Key = Key {
    name: "query",
    form: Form::Text,
    required: false,
    example: "",
    en: "Words for the server's own search, where it offers one.",
    ja: "サーバーの全文検索に渡す語（検索を提供するサーバーだけ）。",
};

const TOKEN: Key = Key {
    name: "token",
    form: Form::Secret { env: "token_env", file: "token_file" },
    required: false,
    example: "",
    en: "the access token of an account there, for servers that show their timelines to their users only",
    ja: "そのサーバーのアクセストークン（タイムラインを利用者だけに見せるサーバーで必要）",
};

fn wrong(fields: &Fields) -> Option<Wrong> {
    let wrong = |key, en: &str, ja: &str| Some(Wrong { key, en: en.to_owned(), ja: ja.to_owned() });
    if base(fields.text("host")).is_none() {
        let en = "host must be the name of a server, such as \"social.example.jp\"";
        return wrong("host", en, "host はサーバー名にしてください — 例: \"social.example.jp\"");
    }
    let no_tags = tags(fields.texts("tags")).is_empty();
    match (no_tags, fields.text("query").trim().is_empty()) {
        (true, true) => wrong(
            "host",
            "what to look for is missing: write tags or query",
            "探す語がありません — tags か query を書いてください",
        ),
        (false, false) => wrong(
            "query",
            "tags and query are two questions: write a source for each (a post that both find counts once)",
            "tags と query は別々の [[source]] にしてください（両方に出た投稿も1件と数えます）",
        ),
        _ => None,
    }
}

/// The server that a person wrote as a name or an address.
fn base(host: &str) -> Option<Url> {
    let host = host.trim();
    let url = Url::parse(&if host.contains("://") { host.to_owned() } else { format!("https://{host}") }).ok()?;
    let right = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && matches!(url.path(), "" | "/");
    (right && url.has_host()).then_some(url)
}

/// A server; the configuration refuses what is none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server(Option<Url>);

impl Server {
    fn new(host: &str) -> Self {
        Self(base(host))
    }

    /// A page of its interface.
    fn page(&self, path: &[&str]) -> Option<Url> {
        let mut url = self.0.clone()?;
        url.path_segments_mut().ok()?.clear().extend(path);
        Some(url)
    }

    fn host(&self) -> &str {
        self.0.as_ref().and_then(Url::host_str).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", Url::as_str)
    }

    /// `name@server`, also where the server leaves out its own name.
    fn handle(&self, name: &str) -> String {
        let full = if name.contains('@') { name.to_owned() } else { format!("{name}@{}", self.host()) };
        html::cut(&full, limits::FIELD_BYTES).to_owned()
    }
}

fn nowhere() -> SourceError {
    SourceError::Unavailable("its host is no server".into())
}

fn tags(written: &[String]) -> Vec<String> {
    written
        .iter()
        .map(|tag| tag.trim().trim_start_matches(['#', '＃']).to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

/// A name for good, or none: half an identity could be somebody else's.
fn whole(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= limits::FIELD_BYTES).then(|| text.to_owned())
}

/// A warning stands before what it warns of.
fn warned(warning: &str, text: &str) -> String {
    let warning = html::one_line(warning);
    let all = if warning.is_empty() { text.to_owned() } else { format!("{warning}\n{text}") };
    html::cut(&all, limits::TEXT_BYTES).to_owned()
}

fn parse<T: for<'a> Deserialize<'a>>(response: &Response) -> Result<T, SourceError> {
    serde_json::from_slice(&response.body).map_err(|e| {
        if response.body.trim_ascii_start().starts_with(b"<") {
            SourceError::WebPage
        } else {
            SourceError::Malformed(e.to_string().chars().take(limits::ERROR_CHARS).collect())
        }
    })
}

/// How far each question has been answered. The questions take turns, a page each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Trail {
    server: String,
    questions: Vec<String>,
    /// The newest post of each; empty before the first.
    newest: Vec<String>,
    turn: usize,
}

impl Trail {
    /// What `state` remembers, if it is of this server and these questions.
    fn read(state: &SourceState) -> Option<Self> {
        serde_json::from_str(&state.cursor.0).ok()
    }

    fn of(state: &SourceState, server: &Server, questions: &[String]) -> Self {
        let fits =
            |t: &Self| t.is_of(server, questions) && t.newest.len() == questions.len() && t.turn < questions.len();
        Self::read(state).filter(fits).unwrap_or_else(|| Self {
            server: server.as_str().to_owned(),
            questions: questions.to_vec(),
            newest: vec![String::new(); questions.len()],
            turn: 0,
        })
    }

    fn is_of(&self, server: &Server, questions: &[String]) -> bool {
        self.server == server.as_str() && self.questions == questions
    }

    /// The newest post that the question of now has brought so far.
    fn since(&self) -> Option<&str> {
        self.newest.get(self.turn).map(String::as_str).filter(|id| !id.is_empty())
    }

    /// After an answer with these posts. A full one has more behind it, but history is not read back.
    fn after<'a>(mut self, ids: impl Iterator<Item = &'a str>, full: bool) -> (Cursor, Next) {
        let more = full && self.since().is_some();
        if let Some(newest) = self.newest.get_mut(self.turn) {
            // Longer is larger: they are numbers, or times in letters.
            for id in ids.filter(|id| id.len() <= limits::FIELD_BYTES) {
                if (id.len(), id) > (newest.len(), newest.as_str()) {
                    id.clone_into(newest);
                }
            }
        }
        if !more {
            self.turn = (self.turn + 1) % self.questions.len().max(1);
        }
        let next = if more || self.turn > 0 { Next::AtOnce } else { Next::Usual };
        (Cursor(serde_json::to_string(&self).unwrap_or_default()), next)
    }
}

#[cfg(test)]
mod tests;
