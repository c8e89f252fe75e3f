//! Takes out of a line what nobody may read there: passwords, what stands behind the `?` of an address on the web,
//! who somebody is at a mail server, and letters that move a cursor or begin a line.

use std::{
    borrow::Cow,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;

use crate::model::secret::Secret;

/// Shorter ones would take harmless words out of every line; a server that accepts them has other troubles.
const SHORTEST: usize = 4;

static HIDDEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A pattern of ours, and what stays of it. `None` could only be a slip in this file, and a test compiles them all.
struct Rule(Option<Regex>, &'static str);

static RULES: LazyLock<[Rule; 3]> = LazyLock::new(|| {
    [
        (r#"(?i)\b([a-z][a-z0-9+.-]*)://[^\s/@"'<>\\]*@"#, "$1://…@"),
        (r#"(?i)\b(https?://[^\s"'<>?#\\]+)[?#][^\s"'<>\\]*"#, "$1?…"),
        (r"[A-Za-z0-9][A-Za-z0-9.!#$%&*+/=?^_{|}~-]*@([A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+)", "…@$1"),
    ]
    .map(|(pattern, stays)| Rule(Regex::new(pattern).ok(), stays))
});

/// From now on this is in no line, also where a server repeats it.
pub fn hide(secret: &Secret) {
    let plain = secret.expose();
    if plain.len() < SHORTEST {
        return;
    }
    // In a JSON line quotes and backslashes look otherwise.
    let quoted = serde_json::to_string(plain).unwrap_or_default();
    let mut hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    let quoted = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_default();
    for form in [plain, quoted] {
        if !form.is_empty() && !hidden.iter().any(|h| h == form) {
            hidden.push(form.to_owned());
        }
    }
}

/// One event as it may be written. With `coloured` the escapes of our own colours stay; the formatter has escaped
/// everybody else's.
pub(super) fn line(text: &str, coloured: bool) -> String {
    let hidden = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for secret in hidden.iter().filter(|s| text.contains(s.as_str())).collect::<Vec<_>>() {
        text = Cow::Owned(text.replace(secret.as_str(), "…"));
    }
    for Rule(pattern, stays) in RULES.iter() {
        if let Some(Cow::Owned(changed)) = pattern.as_ref().map(|p| p.replace_all(&text, *stays)) {
            text = Cow::Owned(changed);
        }
    }
    let (body, end) = text.strip_suffix('\n').map_or((&*text, ""), |body| (body, "\n"));
    let mut clean = String::with_capacity(text.len());
    for c in body.chars() {
        match c {
            '\u{1b}' if coloured => clean.push(c),
            c if c.is_control() || is_bidi(c) => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean + end
}

/// Letters that turn the direction of what follows, and so what a person reads.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(RULES.iter().all(|rule| rule.0.is_some()));
    }

    #[test]
    fn what_stands_behind_a_question_mark_is_nobodys_business() {
        let clean = |text| line(text, false);
        assert_eq!(
            clean("moved to https://news.example.jp/rss?token=abc&x=1 for good"),
            "moved to https://news.example.jp/rss?… for good"
        );
        assert_eq!(clean("\"https://n.example.jp/a#token=abc\""), "\"https://n.example.jp/a?…\"");
        assert_eq!(clean("https://me:pw@n.example.jp/rss?k=v"), "https://…@n.example.jp/rss?…");
        assert_eq!(clean("postgres://me:pw@db.example.jp/hinomi"), "postgres://…@db.example.jp/hinomi");
        assert_eq!(clean("https://news.example.jp/rss.xml"), "https://news.example.jp/rss.xml");
    }

    #[test]
    fn addresses_of_people_are_cut() {
        assert_eq!(line("550 <sato.hanako+pr@aozora.example> unknown", false), "550 <…@aozora.example> unknown");
        assert_eq!(line("窓口は@aozora_officialです", false), "窓口は@aozora_officialです");
    }

    #[test]
    fn a_password_is_hidden_wherever_it_turns_up() {
        hide(&Secret::new("himitsu-\"9182\""));
        assert_eq!(line("535 himitsu-\"9182\" is wrong", false), "535 … is wrong");
        assert_eq!(line(r#"{"reply":"himitsu-\"9182\""}"#, false), r#"{"reply":"…"}"#);
        hide(&Secret::new("a"));
        assert_eq!(line("a cat", false), "a cat");
    }

    #[test]
    fn nobody_can_begin_a_line_or_move_a_cursor() {
        assert_eq!(line("title\n2026 ERROR forged\u{1b}[2J\n", false), "title\\n2026 ERROR forged\\u{1b}[2J\n");
        assert_eq!(line("\u{1b}[31mERROR\u{1b}[0m\n", true), "\u{1b}[31mERROR\u{1b}[0m\n");
        assert_eq!(line("abc\u{202e}cba", false), "abc\\u{202e}cba");
    }
}
