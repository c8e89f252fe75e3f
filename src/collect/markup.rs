//! Cuts XML or HTML into tags and text, whatever its state.
//!
//! Not a parser: nothing is checked, nested or refused, and no entity is decoded here. A strict reader stops at the
//! first mistake of a feed and loses everything behind it; this one goes on, so that one stray `<` costs one letter.
//!
//! # Invariants
//! Every input is cut to its end in linear time, without recursion: each search for an end mark either moves the
//! reading place or is remembered as fruitless.

/// A piece of a document. Text and attributes are as written, entities included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    /// Between tags.
    Text(&'t str),
    /// The inside of `<![CDATA[…]]>`.
    Cdata(&'t str),
    /// `<name attributes>`.
    Open {
        /// With its prefix, as written.
        name: &'t str,
        /// Everything behind the name.
        attributes: &'t str,
        /// Closed by itself: `<name/>`.
        empty: bool,
    },
    /// `</name>`.
    Close {
        /// With its prefix, as written.
        name: &'t str,
    },
    /// The inside of `<!DOCTYPE …>`.
    Doctype(&'t str),
}

/// The pieces of one document, in order.
#[derive(Debug)]
pub(crate) struct Tokens<'t> {
    all: &'t str,
    at: usize,
    last_open: &'t str,
    subset_seen: bool,
    comment_end: Ahead,
    cdata_end: Ahead,
    instruction_end: Ahead,
}

/// Where a mark comes next, remembered until we have passed it.
#[derive(Debug)]
struct Ahead {
    mark: &'static str,
    /// From here on the answer holds.
    asked_at: usize,
    found: Option<usize>,
    known: bool,
}

impl Ahead {
    const fn of(mark: &'static str) -> Self {
        Self { mark, asked_at: 0, found: None, known: false }
    }

    fn from(&mut self, all: &str, at: usize) -> Option<usize> {
        let holds = self.known && at >= self.asked_at && self.found.is_none_or(|found| found >= at);
        if !holds {
            self.found = find(all, at, self.mark);
            self.asked_at = at;
            self.known = true;
        }
        self.found
    }
}

/// The first `mark` at or behind `at`.
fn find(all: &str, at: usize, mark: &str) -> Option<usize> {
    all.get(at..)?.find(mark).map(|i| at + i)
}

impl<'t> Tokens<'t> {
    /// Starts at the beginning.
    pub(crate) fn of(all: &'t str) -> Self {
        Self {
            all,
            at: 0,
            last_open: "",
            subset_seen: false,
            comment_end: Ahead::of("-->"),
            cdata_end: Ahead::of("]]>"),
            instruction_end: Ahead::of("?>"),
        }
    }

    /// Goes on behind the next `</name`, whatever stands before it: for elements whose inside is no markup.
    pub(crate) fn skip_past_close(&mut self, name: &str) {
        let rest = self.all.as_bytes().get(self.at..).unwrap_or_default();
        let size = name.len() + 2;
        let is_close = |window: &[u8]| {
            window.starts_with(b"</") && window.get(2..).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
        };
        match rest.windows(size).position(is_close) {
            Some(i) => {
                let behind = self.at + i + size;
                self.at = find(self.all, behind, ">").map_or(self.all.len(), |end| end + 1);
            }
            None => self.at = self.all.len(),
        }
    }

    fn slice(&self, from: usize, to: usize) -> &'t str {
        self.all.get(from..to).unwrap_or("")
    }

    fn byte(&self, at: usize) -> u8 {
        self.all.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn end(&self) -> usize {
        self.all.len()
    }

    /// Text up to the next `<`; one at `at` itself belongs to it.
    fn text(&mut self) -> Token<'t> {
        let from = self.at;
        let behind = from + usize::from(self.byte(from) == b'<');
        self.at = find(self.all, behind, "<").unwrap_or(self.end());
        Token::Text(self.slice(from, self.at))
    }

    /// What stands behind `<!`, or `None` for a comment.
    fn declaration(&mut self) -> Option<Token<'t>> {
        let from = self.at;
        let rest = self.slice(from, self.end());
        if rest.starts_with("<!--") {
            let end = self.comment_end.from(self.all, from + 4);
            self.at = end.map_or(self.end(), |end| end + 3);
            return None;
        }
        if rest.starts_with("<![CDATA[") {
            return Some(self.cdata(from + 9));
        }
        let first = find(self.all, from, ">").unwrap_or(self.end());
        let mut end = first;
        // Only the first declaration may hold a subset in brackets, so that a thousand of them stay linear.
        if !self.subset_seen
            && let Some(bracket) = find(self.all, from, "[").filter(|b| *b < first)
            && let Some(close) = find(self.all, bracket, "]")
        {
            end = find(self.all, close, ">").unwrap_or(self.end());
        }
        self.subset_seen = true;
        self.at = (end + 1).min(self.end());
        Some(Token::Doctype(self.slice(from + 2, end)))
    }

    /// A section that was never closed ends where its element does, or else takes the rest of the document along.
    fn cdata(&mut self, from: usize) -> Token<'t> {
        let end = self.cdata_end.from(self.all, from).unwrap_or(self.end());
        let inside = self.slice(from, end);
        let bound = inside.find("<![CDATA[").unwrap_or(inside.len());
        let closed = end < self.end() && bound == inside.len();
        if closed {
            self.at = end + 3;
            return Token::Cdata(inside);
        }
        let head = inside.get(..bound).unwrap_or("");
        let close = format!("</{}", self.last_open);
        match head.find(&close).filter(|_| !self.last_open.is_empty()) {
            Some(i) => {
                self.at = from + i;
                Token::Cdata(self.slice(from, self.at))
            }
            None if end < self.end() => {
                self.at = end + 3;
                Token::Cdata(inside)
            }
            None => {
                self.at = from + bound;
                Token::Cdata(head)
            }
        }
    }

    /// `<?…?>`, which says nothing we need.
    fn instruction(&mut self) {
        let from = self.at + 2;
        let end = self.instruction_end.from(self.all, from).map(|end| end + 2);
        self.at = end.or_else(|| find(self.all, from, ">").map(|end| end + 1)).unwrap_or(self.end());
    }

    /// A tag whose name starts at `from`.
    fn tag(&mut self, from: usize, close: bool) -> Token<'t> {
        let bytes = self.all.as_bytes();
        let (inside_end, next) = tag_end(bytes, from);
        self.at = next;
        let inside = self.slice(from, inside_end);
        let cut = inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
        let (name, attributes) = inside.split_at_checked(cut).unwrap_or((inside, ""));
        if close {
            return Token::Close { name };
        }
        self.last_open = name;
        let empty = attributes.trim_end().ends_with('/');
        Token::Open { name, attributes, empty }
    }
}

