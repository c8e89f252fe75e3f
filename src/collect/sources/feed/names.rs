//! Which vocabulary an element belongs to, by its namespace or, where none is declared, by its usual prefix.

use crate::{collect::markup, model::limits};

/// The vocabularies that say something about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// RSS of any version, Atom, and whatever the root element is written in.
    Core,
    /// Dublin Core elements.
    Dc,
    /// Dublin Core terms.
    Terms,
    /// `content:encoded`.
    Content,
    /// Media RSS.
    Media,
    /// Podcasts.
    Itunes,
    /// XHTML.
    Xhtml,
    /// How often a feed changes.
    Syndication,
    /// What one service alone says of its entries: bookmarks, stars, who wrote it.
    Service,
    /// Anything else; its elements mean nothing to us, also when they are called `title`.
    Other,
}

/// The prefixes in force.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bindings: Vec<Binding>,
    root_seen: bool,
}

#[derive(Debug)]
struct Binding {
    prefix: String,
    space: Space,
    depth: usize,
}

impl Names {
    /// Takes in the declarations of an element at `depth`.
    pub(crate) fn enter(&mut self, attributes: &str, depth: usize) {
        let is_root = !std::mem::replace(&mut self.root_seen, true);
        if !attributes.contains("xmlns") {
            return;
        }
        for (name, value) in markup::attributes(attributes) {
            let Some(prefix) = name.strip_prefix("xmlns").map(|p| p.trim_start_matches(':')) else { continue };
            if self.bindings.len() < limits::PREFIXES {
                let known = by_address(value);
                // A feed in a vocabulary of its own making is still read by its element names.
                let space = if is_root && prefix.is_empty() && known == Space::Other { Space::Core } else { known };
                self.bindings.push(Binding { prefix: prefix.to_owned(), space, depth });
            }
        }
    }

    /// Forgets the declarations of elements at `depth` and below.
    pub(crate) fn leave(&mut self, depth: usize) {
        while self.bindings.pop_if(|b| b.depth >= depth).is_some() {}
    }

    /// The vocabulary of an element as written.
    pub(crate) fn space(&self, name: &str) -> Space {
        let prefix = name.rsplit_once(':').map_or("", |(prefix, _)| prefix);
        let bound = self.bindings.iter().rev().find(|b| b.prefix == prefix).map(|b| b.space);
        bound.unwrap_or_else(|| by_prefix(prefix))
    }
}

fn by_address(address: &str) -> Space {
    let address = address.trim().to_ascii_lowercase();
    let has = |part: &str| address.contains(part);
    if has("purl.org/dc/elements") {
        Space::Dc
    } else if has("purl.org/dc/terms") {
        Space::Terms
    } else if has("rss/1.0/modules/content") {
        Space::Content
    } else if has("/mrss") {
        Space::Media
    } else if has("hatena.ne.jp/info/xmlns") || has("itunes.apple.com/rss") || address == "https://note.com" {
        Space::Service
    } else if has("itunes.com/dtds") || has("itunes.apple.com") || has("example.com/dtds/podcast") {
        Space::Itunes
    } else if has("www.w3.org/1999/xhtml") {
        Space::Xhtml
    } else if has("rss/1.0/modules/syndication") {
        Space::Syndication
    } else if is_core(&address) {
        Space::Core
    } else {
        Space::Other
    }
}

fn is_core(address: &str) -> bool {
    const PLACES: [&str; 8] = [
        "www.w3.org/2005/atom",
        "purl.org/atom/ns",
        "my.netscape.com/rdf/simple",
        "channel.netscape.com/rdf",
        "my.netscape.com/publish",
        "backend.userland.com",
        "blogs.law.harvard.edu",
        "purl.org/net/rss",
    ];
    let rss_1 = address.contains("purl.org/rss/1.0") && !address.contains("modules");
    address.is_empty() || rss_1 || PLACES.iter().any(|place| address.contains(place))
}

fn by_prefix(prefix: &str) -> Space {
    match prefix.to_ascii_lowercase().as_str() {
        "" | "atom" | "atom03" | "a10" | "rss" => Space::Core,
        "dc" => Space::Dc,
        "dcterms" => Space::Terms,
        "content" => Space::Content,
        "media" => Space::Media,
        "itunes" => Space::Itunes,
        "xhtml" => Space::Xhtml,
        "sy" => Space::Syndication,
        "hatena" | "im" | "note" => Space::Service,
        _ => Space::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_what_is_declared_and_else_what_is_usual() {
        let mut names = Names::default();
        names.enter(r#" xmlns="http://example.jp/own" xmlns:d="http://purl.org/dc/elements/1.1/""#, 1);
        assert_eq!(names.space("title"), Space::Core);
        assert_eq!(names.space("d:title"), Space::Dc);
        assert_eq!(names.space("media:title"), Space::Media);
        assert_eq!(names.space("x:title"), Space::Other);
        names.enter(r#" xmlns="http://www.w3.org/2000/svg""#, 2);
        assert_eq!(names.space("title"), Space::Other);
        names.leave(2);
        assert_eq!(names.space("title"), Space::Core);
    }
}
