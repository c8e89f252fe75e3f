//! The two files of a board: `subject.txt`, which lists threads, and `KEY.dat`, which is one.
//!
//! cp932 with broken bytes; fields between `<>`; `<br>` and references inside.

use crate::{
    collect::{html, sources::feed::date},
    model::{
        limits,
        time::{Timestamp, Zone},
    },
};

/// A line of `subject.txt`.
#[derive(Debug, PartialEq)]
pub(super) struct Thread<'t> {
    pub(super) key: &'t str,
    pub(super) title: String,
}

/// A line of a thread.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) author: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) text: String,
    /// Of the thread; only its first line has one.
    pub(super) title: String,
}

/// Letters out of cp932; a broken byte costs one of them.
pub(super) fn decode(bytes: &[u8]) -> String {
    encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned()
}

/// `1795133700.dat<>題名 (123)`.
pub(super) fn thread(line: &str) -> Option<Thread<'_>> {
    let (file, rest) = line.split_once("<>")?;
    let key = file.strip_suffix(".dat").filter(|key| !key.is_empty() && key.len() < 20)?;
    if !key.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let counted = rest.trim_end().rsplit_once('(').filter(|(_, n)| n.trim_end_matches(')').parse::<u32>().is_ok());
    let title = short(counted.map_or(rest, |(title, _)| title));
    (!title.is_empty()).then_some(Thread { key, title })
}

/// `名前<>メール<>日付 ID:xxx<>本文<>題名`.
pub(super) fn line(line: &str, zone: Zone) -> Option<Said> {
    let mut fields = line.split("<>");
    let (name, _mail, when, text) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (day, id) = when.split_once(" ID:").map_or((when, None), |(day, id)| (day, id.split_whitespace().next()));
    // Who writes under the board's own name is told apart by the day's mark.
    let named = id.filter(|id| !id.starts_with("???")).map(|id| format!("ID:{}", short(id)));
    let author = named.or_else(|| Some(short(name)).filter(|name| !name.is_empty()));
    let text = html::to_text(text);
    let text = html::cut(&text, limits::TEXT_BYTES).to_owned();
    Some(Said { author, at: date::parse(day, zone), text, title: fields.next().map(short).unwrap_or_default() })
}

fn short(text: &str) -> String {
    let text = html::one_line(&html::to_text(text));
    html::cut(&text, limits::FIELD_BYTES).to_owned()
}
