//! Makes text of strangers harmless for a mail: nothing hidden, nothing that a mail client turns into a link.
//!
//! Escaping of markup is not here; the template does it for every value.
//!
//! # Invariants
//! What comes out holds no control, bidi, zero-width, tag or private character, no run of white space, no line
//! end, no scheme that a program opens and no dot or `@` that an auto-linker would read as part of an address.

/// A letter, and whether it belongs to words that led to a score.
pub(crate) type Marked = (char, bool);

/// Accents stacked on one letter beyond this many are an attack on the eyes.
const ACCENTS: usize = 2;

/// [`disarm`] for text without marks.
pub(crate) fn inert(text: &str) -> String {
    disarm(text.chars().map(|c| (c, false))).into_iter().map(|(c, _)| c).collect()
}

/// [`inert`], and cut to `letters` with an ellipsis.
pub(crate) fn inert_to(text: &str, letters: usize) -> String {
    clip(&inert(text), letters)
}

/// The first `letters` of a text, the last of them an ellipsis where something was cut.
pub(crate) fn clip(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    text.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

/// Removes what cannot be seen, then breaks addresses; marks stay on their letters.
pub(crate) fn disarm(text: impl Iterator<Item = Marked>) -> Vec<Marked> {
    break_addresses(&visible(text))
}

fn visible(text: impl Iterator<Item = Marked>) -> Vec<Marked> {
    let mut out: Vec<Marked> = Vec::new();
    let mut accents = 0;
    for (c, mark) in text {
        if c.is_whitespace() || matches!(c, '\u{2800}') {
            if out.last().is_some_and(|(last, _)| *last != ' ') {
                out.push((' ', mark));
            }
            continue;
        }
        if is_hidden(c) {
            continue;
        }
        accents = if is_accent(c) { accents + 1 } else { 0 };
        if accents <= ACCENTS {
            out.push((c, mark));
        }
    }
    if out.last().is_some_and(|(c, _)| *c == ' ') {
        out.pop();
    }
    out
}

/// Characters that take no room, turn the direction, or mean nothing outside one program.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{610}'..='\u{61a}' | '\u{e31}' | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

fn break_addresses(text: &[Marked]) -> Vec<Marked> {
    let at = |i: usize| text.get(i).map(|(c, _)| *c);
    let mut out: Vec<Marked> = Vec::with_capacity(text.len());
    let mut i = 0;
    while let Some(&(c, mark)) = text.get(i) {
        i += 1;
        match c {
            ':' if at(i) == Some('/') && at(i + 1) == Some('/') => {
                disarm_scheme(&mut out);
                let broken = if ends_with_hxxp(&out) { ":" } else { "[:]" };
                out.extend(broken.chars().map(|c| (c, mark)));
                // The slashes stay where the scheme is one that nothing opens.
                if broken == "[:]" {
                    i += 2;
                    out.push(('/', mark));
                }
            }
            // An address of a person, or a handle: who is meant is nobody's business in a mail.
            '@' | '＠' if at(i).is_some_and(|c| c != ' ') => {
                while at(i).is_some_and(is_handle) {
                    i += 1;
                }
                out.extend([(c, mark), ('…', mark)]);
            }
            '.' | '．' | '｡' if i >= 2 && joins_labels(at(i - 2), at(i)) => {
                out.extend("[.]".chars().map(|c| (c, mark)));
            }
            _ => out.push((c, mark)),
        }
    }
    out
}

const fn is_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Whether a dot between these two may be part of a host's name. `3.1` is a number.
fn joins_labels(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    // A mark on a letter is part of a name as well, so everything beyond ASCII counts.
    (left.is_ascii_alphanumeric() || !left.is_ascii() || matches!(left, '-' | '_'))
        && right.is_alphanumeric()
        && !(is_digit(left) && is_digit(right))
}

const fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '０'..='９')
}

/// `http` before the colon becomes `hxxp`.
fn disarm_scheme(out: &mut [Marked]) {
    for name in ["https", "http"] {
        let Some(start) = out.len().checked_sub(name.len()) else { continue };
        let Some(tail) = out.get_mut(start..) else { continue };
        if tail.iter().zip(name.chars()).all(|((c, _), wanted)| c.eq_ignore_ascii_case(&wanted)) {
            for (c, _) in tail.iter_mut().skip(1).take(2) {
                *c = 'x';
            }
            return;
        }
    }
}

fn ends_with_hxxp(out: &[Marked]) -> bool {
    let tail: String = out.iter().rev().take(5).map(|(c, _)| c.to_ascii_lowercase()).collect();
    tail.starts_with("pxxh") || tail.starts_with("spxxh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_and_cannot_be_followed() {
        let table = [
            ("https://bad.example/x?y=1", "hxxps://bad[.]example/x?y=1"),
            ("見て→HttP://Bad.Example", "見て→HxxP://Bad[.]Example"),
            ("ftp://bad.example", "ftp[:]/bad[.]example"),
            ("www.bad.example へ", "www[.]bad[.]example へ"),
            ("例え.テスト", "例え[.]テスト"),
            ("mail hanako@mail.example で", "mail hanako@… で"),
            ("@hanako_01 さん", "@… さん"),
            ("東京@本社", "東京@…本社"),
            ("平常の3.1倍。以上", "平常の3.1倍。以上"),
            ("終わり.", "終わり."),
        ];
        for (text, wanted) in table {
            assert_eq!(inert(text), wanted);
        }
    }

    #[test]
    fn nothing_invisible_is_left() {
        let text = "a\u{202e}b\u{200b}c\u{e0041}d\0e\r\nf\u{feff}\u{2066}g\u{2028}h";
        assert_eq!(inert(text), "abcde fg h");
        assert_eq!(inert("z\u{301}\u{301}\u{301}\u{301}\u{301}"), "z\u{301}\u{301}");
        assert_eq!(inert("  間が   広い  "), "間が 広い");
    }

    #[test]
    fn an_address_hidden_behind_invisible_letters_is_broken_too() {
        assert_eq!(inert("ht\u{200b}tps:/\u{200d}/bad\u{2060}.example"), "hxxps://bad[.]example");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(clip("かきくけこ", 5), "かきくけこ");
        assert_eq!(clip("かきくけこさ", 5), "かきくけ…");
    }
}