/// Where the inside of a tag ends and where reading goes on. A quote counts only behind `=` and when it is closed
/// before the next `<`; a `<` ends a tag that was never closed.
fn tag_end(bytes: &[u8], from: usize) -> (usize, usize) {
    let mut at = from;
    let mut behind_equals = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' => return (at, at + 1),
            b'<' => return (at, at),
            b'"' | b'\'' if behind_equals => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let stop = rest.iter().position(|b| b == byte || *b == b'<');
                if let Some(i) = stop.filter(|i| rest.get(*i) == Some(byte)) {
                    at += i + 1;
                }
                behind_equals = false;
            }
            b'=' => behind_equals = true,
            b if b.is_ascii_whitespace() => {}
            _ => behind_equals = false,
        }
        at += 1;
    }
    (bytes.len(), bytes.len())
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        while self.at < self.end() {
            if self.byte(self.at) != b'<' {
                return Some(self.text());
            }
            match self.byte(self.at + 1) {
                b'!' => {
                    if let Some(token) = self.declaration() {
                        return Some(token);
                    }
                }
                b'?' => self.instruction(),
                b'/' if is_name_start(self.byte(self.at + 2)) => return Some(self.tag(self.at + 2, true)),
                b if is_name_start(b) => return Some(self.tag(self.at + 1, false)),
                _ => return Some(self.text()),
            }
        }
        None
    }
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':'
}

