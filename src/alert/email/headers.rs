//! Values of mail headers: cleaned, bounded, in ASCII on the wire.
//!
//! # Invariants
//! No value ends its header: no CR, LF, control or bidi character survives [`sanitize`].

use lettre::message::header::{HeaderName, HeaderValue, Headers};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    alert::inert,
    model::{
        limits,
        time::{Timestamp, Zone},
    },
};

/// ASCII letters of one word; longer ones cannot be folded.
const WORD: usize = 60;

/// One line without anything hidden, of at most [`limits::SUBJECT_CHARS`] letters as people see them.
pub(super) fn sanitize(text: &str) -> String {
    let mut out = String::new();
    let mut word = 0;
    // `=?` would be read as the beginning of an encoded word by whoever decodes us.
    for letter in inert::inert(text).replace("=?", "= ?").graphemes(true).take(limits::SUBJECT_CHARS) {
        word = if letter.is_ascii() && letter != " " { word + 1 } else { 0 };
        if word > WORD {
            out.push(' ');
            word = 1;
        }
        out.push_str(letter);
    }
    out.trim().to_owned()
}

/// `name: value`, encoded after RFC 2047 where needed and folded.
pub(super) fn put(headers: &mut Headers, name: &'static str, value: &str) {
    // Every name is one of ours, so the refusal cannot happen; a header less is better than no mail.
    if let Ok(name) = HeaderName::new_from_ascii(name.to_owned()) {
        headers.insert_raw(HeaderValue::new(name, value.to_owned()));
    }
}

/// The bare address, whatever stands around it, with nothing that could end it early.
pub(super) fn address(text: &str) -> String {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest);
    let bare: String = inner
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | ':' | '(' | ')' | '"' | '\\'))
        .take(254)
        .collect();
    match bare.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => bare,
        _ => "hinomi@localhost".to_owned(),
    }
}

/// The domain of an address as it may stand in a Message-ID.
pub(super) fn domain(address: &str) -> String {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let clean: String =
        domain.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).take(60).collect();
    let clean = clean.trim_matches(['.', '-']).to_ascii_lowercase();
    if clean.is_empty() { "localhost".to_owned() } else { clean }
}

/// RFC 5322: `Thu, 12 Feb 2026 10:31:00 +0900`.
pub(super) fn date(at: Timestamp, zone: Zone) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let c = at.civil(zone);
    let day = DAYS.get(c.weekday as usize).copied().unwrap_or("Mon");
    let month = MONTHS.get((c.month as usize).saturating_sub(1)).copied().unwrap_or("Jan");
    let offset = zone.to_string().replace(':', "");
    format!("{day}, {} {month} {:04} {:02}:{:02}:{:02} {offset}", c.day, c.year, c.hour, c.minute, c.second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_header() {
        assert_eq!(sanitize("件名\r\nBcc: x@evil.example\u{202e}"), "件名 Bcc: x@…");
        assert_eq!(sanitize("=?utf-8?b?aG9nZQ==?="), "= ?utf-8?b?aG9nZQ== ?=");
        assert_eq!(sanitize(&"👨‍👩‍👧".repeat(200)).graphemes(true).count(), limits::SUBJECT_CHARS);
        assert!(sanitize(&"a".repeat(500)).split(' ').all(|w| w.len() <= WORD));
    }

    #[test]
    fn an_address_is_bare_or_ours() {
        assert_eq!(address("hinomi@tsubame.example"), "hinomi@tsubame.example");
        assert_eq!(address("火の見 <hinomi@tsubame.example>"), "hinomi@tsubame.example");
        assert_eq!(address("a@b\r\nBcc: c@d"), "hinomi@localhost");
        assert_eq!(address("a@b\r\n.c"), "a@b.c");
        assert_eq!(address("だれか"), "hinomi@localhost");
        assert_eq!(domain("x@Tsubame.Example"), "tsubame.example");
    }

    #[test]
    fn dates_are_written_in_the_zone_of_the_readers() {
        let at = Timestamp::from_civil((2026, 2, 12), (10, 31, 0), Zone::JST).unwrap();
        assert_eq!(date(at, Zone::JST), "Thu, 12 Feb 2026 10:31:00 +0900");
        assert_eq!(date(at, Zone::UTC), "Thu, 12 Feb 2026 01:31:00 +0000");
    }
}
