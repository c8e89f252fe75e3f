//! What stands in a delivery: one JSON object a line, one object alone, or a list of them. Pure.
//!
//! # Invariants
//! A bad line never costs a good one; what is no post is named by its place.

use std::fmt;

use serde::{Deserializer, de};
use serde_json::Value;
use url::Url;

use crate::{
    collect::sources::jsonl::{self, Envelope},
    model::{limits, post::Post, time::Timestamp},
};

/// A post as it was brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// Its place: the line, or the item of a list.
    pub line: u64,
    /// The post.
    pub post: Post,
    /// It teaches and raises no alert.
    pub history: bool,
}

/// How posts are to be taken.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The name of the source, whatever the posts say.
    pub source: Option<String>,
    /// All of it is history.
    pub history: bool,
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Contents {
    pub posts: Vec<Brought>,
    pub refused: Vec<(u64, String)>,
}

/// More posts than one delivery may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

/// Reads a whole delivery that arrived at `now`.
pub(super) fn read(body: &[u8], terms: &Terms, now: Timestamp) -> Result<Contents, TooMany> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii();
    match body.first() {
        Some(b'[') => list(body, terms, now),
        Some(b'{') if is_one(body) => Ok(lines(&[body], terms, now)),
        _ => {
            let all: Vec<&[u8]> = body.split(|b| *b == b'\n').collect();
            let posts = all.iter().filter(|line| !line.trim_ascii().is_empty()).count();
            if posts > limits::INGEST_POSTS { Err(TooMany) } else { Ok(lines(&all, terms, now)) }
        }
    }
}

/// A single object over several lines: its first line alone is no JSON, the whole is.
fn is_one(body: &[u8]) -> bool {
    let first = body.split(|b| *b == b'\n').next().unwrap_or_default();
    first.len() < body.len()
        && serde_json::from_slice::<de::IgnoredAny>(first).is_err()
        && serde_json::from_slice::<de::IgnoredAny>(body).is_ok()
}

fn lines(all: &[&[u8]], terms: &Terms, now: Timestamp) -> Contents {
    let mut contents = Contents::default();
    for (line, bytes) in (1..).zip(all) {
        if !bytes.trim_ascii().is_empty() {
            contents.put(line, self::line(bytes, terms, now));
        }
    }
    contents
}

/// Reads one line that arrived at `now`.
pub(in crate::app) fn line(bytes: &[u8], terms: &Terms, now: Timestamp) -> Result<(Post, bool), String> {
    if bytes.len() > limits::LINE_BYTES {
        return Err(too_long());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())?;
    jsonl::parse_in(text, envelope(terms, now)).and_then(|post| arrived(post, terms, now))
}

/// What is said of a line beyond [`limits::LINE_BYTES`].
pub(in crate::app) fn too_long() -> String {
    format!("the line is longer than {} KiB", limits::LINE_BYTES >> 10)
}

fn list(body: &[u8], terms: &Terms, now: Timestamp) -> Result<Contents, TooMany> {
    let mut contents = Contents::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    match reader.deserialize_seq(Items).map(|items| (items, reader.end())) {
        Ok((None, _)) => return Err(TooMany),
        Ok((Some(items), Ok(()))) => {
            for (line, item) in (1..).zip(items) {
                let post = jsonl::parse_value(item, envelope(terms, now));
                contents.put(line, post.and_then(|post| arrived(post, terms, now)));
            }
        }
        Ok((_, Err(why))) | Err(why) => contents.put(1, Err(format!("the list cannot be read: {why}"))),
    }
    Ok(contents)
}

/// The items of a list, or nothing where they are too many.
struct Items;

impl<'de> de::Visitor<'de> for Items {
    type Value = Option<Vec<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of posts")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == limits::INGEST_POSTS {
                // The rest is passed over: whoever sent it hears that it is too much, and not of its last bracket.
                while list.next_element::<de::IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            items.push(item);
        }
        Ok(Some(items))
    }
}

impl Contents {
    fn put(&mut self, line: u64, read: Result<(Post, bool), String>) {
        match read {
            Ok((post, history)) => self.posts.push(Brought { line, post, history }),
            Err(reason) => self.refused.push((line, reason)),
        }
    }
}

fn envelope(terms: &Terms, now: Timestamp) -> Envelope<'_> {
    Envelope { source: terms.source.as_deref(), collected_at: Some(now) }
}

/// The post as one that reached us at `now`, and whether it is history.
///
/// # Why history keeps its own times
/// «Collected now» would put a year of posts into the hour two days ago, where a claim ends to be believed. What is
/// older than that teaches in its own hour and raises nothing, so there is nothing to be gained by a false date.
fn arrived(mut post: Post, terms: &Terms, now: Timestamp) -> Result<(Post, bool), String> {
    sound_name(&post.source.0)?;
    let claim = post.published_at.unwrap_or(post.collected_at);
    let history = terms.history || claim < now - limits::CLAIM_PAST;
    // Another scheme than these leads no reader anywhere good.
    post.url = post.url.filter(|u| Url::parse(u).is_ok_and(|u| matches!(u.scheme(), "http" | "https")));
    // What detection has not closed yet is not taught as history behind its back.
    let closed = now - limits::HISTORY_LAG;
    post.collected_at = if history { claim.clamp(now - limits::HISTORY, closed) } else { now };
    Ok((post, history))
}

