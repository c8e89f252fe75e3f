//! Bluesky, by Jetstream: every post of the network, as it is written.
//!
//! Two dialects are understood: v2 (`network.bsky.jetstream.subscribeEvents`), and v1 (`/subscribe`), which older
//! servers speak. The place in the stream is a time, because a time means the same on every server and in both.
//!
//! # Invariants
//! What a server has not written itself (a record) never moves our place nor takes a post back.

mod frame;

use std::sync::Arc;

use url::Url;

use self::frame::{Event, What};
use crate::{
    collect::{
        CollectParams, SourceBasics, html,
        kind::{Built, Fields, Form, Key, Kind, Terms, Wrong},
        source::SourceError,
        stream::{Heard, Hello, Interest, Stream},
    },
    model::{
        limits,
        post::{Post, SourceType},
        source::{Cursor, SourceState, Withdrawn},
        time::{Span, Timestamp},
    },
};

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "bluesky",
    en: "every public post of Bluesky, as it is written (Jetstream)",
    ja: "Bluesky の全公開投稿（Jetstream、常時接続）",
    keys: &[Key {
        name: "hosts",
        form: Form::Texts,
        required: false,
        example: "[\"jetstream1.us-east.bsky.network\"]",
        en: "Jetstream servers, tried in this order; without it the public ones of Bluesky. An address that ends in \
             /subscribe is spoken to in the older dialect.",
        ja: "Jetstream のサーバー（この順に試します）。省くと Bluesky の公開サーバー。/subscribe で終わる URL \
             には旧方式で話します。",
    }],
    source_type: Some(SourceType::Post),
    least_pause: Span::ZERO,
    terms: Terms {
        kept: None,
        en: "No key and no cost. What an author deletes is deleted here as well; a quote in a mail already sent is not.",
        ja: "鍵も料金も要りません。投稿者が消したものはここからも消します（送ったメールの引用は消えません）。",
    },
    wrong,
    build: |basics, fields, _: &CollectParams| Built::Streamed(Arc::new(Jetstream::new(basics, fields.texts("hosts")))),
};

/// The public servers.
const HOSTS: [&str; 4] = [
    "jetstream1.us-east.bsky.network",
    "jetstream2.us-east.bsky.network",
    "jetstream1.us-west.bsky.network",
    "jetstream2.us-west.bsky.network",
];
const V2: &str = "/xrpc/network.bsky.jetstream.subscribeEvents";
const V1: &str = "/subscribe";
const COLLECTION: &str = "app.bsky.feed.post";
/// How far a new line begins before the end of the last: servers do not stamp an event in the same moment, and what
/// comes twice is stored once.
const REWIND: Span = Span::seconds(5);
/// All the world is never silent for so long.
const SILENCE: Span = Span::seconds(60);

fn wrong(fields: &Fields) -> Option<Wrong> {
    let bad = fields.texts("hosts").iter().find(|host| address(host, V2).is_none())?;
    let shown = html::cut(bad, 60);
    Some(Wrong {
        key: "hosts",
        en: format!("{shown:?} is neither the name of a server nor a wss:// address"),
        ja: format!("{shown:?} はサーバー名でも wss:// の URL でもありません"),
    })
}

/// Where a server is called that a person wrote as a name or an address.
fn address(host: &str, path: &str) -> Option<Url> {
    let named = if host.contains("://") { host.to_owned() } else { format!("wss://{host}") };
    let mut url = Url::parse(&named).ok()?;
    let right = matches!(url.scheme(), "ws" | "wss") && url.has_host() && url.username().is_empty();
    if matches!(url.path(), "" | "/") {
        url.set_path(path);
    }
    right.then_some(url)
}

/// The stream.
#[derive(Debug, Clone)]
pub struct Jetstream {
    basics: SourceBasics,
    hosts: Vec<String>,
}

impl Jetstream {
    /// From these servers; from the public ones where none is named.
    pub fn new(basics: SourceBasics, hosts: &[String]) -> Self {
        let public = || HOSTS.iter().map(|host| (*host).to_owned()).collect();
        Self { basics, hosts: if hosts.is_empty() { public() } else { hosts.to_vec() } }
    }

    /// The server for the call after so many that failed: each is tried in both dialects before the next.
    fn server(&self, failures: u32) -> Option<Url> {
        let turn = failures as usize;
        let host = self.hosts.get(turn / 2 % self.hosts.len().max(1))?;
        address(host, if turn.is_multiple_of(2) { V2 } else { V1 })
    }

