//! Posts in a file, one JSON object a line: imports, recordings, the demo. The shape is that of `hinomi replay`.

use std::{path::PathBuf, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    collect::{
        SourceBasics, html,
        kind::{self, Built, Form, Key, Kind, Terms},
        source::{Page, Question, Request, Response, Source, SourceError},
    },
    model::{
        limits,
        post::{Channel, Post, SourceName, SourceType},
        source::{Cursor, SourceState},
        time::{Span, Timestamp},
    },
};

/// As the configuration knows it.
pub const KIND: Kind = Kind {
    word: "jsonl",
    en: "a file of posts, one JSON object a line",
    ja: "1行1件の投稿ファイル",
    keys: &[Key {
        name: "path",
        form: Form::Path,
        required: true,
        example: "\"posts.jsonl\"",
        en: "The file.",
        ja: "ファイルの場所。",
    }],
    source_type: None,
    least_pause: Span::ZERO,
    terms: Terms { kept: None, en: "Yours.", ja: "ご自身のデータです。" },
    wrong: kind::nothing_wrong,
    build: |basics, fields, _| Built::Polled(Arc::new(JsonlSource::new(basics, fields.path("path").to_owned()))),
};

/// A file that may still grow; read on from where the last visit ended.
#[derive(Debug, Clone)]
pub struct JsonlSource {
    basics: SourceBasics,
    path: PathBuf,
}

impl JsonlSource {
    /// The posts in `path`.
    pub const fn new(basics: SourceBasics, path: PathBuf) -> Self {
        Self { basics, path }
    }

    fn from(state: &SourceState) -> u64 {
        state.cursor.0.parse().unwrap_or(0)
    }
}

impl Source for JsonlSource {
    fn basics(&self) -> &SourceBasics {
        &self.basics
    }

    fn request(&self, state: &SourceState, _now: Timestamp) -> Question {
        Question::Ask(Request::file(self.path.clone(), Self::from(state)))
    }

    /// Only whole lines are taken: somebody may be writing the last one. The posts carry this source's name,
    /// whatever the file says, so that two files cannot claim each other's posts.
    fn read(&self, response: &Response, state: &SourceState, now: Timestamp) -> Result<Page, SourceError> {
        let whole = response.body.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        if whole == 0 && response.body.len() >= limits::BODY_BYTES {
            return Err(SourceError::Malformed("a single line fills the whole page".into()));
        }
        let text = String::from_utf8_lossy(response.body.get(..whole).unwrap_or_default());
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let (mut posts, mut skipped) = (Vec::new(), 0);
        for line in lines {
            match parse_line(line) {
                Ok(post) => posts.push(Post { source: self.basics.name.clone(), collected_at: now, ..post }),
                Err(_) => skipped += 1,
            }
        }
        if posts.is_empty() && skipped > 0 {
            return Err(SourceError::Malformed(format!("none of {skipped} lines is a post")));
        }
        // A file that became shorter is another one and came from its beginning.
        let from = if response.status == 206 { Self::from(state) } else { 0 };
        let read = from.saturating_add(u64::try_from(whole).unwrap_or(0));
        Ok(Page { posts, cursor: Cursor(read.to_string()), skipped, ..Page::default() })
    }
}

/// A line as somebody wrote it.
#[derive(Debug, Deserialize)]
struct Line {
    id: Option<Value>,
    source: Option<String>,
    source_type: Option<String>,
    channel: Option<String>,
    author: Option<String>,
    author_followers: Option<u64>,
    url: Option<String>,
    title: Option<String>,
    text: Option<String>,
    published_at: Option<String>,
    collected_at: Option<String>,
    reach: Option<u64>,
    views: Option<u64>,
    repost_of: Option<Value>,
}

/// What is put in where somebody else's post says nothing of it, or nothing that counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope<'e> {
    /// The name of the source, whatever the post says.
    pub source: Option<&'e str>,
    /// When it was collected, where the post names no time at all.
    pub collected_at: Option<Timestamp>,
}

/// Reads one post. Fields that we do not know are passed over; one that is missing or wrong is named.
pub fn parse_line(line: &str) -> Result<Post, String> {
    parse_in(line, Envelope::default())
}

/// The same for a post that came in an envelope.
pub fn parse_in(line: &str, envelope: Envelope<'_>) -> Result<Post, String> {
    post(serde_json::from_str(line).map_err(|e| format!("the line is no post: {e}"))?, envelope)
}

