//! Markup to plain text, in one pass.
//!
//! Not a browser and not a sanitizer for display: what comes out is text, and templates still escape it.
//!
//! # Invariants
//! Linear and without recursion, so nesting costs nothing (html5ever-like trees are quadratic in depth). Reads at
//! most [`limits::HTML_BYTES`].

use super::markup::{Token, Tokens, local_name};
use crate::model::limits;

/// Elements that start a new line for a reader.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

/// Elements whose inside is no text for a reader.
const SILENT: &[&str] = &["script", "style", "template", "applet"];

/// Elements inside `ruby` that only say how the word before them is read. Without them the word stays in one piece,
/// so a company's name is still found.
const GLOSSES: &[&str] = &["rt", "rp", "rtc"];

/// Other elements that tell that a text was meant as markup.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "td", "th", "tt", "u", "video", "audio", "iframe", "object",
    "embed",
];

/// What a reader would see of `html`.
pub fn to_text(html: &str) -> String {
    let mut out = Folded::default();
    let mut in_gloss = false;
    let mut tokens = Tokens::of(cut(html, limits::HTML_BYTES));
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(_) | Token::Cdata(_) if in_gloss => {}
            Token::Text(text) => out.push(&htmlize::unescape(text)),
            // HTML knows no such section; feeds that were escaped twice have them, around plain words or markup.
            Token::Cdata(text) => Tokens::of(text).for_each(|t| {
                if let Token::Text(words) = t {
                    out.push(&htmlize::unescape(words));
                }
            }),
            Token::Open { name, empty, .. } => {
                let name = local_name(name).to_ascii_lowercase();
                if SILENT.contains(&name.as_str()) {
                    if !empty {
                        tokens.skip_past_close(&name);
                    }
                } else if GLOSSES.contains(&name.as_str()) {
                    in_gloss = true;
                } else {
                    in_gloss = in_gloss && name != "rb" && !is_block(&name);
                    out.gap(&name);
                }
            }
            Token::Close { name } => {
                let name = local_name(name).to_ascii_lowercase();
                in_gloss = in_gloss && name != "ruby" && !GLOSSES.contains(&name.as_str());
                out.gap(&name);
            }
            Token::Doctype(_) => {}
        }
    }
    out.text
}

/// Whether a text that claims to be plain was written as markup: it closes an element that HTML knows, or holds a
/// reference.
pub fn looks_like_markup(text: &str) -> bool {
    let known = |name: &str| {
        let name = name.to_ascii_lowercase();
        is_block(&name) || INLINE.contains(&name.as_str()) || SILENT.contains(&name.as_str())
    };
    Tokens::of(text).any(|token| match token {
        Token::Close { name } => known(name),
        Token::Open { name, empty, attributes } => known(name) && (empty || attributes.contains('=') || name == "br"),
        Token::Text(text) => super::markup::decode_references(text) != text,
        _ => false,
    })
}

/// One line without control characters, white space folded.
pub fn one_line(text: &str) -> String {
    let mut out = Folded::default();
    out.push(text);
    out.text
}

/// Plain text whose lines stay lines.
pub fn lines(text: &str) -> String {
    let mut out = Folded::default();
    for line in text.lines() {
        out.push(line);
        out.newline();
    }
    out.text
}

/// `text` up to `bytes`, never inside a letter.
pub fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

/// Text in which runs of white space became one space or one line break.
#[derive(Debug, Default)]
struct Folded {
    text: String,
    gap: Option<char>,
}

impl Folded {
    fn push(&mut self, text: &str) {
        for letter in text.chars() {
            let letter = windows_1252(letter);
            if is_noise(letter) {
                continue;
            }
            if letter.is_whitespace() {
                self.gap = self.gap.or(Some(' '));
            } else {
                if let Some(gap) = self.gap.take().filter(|_| !self.text.is_empty()) {
                    self.text.push(gap);
                }
                self.text.push(letter);
            }
        }
    }

    fn newline(&mut self) {
        self.gap = Some('\n');
    }

    fn gap(&mut self, name: &str) {
        if is_block(name) {
            self.newline();
        } else if matches!(name, "td" | "th") {
            self.gap = self.gap.or(Some(' '));
        }
    }
}

/// Control characters and non-characters: nobody sees them, and a terminal or a mail may obey them.
fn is_noise(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
        || matches!(letter, '\u{fffe}' | '\u{ffff}' | '\u{feff}')
}

/// C1 control characters stand for windows-1252 wherever they occur in the wild.
fn windows_1252(letter: char) -> char {
    match u32::from(letter) {
        code @ 0x80..=0x9f => {
            let byte = [u8::try_from(code).unwrap_or(b'?')];
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next().unwrap_or(letter)
        }
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_becomes_what_a_reader_sees() {
        let cases = [
            ("<p>つばめ電機が<b>謝罪</b></p><p>二段落目</p>", "つばめ電機が謝罪\n二段落目"),
            ("a<br>b<br/>c", "a\nb\nc"),
            ("<script>alert(1)</script>安全<style>p{}</style>", "安全"),
            ("R&amp;D &lt;b&gt; &copy 2026", "R&D <b> © 2026"),
            ("<ruby>青空<rp>(</rp><rt>あおぞら</rt><rp>)</rp></ruby>テレコム", "青空テレコム"),
            ("<ruby>青空<rt>あおぞら</ruby>テレコム", "青空テレコム"),
            ("1 < 2", "1 < 2"),
            ("  a \n\n b\u{3000}c ", "a b c"),
            ("<td>1</td><td>2</td>", "1 2"),
            ("<a href=\"x>y\">z</a>", "z"),
            ("<SCRIPT>x</script ><p>y", "y"),
            ("<script>never closed", ""),
            ("a\u{0}\u{7}\u{b}b", "ab"),
        ];
        for (html, text) in cases {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn plain_text_is_told_from_markup() {
        for markup in ["<b>x</b>", "a &amp; b", "x<br/>y", "<p class=\"x\">y"] {
            assert!(looks_like_markup(markup), "{markup}");
        }
        for plain in ["x < y", "AT&T", "Vec<String>", "<つばめ電機>", ""] {
            assert!(!looks_like_markup(plain), "{plain}");
        }
    }

    #[test]
    fn a_hundred_thousand_open_elements_cost_no_more_than_their_letters() {
        let html = "<div>".repeat(100_000) + "x";
        assert!(to_text(&html).len() <= 1);
    }

    proptest! {
        #[test]
        fn no_element_survives(parts in proptest::collection::vec("(<b>|</b>|<img src=x>|<script>|</script>|火|<!--|-->|<p)", 0..20)) {
            let text = to_text(&parts.concat());
            prop_assert!(!text.contains('<'), "{}", text);
        }
    }
}
