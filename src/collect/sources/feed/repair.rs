//! Makes a document that a strict reader accepts out of one that it would refuse.
//!
//! Only for the second opinion: our own walk reads the document as it is.

use crate::collect::markup::{Token, Tokens, decode_references};

/// `text` without rubbish before its root, without declaration and document type, every `&` and `<` escaped that is
/// no markup, every element closed.
pub(crate) fn repair(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut open: Vec<&str> = Vec::new();
    let mut started = false;
    for token in Tokens::of(text) {
        match token {
            Token::Text(words) if started => escape(&mut out, &decode_references(words)),
            Token::Cdata(words) if started => escape(&mut out, words),
            Token::Open { name, attributes, empty } => {
                started = started || is_root(name);
                if started {
                    element(&mut out, name, attributes, empty);
                    if !empty && open.len() < 256 {
                        open.push(name);
                    } else if !empty {
                        out.extend(["</", name, ">"]);
                    }
                }
            }
            Token::Close { name } => {
                if let Some(i) = open.iter().rposition(|n| *n == name) {
                    for name in open.drain(i..).rev() {
                        out.extend(["</", name, ">"]);
                    }
                }
            }
            _ => {}
        }
    }
    for name in open.into_iter().rev() {
        out.extend(["</", name, ">"]);
    }
    out
}

fn is_root(name: &str) -> bool {
    let local = crate::collect::markup::local_name(name);
    ["rss", "rdf", "feed", "channel"].iter().any(|root| local.eq_ignore_ascii_case(root))
}

fn element(out: &mut String, name: &str, attributes: &str, empty: bool) {
    out.extend(["<", name]);
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in crate::collect::markup::attributes(attributes).take(64) {
        let valid = name.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c));
        if valid && !seen.contains(&name) {
            seen.push(name);
            out.extend([" ", name, "=\""]);
            escape(out, &decode_references(value));
            out.push('"');
        }
    }
    out.push_str(if empty { "/>" } else { ">" });
}

fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(letter),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_strict_reader_refuses_becomes_acceptable() {
        let broken = "warning <b>x</b><?xml version='1.0'?><rss version=2.0><channel><title>R&D & <1\u{1}</channel>";
        assert_eq!(repair(broken), "<rss version=\"2.0\"><channel><title>R&amp;D &amp; &lt;1</title></channel></rss>");
    }
}
