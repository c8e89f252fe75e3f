//! Whether a name may stand in a text that is still JSON: the question that ends nearly every frame of a stream that
//! carries every post in the world.
//!
//! Not here: whether it is a name. Borders, homonyms and exclusions are the matcher's, which sees what passes here.
//!
//! # Invariants
//! Never `false` where the matcher's own question about a string of the document would be `true`. Nothing is parsed,
//! and once the buffers have grown nothing is allocated.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{normalize::push_folded, watch_match::Matcher};

/// Buffers that are used again for each document.
#[derive(Debug, Default)]
pub struct Glance {
    plain: String,
    folded: String,
}

impl Glance {
    /// Whether one of the matcher's names may stand in a string of `json`.
    pub(super) fn may_name(&mut self, json: &str, matcher: &Matcher) -> bool {
        let plain = if json.contains('\\') {
            self.plain.clear();
            unescape(json, &mut self.plain);
            self.plain.as_str()
        } else {
            json
        };
        // Single jamo are kept apart by a slower road, and would be joined to syllables here.
        if !plain.is_ascii() && plain.chars().any(is_single_jamo) {
            return true;
        }
        self.folded.clear();
        // Writing into a text cannot fail; if it ever does, nothing was looked at.
        fold(plain, &mut self.folded).is_err() || matcher.any(&self.folded)
    }
}

pub(super) fn is_single_jamo(c: char) -> bool {
    matches!(c, '\u{3131}'..='\u{318e}' | '\u{ffa0}'..='\u{ffdc}')
}

/// The spelling for matching. Most of a document is ASCII, which normalizing leaves alone; only its last letter before
/// others may be joined with what follows.
fn fold(plain: &str, out: &mut String) -> fmt::Result {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let mut rest = plain;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let end = if ascii == rest.len() { ascii } else { ascii.saturating_sub(1) };
        let (simple, others) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if simple.bytes().any(|b| b.is_ascii_control()) {
            simple.chars().for_each(|c| push_folded(out, c));
        } else {
            let from = out.len();
            out.push_str(simple);
            if let Some(copy) = out.get_mut(from..) {
                copy.make_ascii_lowercase();
            }
        }
        let after = others.bytes().skip(1).position(|b| b.is_ascii()).map_or(others.len(), |at| at + 1);
        let (run, next) = others.split_at_checked(after).unwrap_or((others, ""));
        nfkc.normalize_to(run, &mut Folding(out))?;
        rest = next;
    }
    Ok(())
}

/// Folds what the normalizer writes.
struct Folding<'a>(&'a mut String);

impl fmt::Write for Folding<'_> {
    fn write_str(&mut self, composed: &str) -> fmt::Result {
        composed.chars().for_each(|c| push_folded(self.0, c));
        Ok(())
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        push_folded(self.0, c);
        Ok(())
    }
}

