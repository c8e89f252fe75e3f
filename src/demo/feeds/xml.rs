//! Enough XML to write a feed: elements, attributes, and text that cannot break out.

use std::fmt::Write as _;

/// An XML document being written.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

/// Attributes of an element.
type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Xml {
    /// Starts a document that declares `charset`.
    pub(super) fn new(charset: &str) -> Self {
        Self(format!("<?xml version=\"1.0\" encoding=\"{charset}\"?>\n"))
    }

    /// `<name …>` with what `inside` writes, then `</name>`.
    pub(super) fn element(&mut self, name: &str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        self.0.push('>');
        inside(self);
        // Writing to a String cannot fail.
        write!(self.0, "</{name}>").unwrap_or_default();
        self.0.push('\n');
    }

    /// An element that holds only text.
    pub(super) fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |xml| xml.0.push_str(&escape(text)));
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.0.push_str("/>\n");
    }

    /// An element whose text stands in CDATA, as many publishing tools do.
    pub(super) fn cdata(&mut self, name: &str, text: &str) {
        self.element(name, &[], |xml| {
            let safe = text.replace("]]>", "]]]]><![CDATA[>");
            write!(xml.0, "<![CDATA[{safe}]]>").unwrap_or_default();
        });
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        write!(self.0, "<{name}").unwrap_or_default();
        for (key, value) in attributes {
            write!(self.0, " {key}=\"{}\"", escape(value)).unwrap_or_default();
        }
    }
}

/// Text that is safe inside XML and HTML. Some letters become entities as a reminder that readers meet them.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '…' => out.push_str("&#8230;"),
            '\n' | '\t' => out.push(letter),
            control if control.is_control() => {}
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_element() {
        let mut xml = Xml::new("utf-8");
        xml.element("a", &[("b", "\"<&")], |xml| {
            xml.text("c", &[], "</c>&\u{0}…");
            xml.cdata("d", "]]>");
        });
        let want = "<a b=\"&quot;&lt;&amp;\"><c>&lt;/c&gt;&amp;&#8230;</c>\n<d><![CDATA[]]]]><![CDATA[>]]></d>\n</a>\n";
        assert!(xml.finish().ends_with(want));
    }
}
