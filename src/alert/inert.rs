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
        // The last two of every plane, and a row of Arabic ones, are no letters and never will be.
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}')
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{730}'..='\u{74a}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}' | '\u{f71}'..='\u{f84}' | '\u{1cd0}'..='\u{1ce8}'
        | '\u{302a}'..='\u{302f}' | '\u{3099}' | '\u{309a}' | '\u{a66f}'..='\u{a67d}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

fn break_addresses(text: &[Marked]) -> Vec<Marked> {
    let at = |i: usize| text.get(i).map(|(c, _)| *c);
    let mut out: Vec<Marked> = Vec::with_capacity(text.len());
    let mut i = 0;
    while let Some(&(c, mark)) = text.get(i) {
        i += 1;
        match c {
            ':' | '：' if at(i).is_some_and(is_slash) && at(i + 1).is_some_and(is_slash) => {
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
            ':' | '：' if opens_without_slashes(&out) => {
                out.extend("[:]".chars().map(|c| (c, mark)));
            }
            '.' | '．' | '｡' | '\u{2024}' | '\u{fe52}'
                if i >= 2
                    && (joins_labels(at(i - 2), at(i))
                        || is_in_quad(text, i - 1)
                        || at(i).is_none() && ends_with(&out, "www")) =>
            {
                out.extend("[.]".chars().map(|c| (c, mark)));
            }
            // The full stop of a Japanese sentence, which a browser reads as the dot of a host all the same.
            '。' if i >= 2 && (ends_with(&out, "www") || at(i).is_some_and(continues_host)) => match at(i - 2) {
                Some(left) if is_latin(left) || matches!(left, '-' | '_') => {
                    out.extend("[.]".chars().map(|c| (c, mark)));
                }
                Some(left) if left.is_alphanumeric() || is_accent(left) => out.extend([(c, mark), (' ', mark)]),
                _ => out.push((c, mark)),
            },
            _ => out.push((c, mark)),
        }
    }
    out
}

/// What follows these and a colon is opened by some program without any `//`: a mail, a call, a script.
const OPENERS: [&str; 19] = [
    "mailto",
    "tel",
    "telprompt",
    "sms",
    "smsto",
    "mms",
    "callto",
    "skype",
    "facetime",
    "sip",
    "sips",
    "xmpp",
    "magnet",
    "intent",
    "javascript",
    "vbscript",
    "data",
    "file",
    "bitcoin",
];

/// Whether `out` ends with letters that, before a colon, make a program open what follows.
fn opens_without_slashes(out: &[Marked]) -> bool {
    OPENERS.iter().any(|opener| ends_with(out, opener))
}

/// Whether `out` ends with `word`, in whatever case. Also inside a longer word: a mark or a cut may part it later.
fn ends_with(out: &[Marked], word: &str) -> bool {
    let mut letters = out.iter().rev().map(|(c, _)| narrow(*c).to_ascii_lowercase());
    word.chars().rev().all(|wanted| letters.next() == Some(wanted))
}

/// Whether the dot at `dot` belongs to four numbers or more, which are an address as well: `10.0.0.1`.
fn is_in_quad(text: &[Marked], dot: usize) -> bool {
    let part = |(c, _): &&Marked| is_digit(*c) || is_dot(*c);
    let (left, right) = text.split_at_checked(dot).unwrap_or_default();
    // Longer than any address is a list of numbers all the same.
    let run = left.iter().rev().take_while(part).take(32).chain(right.iter().take_while(part).take(32));
    run.filter(|(c, _)| is_dot(*c)).count() >= 3
}

const fn is_slash(c: char) -> bool {
    matches!(c, '/' | '／')
}

const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '．' | '｡' | '。' | '\u{2024}' | '\u{fe52}')
}

/// A letter or digit of ASCII, also in full width.
const fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
}