/// The same for one that stood in a list.
pub fn parse_value(value: Value, envelope: Envelope<'_>) -> Result<Post, String> {
    post(serde_json::from_value(value).map_err(|e| format!("no post: {e}"))?, envelope)
}

fn post(line: Line, envelope: Envelope<'_>) -> Result<Post, String> {
    let source_type: SourceType = line
        .source_type
        .as_deref()
        .map_or(Ok(SourceType::Post), str::parse)
        .map_err(|e| format!("\"source_type\": {e}"))?;
    let channel: Channel = line
        .channel
        .as_deref()
        .map_or(Ok(source_type.usual_channel()), str::parse)
        .map_err(|e| format!("\"channel\": {e}"))?;
    let published_at = time("published_at", line.published_at)?;
    let collected_at = time("collected_at", line.collected_at)?.or(published_at).or(envelope.collected_at);
    let collected_at = collected_at.ok_or("\"collected_at\" and \"published_at\" are both missing")?;
    let short = |text: String| html::cut(&text, limits::FIELD_BYTES).to_owned();
    let title = line.title.map(|t| short(html::one_line(&t))).filter(|t| !t.is_empty());
    if line.text.is_none() && title.is_none() {
        return Err("\"text\" and \"title\" are both missing".into());
    }
    Ok(Post {
        source: SourceName(
            envelope
                .source
                .map(str::to_owned)
                .or(line.source)
                .map(short)
                .filter(|s| !s.is_empty())
                .ok_or("\"source\" is missing")?,
        ),
        external_id: line.id.map(name).transpose()?.flatten().ok_or("\"id\" is missing")?,
        source_type,
        channel,
        // Half an address leads elsewhere.
        url: line.url.filter(|url| url.len() <= limits::FIELD_BYTES),
        author: line.author.map(short),
        author_followers: line.author_followers,
        title,
        text: html::cut(&line.text.unwrap_or_default(), limits::TEXT_BYTES).to_owned(),
        published_at,
        collected_at,
        reach: line.reach,
        views: line.views,
        repost_of: line.repost_of.map(name).transpose()?.flatten(),
    })
}

/// A text or a number that is not empty. One that is too long is refused: cut, it could be somebody else's.
fn name(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::String(text) if text.len() > limits::FIELD_BYTES => {
            Err(format!("\"id\" or \"repost_of\" is longer than {} bytes", limits::FIELD_BYTES))
        }
        Value::String(text) => Ok(Some(text).filter(|t| !t.is_empty())),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Ok(None),
    }
}

fn time(field: &str, text: Option<String>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    match Timestamp::parse_rfc3339(&text) {
        Some(at) => Ok(Some(at)),
        None => Err(format!("{field:?}: {:?} is not an RFC 3339 time", html::cut(&text, 40))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id":"p1","source":"x","source_type":"news","text":"つばめ電機","collected_at":"2026-05-12T12:00:00Z","new":[1]}"#;

    fn source() -> JsonlSource {
        let name = SourceName("file".into());
        let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None };
        JsonlSource::new(basics, "x.jsonl".into())
    }

    #[test]
    fn a_line_is_a_post_and_unknown_fields_do_not_matter() {
        let post = parse_line(LINE).unwrap();
        assert_eq!((post.external_id.as_str(), post.channel), ("p1", Channel::News));
        assert_eq!(post.collected_at, Timestamp::parse_rfc3339("2026-05-12T12:00:00Z").unwrap());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (from, to, named) in [
            ("\"id\":\"p1\",", "", "id"),
            ("\"source\":\"x\",", "", "source"),
            ("\"text\":\"つばめ電機\",", "", "text"),
            ("news", "newspaper", "source_type"),
            ("2026-05-12T12:00:00Z", "昨日", "collected_at"),
            ("{", "", "no post"),
        ] {
            let error = parse_line(&LINE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_line_still_being_written_waits_for_the_next_visit() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let mut state = SourceState::new(SourceName("file".into()), now);
        let body = format!("{LINE}\nrubbish\n{{\"id\":").into_bytes();
        let page = source().read(&Response { body, ..Response::default() }, &state, now).unwrap();
        assert_eq!((page.posts.len(), page.skipped), (1, 1));
        assert_eq!(page.posts[0].source.0, "file");
        state.cursor = page.cursor;
        assert_eq!(JsonlSource::from(&state), u64::try_from(LINE.len() + "\nrubbish\n".len()).unwrap());
    }
}