fn sound_name(name: &str) -> Result<(), String> {
    if name.len() > limits::SOURCE_BYTES {
        return Err(format!("\"source\" is longer than {} bytes", limits::SOURCE_BYTES));
    }
    if name.chars().any(char::is_control) || name.trim() != name || name.is_empty() {
        return Err("\"source\" is empty, or has spaces around it or control characters in it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn one(id: &str) -> String {
        format!("{{\"id\":\"{id}\",\"source\":\"vendor\",\"text\":\"つばめ電機\"}}")
    }

    fn of(body: &str) -> Contents {
        read(body.as_bytes(), &Terms::default(), NOW).unwrap()
    }

    fn ids(contents: &Contents) -> Vec<(u64, &str)> {
        contents.posts.iter().map(|b| (b.line, b.post.external_id.as_str())).collect()
    }

    #[test]
    fn lines_a_list_and_a_single_object_say_the_same() {
        let (a, b) = (one("a"), one("b"));
        let spread = a.replace(',', ",\n  ");
        for (body, found) in [
            (format!("{a}\n\n{b}\n"), vec![(1, "a"), (3, "b")]),
            (format!("\u{feff}{a}\r\n{b}"), vec![(1, "a"), (2, "b")]),
            (format!(" [{a},\n{b}] "), vec![(1, "a"), (2, "b")]),
            (a.clone(), vec![(1, "a")]),
            (spread, vec![(1, "a")]),
            (String::new(), vec![]),
            ("[]".into(), vec![]),
        ] {
            let contents = of(&body);
            assert_eq!((ids(&contents), contents.refused.len()), (found, 0), "{body}");
        }
    }

    #[test]
    fn a_bad_line_is_named_and_the_good_ones_stay() {
        let body = format!("{}\nrubbish\n{{\"id\":1}}\n[1]\n{}\n{{\"id\":", one("a"), one("b"));
        let contents = of(&body);
        assert_eq!(ids(&contents), [(1, "a"), (5, "b")]);
        assert_eq!(contents.refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6]);
        let items = of(&format!("[{}, 7, {{}}, null, {}]", one("a"), one("b")));
        assert_eq!(ids(&items), [(1, "a"), (5, "b")]);
        assert_eq!(items.refused.len(), 3);
        for torn in ["[", "[{}", "[{}] x"] {
            let contents = of(torn);
            assert!(contents.posts.is_empty() && contents.refused.len() == 1, "{torn}");
        }
    }

    #[test]
    fn a_line_in_another_encoding_is_refused_and_not_guessed() {
        let mut body = one("a").into_bytes();
        body.extend(b"\n{\"id\":\"b\",\"source\":\"vendor\",\"text\":\"\x82\xa0\"}\n");
        let contents = read(&body, &Terms::default(), NOW).unwrap();
        assert_eq!((contents.posts.len(), contents.refused[0].1.contains("UTF-8")), (1, true));
    }

    #[test]
    fn old_posts_are_history_in_their_own_hour_and_new_ones_arrive_now() {
        let at = |span: Span| {
            let when = (NOW - span).rfc3339(crate::model::time::Zone::UTC);
            let post = one("a").replace('}', &format!(",\"published_at\":\"{when}\"}}"));
            of(&post).posts.remove(0)
        };
        let fresh = at(limits::CLAIM_PAST);
        assert_eq!(
            (fresh.history, fresh.post.collected_at, fresh.post.effective_at()),
            (false, NOW, NOW - limits::CLAIM_PAST)
        );
        let old = at(Span::days(30));
        assert_eq!(
            (old.history, old.post.collected_at, old.post.effective_at()),
            (true, NOW - Span::days(30), NOW - Span::days(30))
        );
        assert_eq!(at(Span::days(-30)).post.effective_at(), NOW + limits::CLAIM_FUTURE);
        // Without any time it was written when it came.
        assert_eq!(of(&one("a")).posts[0].post.effective_at(), NOW);
    }

    #[test]
    fn the_envelope_gives_the_name_and_a_strange_name_is_refused() {
        let terms = Terms { source: Some("collector".into()), history: true };
        let contents = read(one("a").as_bytes(), &terms, NOW).unwrap();
        assert_eq!((contents.posts[0].post.source.0.as_str(), contents.posts[0].history), ("collector", true));
        for name in ["", " x", "x\\u001b[2J", &"x".repeat(limits::SOURCE_BYTES + 1)] {
            let body = one("a").replace("vendor", name);
            assert_eq!(of(&body).posts.len(), 0, "{name}");
        }
    }

    #[test]
    fn an_address_that_is_not_of_the_web_is_left_out() {
        let with = |url: &str| of(&one("a").replace('}', &format!(",\"url\":\"{url}\"}}"))).posts[0].post.url.clone();
        assert_eq!(with("https://sns.example/1").as_deref(), Some("https://sns.example/1"));
        for strange in ["javascript:alert(1)", "file:///etc/passwd", "sns.example/1", ""] {
            assert_eq!(with(strange), None, "{strange}");
        }
    }
}