/// The ASCII letter that a letter in full width stands for.
fn narrow(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// What may follow the dot of a host written in Latin letters.
fn continues_host(c: char) -> bool {
    is_latin(c) || is_accent(c) || matches!(c, '-' | '_')
}

const fn is_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Whether a dot between these two may be part of a host's name. `3.1` is a number.
fn joins_labels(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    // A mark on a letter is part of a name as well, so everything beyond ASCII counts.
    (left.is_ascii_alphanumeric() || !left.is_ascii() || matches!(left, '-' | '_'))
        && (right.is_alphanumeric() || is_accent(right) || matches!(right, '-' | '_'))
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
    use std::sync::LazyLock;

    use proptest::prelude::*;

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
            ("第1.2.3版", "第1.2.3版"),
            ("bad。example と ｂａｄ。ｃｏｍ", "bad[.]example と ｂａｄ[.]ｃｏｍ"),
            ("bad．example bad｡example bad․example", "bad[.]example bad[.]example bad[.]example"),
            ("例え。com", "例え。 com"),
            ("www.\u{303}bad", "www[.]\u{303}bad"),
            ("最悪。もう買わない。", "最悪。もう買わない。"),
            ("10.0.0.1/x", "10[.]0[.]0[.]1/x"),
            ("mailto:a@bad.example", "mailto[:]a@…"),
            ("電話は TEL:0312345678", "電話は TEL[:]0312345678"),
            // Words of ours may follow.
            ("https：／／bad.example", "hxxps:／／bad[.]example"),
            ("mailto:", "mailto[:]"),
            ("見て www.", "見て www[.]"),
            ("javascript:alert(1)", "javascript[:]alert(1)"),
            ("時刻 10:30 と news: 5件", "時刻 10:30 と news: 5件"),
            ("xmailto:a", "xmailto[:]a"),
            // Also before a space: where the text is cut or marked, other words follow.
            ("javascript: x", "javascript[:] x"),
            ("終わり.", "終わり."),
            ("www._x", "www[.]_x"),
            ("ｗｗｗ。例え", "ｗｗｗ[.]例え"),
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

    /// Pieces out of which addresses are made, and what is put between them to hide that.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("https"),
            Just("HTTP"),
            Just("ftp"),
            Just("mailto"),
            Just("tel"),
            Just("javascript"),
            Just("data"),
            Just("://"),
            Just(":"),
            Just("："),
            Just("//"),
            Just("/"),
            Just("@"),
            Just("＠"),
            Just("www"),
            Just("ｗｗｗ"),
            Just("bad"),
            Just("ｂａｄ"),
            Just("例え"),
            Just("example"),
            Just("com"),
            Just("10"),
            Just("."),
            Just("．"),
            Just("。"),
            Just("｡"),
            Just("\u{2024}"),
            Just("\u{fe52}"),
            Just("-"),
            Just("_"),
            Just("\u{200b}"),
            Just("\u{ad}"),
            Just("\u{202e}"),
            Just("\u{fe0f}"),
            Just("\u{301}"),
            Just("\u{2028}"),
            Just("\r\n"),
            Just(" "),
            Just("3"),
        ];
        proptest::collection::vec(piece, 0..14).prop_map(|v| v.concat())
    }

    /// What a mail client or a browser would make a link of: NFKC is what a browser does to a host first.
    fn opens(text: &str) -> Option<String> {
        static OPENS: LazyLock<regex::Regex> = LazyLock::new(|| {
            let pattern = r"(?i)\b(https?|ftp|file)://|\b(mailto|tel|javascript|data):[^\s\]]|\bwww\.\w|[\w-]\.[a-z]{2,}\b|\b\d+\.\d+\.\d+\.\d+|[\w.+-]+@[\w-]+";
            regex::Regex::new(pattern).unwrap()
        });
        OPENS.find(&icu(text)).map(|m| m.as_str().to_owned())
    }

    /// What becomes of the letters that stand for ASCII ones in the name of a host.
    fn icu(text: &str) -> String {
        let dot = |c: char| if matches!(c, '。' | '｡' | '\u{2024}' | '\u{fe52}') { '.' } else { narrow(c) };
        text.chars().map(dot).collect()
    }

    proptest! {
        #[test]
        fn no_address_survives_however_it_is_written(text in pieces()) {
            let out = inert(&text);
            prop_assert_eq!(opens(&out), None, "{:?} became {:?}", text, out);
        }

        #[test]
        fn nothing_hidden_survives_in_any_text(text in any::<String>()) {
            let out = inert(&text);
            prop_assert_eq!(out.chars().find(|c| is_hidden(*c)), None);
            prop_assert!(!out.contains("  ") && !out.contains('\n') && out.trim() == out, "{:?}", out);
            let stacked = out.chars().fold((0, 0), |(now, most), c| {
                let now = if is_accent(c) { now + 1 } else { 0 };
                (now, most.max(now))
            });
            prop_assert!(stacked.1 <= ACCENTS);
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(clip("かきくけこ", 5), "かきくけこ");
        assert_eq!(clip("かきくけこさ", 5), "かきくけ…");
    }
}