/// Puts letters in the place of their escapes. What is no escape stays as it is: whoever parses it will say so.
fn unescape(json: &str, out: &mut String) {
    let mut rest = json;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut letters = after.chars();
        let letter = letters.next();
        rest = letters.as_str();
        match letter {
            Some('n' | 'r') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => rest = numbered(rest, out),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push_str(rest);
}

/// The letter of a `\uXXXX`, or of two of them, whose digits stand at the beginning of `rest`; gives what follows.
fn numbered<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some((unit, after)) = four(rest) else { return rest };
    let pair = (0xd800..0xdc00).contains(&unit).then(|| after.strip_prefix("\\u").and_then(four)).flatten();
    let (letter, after) = match pair {
        Some((low, after)) if (0xdc00..0xe000).contains(&low) => {
            (char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)), after)
        }
        _ => (char::from_u32(unit), after),
    };
    out.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn four(text: &str) -> Option<(u32, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        analyze::{Lexicons, normalize::folded},
        model::watch::{Watch, Watchlist},
    };

    const NAMES: [&str; 8] =
        ["つばめ電機", "青空テレコム", "髙島屋商店", "P&G\"商会", "AU", "ガス灯", "Ｍｉｄｏｒｉ屋", "가나상사"];

    /// The names alone: what else the matcher knows is of no matter here, and takes a second to compile.
    static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
        let companies = NAMES.iter().map(|name| Watch::named(name, &[name])).collect();
        Matcher::new(&Watchlist { companies }, &Lexicons::default()).unwrap()
    });

    /// One letter as somebody else would write it.
    fn disguised(c: char, how: u8) -> String {
        let half = |c: char| -> String {
            let pairs =
                [('ガ', "ｶﾞ"), ('ス', "ｽ"), ('テ', "ﾃ"), ('レ', "ﾚ"), ('コ', "ｺ"), ('ム', "ﾑ"), ('ば', "は\u{3099}")];
            pairs.iter().find(|(full, _)| *full == c).map_or_else(|| c.to_string(), |(_, half)| (*half).to_owned())
        };
        match how % 8 {
            0 => half(c),
            1 if c.is_ascii_graphic() => {
                char::from_u32(u32::from(c) + 0xfee0).map_or_else(|| c.to_string(), |wide| wide.to_string())
            }
            2 => c.to_uppercase().collect(),
            3 => format!("{c}\u{200b}"),
            4 => format!("{c}\u{fe0f}"),
            5 => format!("{c} "),
            6 => format!("{c}\u{301}"),
            _ => match c {
                '高' => "髙".into(),
                other => other.to_string(),
            },
        }
    }

    fn escaped(text: &str, every: bool) -> String {
        if !every {
            return serde_json::to_string(text).unwrap();
        }
        let units = text.encode_utf16().fold(String::new(), |all, unit| format!("{all}\\u{unit:04x}"));
        format!("\"{units}\"")
    }

    fn glance(json: &str) -> bool {
        Glance::default().may_name(json, &MATCHER)
    }

    #[test]
    fn a_name_in_any_spelling_is_seen_through_any_escape() {
        for text in [
            "つばめ電機",
            "ﾂﾊﾞﾒ電機ではなくつは\u{3099}め電機",
            "高島屋商店",
            "ｐ＆ｇ\"商会",
            "ａｕ",
            "ｶﾞｽ灯",
            "midori屋",
        ] {
            for every in [false, true] {
                assert!(glance(&format!("{{\"text\":{}}}", escaped(text, every))), "{text}");
            }
        }
        assert!(glance(r#"{"text":"つば\u200bめ\b電機"}"#));
        assert!(glance(r#"{"text":"P\u0026G\"商会"}"#));
    }

    #[test]
    fn what_names_nobody_ends_here() {
        for text in
            ["今日はいい天気 ☀️ 😀 café naïve Ünï", "つばめ", "電機", "오늘 날씨 좋다", "안녕하세요", "\\u3064\\u3070"]
        {
            assert!(!glance(&format!("{{\"text\":{}}}", escaped(text, false))), "{text}");
        }
    }

    #[test]
    fn broken_escapes_are_no_trouble() {
        for json in ["\\", "\\u", "\\u12", "\\ud800", "\\ud800\\u0041", "\\udc00x", "\\uzzzz", "\\q", "\\u30c4あ"] {
            assert!(!glance(json), "{json}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_the_matcher_would_find_is_passed_over(
            before in "\\PC{0,20}", after in "\\PC{0,20}", which in 0..NAMES.len(),
            how in proptest::collection::vec(any::<u8>(), 12), every in any::<bool>(),
        ) {
            let name: String = NAMES[which].chars().zip(how.iter().cycle()).map(|(c, h)| disguised(c, *h)).collect();
            for text in [format!("{before}{name}{after}"), format!("{before}{after}")] {
                let json = format!("{{\"did\":\"did:plc:x\",\"record\":{{\"text\":{},\"langs\":[\"ja\"]}}}}", escaped(&text, every));
                if MATCHER.any(&folded(&text)) {
                    prop_assert!(Glance::default().may_name(&json, &MATCHER), "{}", json);
                }
            }
        }

        #[test]
        fn the_road_past_ascii_gives_the_same_spelling(text in "[a-zA-Z \\u{0}\\u{301}\\u{308}\\u{200b}\\u{3099}éＡｶﾞかは電한가İ\\n\\t]{0,24}") {
            let mut out = String::new();
            fold(&text, &mut out).unwrap();
            let expected = folded(&text);
            prop_assert_eq!(out.as_str(), expected.as_ref());
        }

        #[test]
        fn letters_are_unescaped_as_by_a_parser(text in "\\PC{0,30}[\u{0}-\u{1f}]{0,4}", every in any::<bool>()) {
            let json = escaped(&text, every);
            let mut out = String::new();
            unescape(&json, &mut out);
            let parsed: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(out.replace('\r', "\n"), format!("\"{}\"", parsed.replace('\r', "\n")));
        }
    }
}