/// Names and values of a tag's attributes, as written.
pub(crate) fn attributes(inside: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = inside;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=');
            let end = rest.find(|c: char| c.is_whitespace() || c == '=')?;
            let (name, behind) = rest.split_at_checked(end)?;
            let Some(value) = behind.trim_start().strip_prefix('=') else {
                rest = behind;
                continue;
            };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let quoted = quote.and_then(|q| value.strip_prefix(q).and_then(|v| v.split_once(q)));
            let (value, behind) = quoted.unwrap_or_else(|| {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                let (value, behind) = value.split_at_checked(end).unwrap_or((value, ""));
                (value.trim_start_matches(['"', '\'']), behind)
            });
            rest = behind;
            return Some((name, value));
        }
    })
}

/// The value of the attribute `name`, whatever its case, with references decoded.
pub(crate) fn attribute(inside: &str, name: &str) -> Option<String> {
    attributes(inside).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| decode_references(value))
}

/// Decodes `&name;` and `&#…;`, but only with their semicolon: a bare `&` in an address stays what it is.
pub(crate) fn decode_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        rest = behind;
        match reference(behind) {
            Some((decoded, tail)) => {
                out.push_str(&decoded);
                rest = tail;
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

/// The reference whose `&` was just read, and what follows it.
fn reference(behind: &str) -> Option<(String, &str)> {
    const LONGEST: usize = 33;
    let end = behind.bytes().take(LONGEST).position(|b| !(b.is_ascii_alphanumeric() || b == b'#'))?;
    let (name, tail) = behind.split_at_checked(end)?;
    let tail = tail.strip_prefix(';').filter(|_| !name.is_empty())?;
    let written = format!("&{name};");
    let decoded = htmlize::unescape(written.as_str());
    // A longer answer means that only the beginning of the name was known (`&notit;`).
    (*decoded != *written && decoded.chars().count() <= 2).then(|| (decoded.into_owned(), tail))
}

/// The part of a name behind its prefix.
pub(crate) fn local_name(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shapes(text: &str) -> Vec<String> {
        Tokens::of(text).map(|t| format!("{t:?}")).collect()
    }

    #[test]
    fn a_stray_less_than_is_text() {
        assert_eq!(Tokens::of("1 < 2 <b>x").collect::<Vec<_>>()[..2], [Token::Text("1 "), Token::Text("< 2 ")]);
    }

    #[test]
    fn an_unclosed_section_ends_with_its_element() {
        let text = "<d><![CDATA[one</d><t>two</t><d><![CDATA[three]]></d>";
        assert!(shapes(text).contains(&r#"Cdata("one")"#.to_owned()), "{:?}", shapes(text));
        assert!(shapes(text).contains(&r#"Cdata("three")"#.to_owned()));
    }

    #[test]
    fn a_quote_that_never_closes_does_not_swallow_the_document() {
        let text = r#"<a href="x>one</a><b>two</b>"#;
        assert!(shapes(text).contains(&r#"Text("one")"#.to_owned()), "{:?}", shapes(text));
    }

    #[test]
    fn attributes_are_found_in_any_case_and_quoting() {
        let inside = r#" HREF='a&amp;b' rel=alternate checked type = "x y""#;
        assert_eq!(attribute(inside, "href").as_deref(), Some("a&b"));
        assert_eq!(attribute(inside, "rel").as_deref(), Some("alternate"));
        assert_eq!(attribute(inside, "type").as_deref(), Some("x y"));
        assert_eq!(attribute(inside, "checked"), None);
    }

    #[test]
    fn only_whole_references_are_decoded() {
        assert_eq!(
            decode_references("?a=1&copy=2&amp;b &D; &#12354;&#x3044; &notit;"),
            "?a=1&copy=2&b &D; あい &notit;"
        );
        assert_eq!(decode_references("don&#146;t"), "don’t");
    }

    #[test]
    fn half_a_megabyte_of_unclosed_sections_is_cut_at_once() {
        // Quadratic searching would take minutes here; the test run itself is the clock.
        for piece in ["<![CDATA[", "<!--", "<?x", "<!x[", "<a b=\"", "<script>"] {
            let text = piece.repeat(60_000);
            assert!(Tokens::of(&text).count() <= 60_000);
        }
    }

    proptest! {
        #[test]
        fn every_text_is_cut_to_its_end(text in "(<|>|/|!|\\[|\\]|CDATA|-|\\?|a|=|\"|'| |火|&|;){0,80}") {
            let mut tokens = Tokens::of(&text);
            while tokens.next().is_some() {}
            prop_assert_eq!(tokens.at, text.len());
        }
    }
}