    fn post(&self, event: &Event, rkey: &str, text: &str, created: Option<Timestamp>, now: Timestamp) -> Post {
        Post {
            source: self.basics.name.clone(),
            external_id: identity(&event.did, rkey),
            source_type: self.basics.source_type,
            channel: self.basics.channel,
            url: Some(format!("https://bsky.app/profile/{}/post/{rkey}", event.did)),
            author: Some(event.did.clone()),
            author_followers: None,
            title: None,
            text: html::cut(text, limits::TEXT_BYTES).to_owned(),
            published_at: created,
            // The network's own time: after a pause of ours a post is as old as it is.
            collected_at: event.at.map_or(now, |at| at.min(now)),
            reach: None,
            views: None,
            repost_of: None,
        }
    }
}

fn identity(did: &str, rkey: &str) -> String {
    format!("{did}/{COLLECTION}/{rkey}")
}

/// How far we are after an event of `time`. Never back, and never beyond our own clock: a frame of 2099 would make us
/// skip everything until then.
fn reached(at: &Cursor, time: Option<Timestamp>, now: Timestamp) -> Option<Cursor> {
    let micros = time?.min(now).millis().checked_mul(1000)?;
    Some(Cursor(at.0.parse().map_or(micros, |before: i64| before.max(micros)).to_string()))
}

/// Whether a frame is a new post in which no name can stand. Only what the server wrote before the record is believed.
fn passes(frame: &str, about: &dyn Interest) -> bool {
    let Some((head, record)) = frame.split_once("\"record\"") else { return false };
    head.contains("\"operation\":\"create\"") && head.contains(COLLECTION) && !about.may_name(record)
}

impl Stream for Jetstream {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    /// Another stream's place is no time of this millennium.
    fn continues(&self, state: &SourceState) -> bool {
        state.cursor.0.is_empty() || state.cursor.0.parse::<i64>().is_ok_and(|at| at >= 1_000_000_000_000_000)
    }

    fn hello(&self, state: &SourceState, _now: Timestamp) -> Hello {
        let Some(mut url) = self.server(state.errors) else { return Hello::to(String::new()) };
        let old = url.path().ends_with(V1);
        {
            let mut query = url.query_pairs_mut();
            if old {
                query.append_pair("wantedCollections", COLLECTION);
            } else {
                query.append_pair("kinds", "commit").append_pair("kinds", "account");
                query.append_pair("collections", COLLECTION);
            }
            if let Ok(at) = state.cursor.0.parse::<i64>() {
                query.append_pair("cursor", &(at - REWIND.millis() * 1000).to_string());
            }
        }
        Hello { silence: Some(SILENCE), ..Hello::to(url.into()) }
    }

    fn read(&self, frame: &str, about: &dyn Interest, at: &Cursor, now: Timestamp) -> Result<Heard, SourceError> {
        if passes(frame, about) {
            return Ok(Heard::passed());
        }
        let event = match frame::read(frame)? {
            frame::Frame::Event(event) => event,
            frame::Frame::Gap(why) => return Ok(Heard { gap: Some(why), ..Heard::default() }),
            frame::Frame::Other => return Ok(Heard::default()),
            frame::Frame::Ended(why) => {
                return Ok(Heard { ended: Some(SourceError::Unavailable(why)), ..Heard::default() });
            }
        };
        let mut heard = Heard { cursor: reached(at, event.at, now), ..Heard::default() };
        match &event.what {
            What::Deleted { rkey } => heard.withdrawn.push(Withdrawn::Post(identity(&event.did, rkey))),
            What::Gone => heard.withdrawn.push(Withdrawn::All(format!("{}/", event.did))),
            What::Written { text, edited, .. } if !edited && !about.names(text) => heard.passed = 1,
            // Also an edited post that names nobody any longer: it may have named somebody before.
            What::Written { rkey, text, created, .. } => {
                heard.posts.push(self.post(&event, rkey, text, *created, now));
            }
            What::Nothing => {}
        }
        Ok(heard)
    }

    fn place(&self, frame: &str, at: &Cursor, now: Timestamp) -> Option<Cursor> {
        match frame::read(frame) {
            Ok(frame::Frame::Event(event)) => reached(at, event.at, now),
            _ => None,
        }
    }

    /// Only the beginning of an answer in place of a line is read, and it may be missing.
    fn too_late(&self, status: u16, body: &str) -> bool {
        status == 400 && (body.is_empty() || body.contains("CursorTooOld"))
    }
}

#[cfg(test)]
mod tests;
