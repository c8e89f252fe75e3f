//! The inside of one element while it is being read, and what it says in plain text.

use crate::{
    collect::{html, markup},
    model::limits,
};

/// How the inside of an element is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words, as in an Atom title.
    Plain,
    /// Markup written as text, as in RSS.
    Markup,
    /// Base64 of markup.
    Base64,
    /// No words at all: a picture, a film.
    Foreign,
}

impl Kind {
    /// By the attributes `type` and `mode`; `atom` texts are plain unless they say otherwise.
    pub(crate) fn of(attributes: &str, atom: bool) -> Self {
        let kind = markup::attribute(attributes, "type").unwrap_or_default().to_ascii_lowercase();
        let mode = markup::attribute(attributes, "mode").unwrap_or_default().to_ascii_lowercase();
        let encoding = markup::attribute(attributes, "encoding").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or("").trim();
        let words = !kind.contains('/') || kind.starts_with("text/") || kind.ends_with("xml");
        match () {
            () if mode == "base64" || encoding == "base64" => Self::Base64,
            () if !words && atom => Self::Foreign,
            () if !atom || kind.contains("html") || mode == "escaped" && kind.is_empty() => Self::Markup,
            () => Self::Plain,
        }
    }
}

/// The inside of one element.
#[derive(Debug)]
pub(crate) struct Capture {
    /// The element's name as written; its like may stand inside it.
    pub(crate) name: String,
    /// How often it is open.
    pub(crate) open: usize,
    kind: Kind,
    /// Words with their references decoded.
    decoded: String,
    /// The same as it stands in the document, tags included.
    raw: String,
    has_elements: bool,
}

impl Capture {
    /// Begins behind the opening tag of `name`.
    pub(crate) fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), open: 1, kind, decoded: String::new(), raw: String::new(), has_elements: false }
    }

    /// Text as written, and what it means.
    pub(crate) fn text(&mut self, raw: &str, decoded: &str) {
        if self.decoded.len() < limits::HTML_BYTES {
            self.decoded.push_str(decoded);
            self.raw.push_str(raw);
        }
    }

    /// The inside of a CDATA section.
    pub(crate) fn cdata(&mut self, inside: &str) {
        if self.decoded.len() < limits::HTML_BYTES {
            self.decoded.push_str(inside);
            // Beside elements of XHTML a section is words, not markup.
            self.raw.push_str(&inside.replace('&', "&amp;").replace('<', "&lt;"));
        }
    }

    /// A tag inside.
    pub(crate) fn tag(&mut self, close: bool, name: &str, attributes: &str) {
        if self.raw.len() < limits::HTML_BYTES {
            let slash = if close { "/" } else { "" };
            self.raw.extend(["<", slash, name, attributes, ">"]);
            self.has_elements = true;
        }
    }

    /// The words a reader sees, in lines.
    pub(crate) fn plain(&self) -> String {
        if self.has_elements {
            return html::to_text(&self.raw);
        }
        match self.kind {
            // RFC 4287: what is no text at all stands there in base64, and may be text under a wrong name.
            Kind::Foreign => base64(&self.decoded)
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map_or_else(String::new, |text| html::to_text(&text)),
            Kind::Plain if !html::looks_like_markup(&self.decoded) => html::lines(&self.decoded),
            Kind::Base64 => match base64(&self.decoded) {
                Some(bytes) => html::to_text(&String::from_utf8_lossy(&bytes)),
                None => html::to_text(&self.decoded),
            },
            Kind::Plain | Kind::Markup => html::to_text(&self.decoded),
        }
    }

    /// An address, a name or a date: never markup.
    pub(crate) fn token(&self) -> String {
        if self.has_elements { html::one_line(&html::to_text(&self.raw)) } else { html::one_line(&self.decoded) }
    }

    /// A person: the `name` inside, or else all of it.
    pub(crate) fn person(&self) -> Option<String> {
        if !self.has_elements {
            return super::entry::person(&html::to_text(&self.decoded));
        }
        let mut inside = false;
        let mut name = String::new();
        for token in markup::Tokens::of(&self.raw) {
            match token {
                markup::Token::Open { name: tag, empty, .. } => inside = markup::local_name(tag) == "name" && !empty,
                markup::Token::Close { .. } => inside = false,
                markup::Token::Text(text) if inside => name.push_str(&markup::decode_references(text)),
                _ => {}
            }
        }
        super::entry::person(&name)
    }
}

/// Decodes base64 in its usual alphabet; white space is passed over. `None` where it is something else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()).take_while(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_and_anything_else_is_not() {
        assert_eq!(base64("RXhh\n bXBsZQ==").as_deref(), Some(b"Example".as_slice()));
        assert_eq!(base64("火の見"), None);
    }

    #[test]
    fn atom_texts_are_plain_and_rss_texts_are_markup() {
        assert_eq!(Kind::of("", true), Kind::Plain);
        assert_eq!(Kind::of(" type='html'", true), Kind::Markup);
        assert_eq!(Kind::of(" type='image/png'", true), Kind::Foreign);
        assert_eq!(Kind::of("", false), Kind::Markup);
        assert_eq!(Kind::of(" mode='base64'", false), Kind::Base64);
    }
}
