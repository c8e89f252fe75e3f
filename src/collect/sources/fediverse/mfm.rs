//! Misskey's own markup as plain text: what a reader would see of it.
//!
//! Not here: what is shown of a link or an emoji. Their names stay, for somebody may have put a word there.

use std::sync::LazyLock;

use regex::Regex;

use crate::collect::html;

/// `$[shake.speed=1s …]` and its kind; what it holds is found by its bracket.
static OPENING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\$\[[a-z0-9_]+(?:\.[A-Za-z0-9_.,=#-]+)?\s").ok());
/// `[label](address)`, also the silent one with a question mark before it.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\??\[([^\[\]\n]+)\]\(https?://[^\s()]+\)").ok());
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"</?(?:b|i|s|small|center|plain)>").ok());

/// The words of `note`.
pub(super) fn to_text(note: &str) -> String {
    let bounded = html::cut(note, crate::model::limits::TEXT_BYTES);
    let labels = replaced(&LINK, bounded, "$1");
    let bare = replaced(&TAG, &labels, "");
    let text = unwrapped(&bare);
    text.replace("**", "").replace("~~", "").replace("```", "")
}

fn replaced(pattern: &LazyLock<Option<Regex>>, text: &str, with: &str) -> String {
    pattern.as_ref().map_or_else(|| text.to_owned(), |re| re.replace_all(text, with).into_owned())
}

/// Takes `$[name …]` off what it holds, however deep. A bracket that closes none of them is a letter.
fn unwrapped(text: &str) -> String {
    let Some(opening) = OPENING.as_ref() else { return text.to_owned() };
    let (mut out, mut rest, mut deep) = (String::with_capacity(text.len()), text, Vec::new());
    while let Some(at) = rest.find(['$', '[', ']']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(found) = opening.find(from) {
            deep.push(true);
            rest = from.get(found.end()..).unwrap_or_default();
            continue;
        }
        let mut letters = from.chars();
        match letters.next() {
            Some(']') if deep.pop().unwrap_or(false) => {}
            Some('[') => {
                deep.push(false);
                out.push('[');
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_sees_of_a_note_is_left() {
        for (note, text) in [
            ("**つばめ電機**が~~また~~落ちた", "つばめ電機がまた落ちた"),
            (
                "$[shake.speed=0.5s つば$[rainbow め電]機] [公式](https://t.example/a) <small>小さく</small>",
                "つばめ電機 公式 小さく",
            ),
            ("?[静かな](https://t.example/) リンク", "静かな リンク"),
            ("配列は a[0] と書く $[", "配列は a[0] と書く $["),
            ("値段は$5 [済]", "値段は$5 [済]"),
            ("```\ncode\n```", "\ncode\n"),
        ] {
            assert_eq!(to_text(note), text, "{note}");
        }
    }

    #[test]
    fn a_flood_of_brackets_is_read_once() {
        let flood = "$[x ".repeat(16_000);
        assert!(to_text(&flood).len() <= flood.len());
    }
}
