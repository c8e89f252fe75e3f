//! The frames of Jetstream, both dialects, as what they say. Knows nothing of who is watched.

use serde::Deserialize;
use serde_json::Value;

use super::COLLECTION;
use crate::{
    collect::{html, source::SourceError},
    model::{limits, time::Timestamp},
};

/// One frame.
#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    Event(Event),
    /// Posts before this are not sent any more.
    Gap(String),
    /// The last frame of this line.
    Ended(String),
    /// Nothing for us.
    Other,
}

/// Something that happened in the network.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    pub did: String,
    /// When the server saw it.
    pub at: Option<Timestamp>,
    pub what: What,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    Written {
        rkey: String,
        text: String,
        created: Option<Timestamp>,
        edited: bool,
    },
    Deleted {
        rkey: String,
    },
    /// The whole account, with everything that it wrote.
    Gone,
    Nothing,
}

/// What stands in the frames of both dialects, as far as we need it.
#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "$type")]
    form: Option<String>,
    payload: Option<Payload>,
    error: Option<String>,
    message: Option<String>,
    // The older dialect.
    did: Option<String>,
    time_us: Option<i64>,
    commit: Option<Commit>,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "$type")]
    form: String,
    did: Option<String>,
    time: Option<String>,
    account: Option<Account>,
    // `#info`
    name: Option<String>,
    message: Option<String>,
    #[serde(flatten)]
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    operation: String,
    collection: String,
    rkey: String,
    record: Option<Record>,
}

/// What a stranger wrote: every field may be anything.
#[derive(Deserialize)]
struct Record {
    text: Option<Value>,
    #[serde(rename = "createdAt")]
    created_at: Option<Value>,
}

#[derive(Deserialize)]
struct Account {
    active: Option<bool>,
    status: Option<String>,
}

/// Takes a frame apart.
pub(super) fn read(frame: &str) -> Result<Frame, SourceError> {
    let raw: Raw = serde_json::from_str(frame).map_err(|e| malformed(&e.to_string()))?;
    let (did, at, what) = match (raw.form.as_deref(), raw.payload) {
        (Some("error"), _) => {
            let (error, message) = (raw.error.unwrap_or_default(), raw.message.unwrap_or_default());
            return Ok(Frame::Ended(short(&format!("{error} {message}"))));
        }
        (_, Some(payload)) => {
            let at = payload.time.as_deref().and_then(Timestamp::parse_rfc3339);
            match payload.form.rsplit('#').next() {
                Some("commit") => (payload.did, at, payload.commit.map_or(What::Nothing, what)),
                Some("account") => (payload.did, at, payload.account.map_or(What::Nothing, |a| account(&a))),
                Some("info") if payload.name.as_deref() == Some("OutdatedCursor") => {
                    return Ok(Frame::Gap(short(&payload.message.unwrap_or_else(|| "OutdatedCursor".into()))));
                }
                _ => (payload.did, at, What::Nothing),
            }
        }
        _ => {
            let at = raw.time_us.map(|micros| Timestamp::from_millis(micros / 1000));
            let what = match (raw.commit, raw.account) {
                (Some(commit), _) => what(commit),
                (None, Some(a)) => account(&a),
                _ => What::Nothing,
            };
            (raw.did, at, what)
        }
    };
    match did {
        Some(did) if did.starts_with("did:") && is_plain(&did) => Ok(Frame::Event(Event { did, at, what })),
        Some(_) => Err(malformed("an author's name is no DID")),
        None => Ok(Frame::Other),
    }
}

fn what(commit: Commit) -> What {
    if commit.collection != COLLECTION || !is_plain(&commit.rkey) {
        return What::Nothing;
    }
    let rkey = commit.rkey;
    let text = |value: Option<Value>| match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    match (commit.operation.as_str(), commit.record) {
        ("delete", _) => What::Deleted { rkey },
        (operation @ ("create" | "update"), Some(record)) => What::Written {
            rkey,
            text: text(record.text).unwrap_or_default(),
            created: text(record.created_at).and_then(|t| Timestamp::parse_rfc3339(&t)),
            edited: operation == "update",
        },
        _ => What::Nothing,
    }
}

/// A server that is merely slow or throttled says so with other words, and nothing is lost by it.
fn account(account: &Account) -> What {
    let gone = matches!(account.status.as_deref(), None | Some("deleted" | "deactivated" | "takendown" | "suspended"));
    if account.active == Some(false) && gone { What::Gone } else { What::Nothing }
}

/// Letters that identities are made of; nothing that could lead elsewhere in a link.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:~-%".contains(c);
    !text.is_empty() && text.len() <= limits::FIELD_BYTES && text.chars().all(plain) && text != "." && text != ".."
}

fn malformed(why: &str) -> SourceError {
    SourceError::Malformed(short(why))
}

fn short(text: &str) -> String {
    html::one_line(text).chars().take(limits::ERROR_CHARS).collect()
}
