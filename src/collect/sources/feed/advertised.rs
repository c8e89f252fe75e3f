//! Where a web page says that its feeds are: `<link rel="alternate" type="application/rss+xml" href="…">`, and, where
//! it has none of those, links for readers that lead to what is called like a feed.

use url::Url;

use super::{Document, decode};
use crate::{
    collect::{
        html,
        markup::{Token, Tokens, attribute},
    },
    model::limits,
};

/// More than a person would choose from.
const MOST: usize = 12;

/// What a link to a feed says that it leads to.
const KINDS: [&str; 4] =
    ["application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"];

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Where it is.
    pub url: String,
    /// What the page calls it, one line.
    pub title: Option<String>,
}

impl Offer {
    /// A feed of comments, which brings what readers wrote under something else.
    pub fn is_comments(&self) -> bool {
        let title = self.title.as_deref().unwrap_or_default();
        let path = Url::parse(&self.url).map(|url| url.path().to_ascii_lowercase()).unwrap_or_default();
        title.contains("コメント") || title.to_lowercase().contains("comment") || path.contains("comment")
    }
}

/// The addresses of the feeds that a page names, as [`offers`] has them.
pub fn advertised(document: &Document<'_>) -> Vec<String> {
    offers(document).into_iter().map(|offer| offer.url).collect()
}

/// The feeds that a page names, each once, in its own order, comments last.
pub fn offers(document: &Document<'_>) -> Vec<Offer> {
    let text = decode(document.body, document.content_type);
    let mut page = Page { base: document.url.and_then(|url| Url::parse(url).ok()), ..Page::default() };
    for token in Tokens::of(html::cut(&text, limits::HTML_BYTES)) {
        let Token::Open { name, attributes, .. } = token else { continue };
        match name.to_ascii_lowercase().as_str() {
            "base" => page.rebase(attributes),
            "link" => page.link(attributes),
            "a" | "area" => page.anchor(attributes),
            _ => {}
        }
    }
    let mut found = if page.links.is_empty() { page.anchors } else { page.links };
    found.sort_by_key(Offer::is_comments);
    found.truncate(MOST);
    found
}

#[derive(Default)]
struct Page {
    base: Option<Url>,
    rebased: bool,
    links: Vec<Offer>,
    anchors: Vec<Offer>,
}

impl Page {
    /// The first `<base href>` counts, for what comes after it.
    fn rebase(&mut self, attributes: &str) {
        if let Some(base) = self.address(attributes).filter(|_| !self.rebased) {
            self.base = Some(base);
            self.rebased = true;
        }
    }

    fn link(&mut self, attributes: &str) {
        let says = |name: &str, any: &[&str]| {
            let value = attribute(attributes, name).unwrap_or_default().to_ascii_lowercase();
            value.split([' ', '\t', '\n', '\r', ';']).any(|word| any.contains(&word))
        };
        if says("rel", &["alternate", "feed"]) && says("type", &KINDS) {
            let title = attribute(attributes, "title").map(|title| html::one_line(&html::to_text(&title)));
            let url = self.address(attributes);
            keep(&mut self.links, url, title.filter(|title| !title.is_empty()));
        }
    }

    fn anchor(&mut self, attributes: &str) {
        let here = |url: &Url| self.base.as_ref().is_some_and(|base| base.host_str() == url.host_str());
        let url = self.address(attributes).filter(|url| here(url) && is_called_a_feed(url));
        keep(&mut self.anchors, url, None);
    }

    fn address(&self, attributes: &str) -> Option<Url> {
        let href = attribute(attributes, "href")?;
        let address = match &self.base {
            Some(base) => base.join(href.trim()),
            None => Url::parse(href.trim()),
        };
        address.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.as_str().len() <= limits::FIELD_BYTES)
    }
}

fn keep(found: &mut Vec<Offer>, url: Option<Url>, title: Option<String>) {
    let Some(mut url) = url else { return };
    url.set_fragment(None);
    let url = String::from(url);
    // Twice as many as are shown, so that comments that come first push nothing out.
    if found.len() < 2 * MOST && !found.iter().any(|offer| offer.url == url) {
        found.push(Offer { url, title });
    }
}

/// `/news/rss.xml`, `/blog/feed/`, `/index.rdf`: what a person would take for a feed by its address.
fn is_called_a_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (stem, ending) = last.rsplit_once('.').unwrap_or((last, ""));
    match ending {
        "rdf" | "rss" | "atom" => true,
        "xml" => ["rss", "atom", "feed"].iter().any(|word| stem.contains(word)),
        "" => matches!(stem, "rss" | "atom" | "feed" | "rss2"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Zone;

    fn of(page: &str) -> Vec<String> {
        let url = Some("https://www.aozora.example/news/");
        advertised(&Document { body: page.as_bytes(), content_type: Some("text/html"), url, zone: Zone::JST })
    }

    #[test]
    fn a_page_names_its_feeds_however_it_writes_them() {
        let page = "<!DOCTYPE html><html><head><LINK REL='alternate' type=application/rss+xml href='/rss.xml?a=1&amp;b=2'>\
                    <link href=\"https://feeds.aozora.example/atom\" type=\"application/atom+xml; charset=utf-8\" rel=\"home alternate\"/>\
                    <link rel=alternate type=application/rss+xml href=/rss.xml?a=1&amp;b=2#top>";
        assert_eq!(of(page), ["https://www.aozora.example/rss.xml?a=1&b=2", "https://feeds.aozora.example/atom"]);
    }

    #[test]
    fn comments_come_last_and_addresses_start_where_the_page_says() {
        let page = "<base href='https://cdn.aozora.example/b/'><base href='/ignored/'>\
                    <link rel=alternate type=application/rss+xml title='青空 &raquo; コメントフィード' href='c.xml'>\
                    <link rel=alternate type=application/rss+xml href='/comments/feed/'>\
                    <link rel=alternate type=application/rss+xml title='青空 &amp; 海' href='a.xml'>";
        let url = Some("https://www.aozora.example/");
        let found = offers(&Document { body: page.as_bytes(), content_type: None, url, zone: Zone::JST });
        let shown: Vec<_> = found.iter().map(|o| (o.url.as_str(), o.title.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("https://cdn.aozora.example/b/a.xml", Some("青空 & 海")),
                ("https://cdn.aozora.example/b/c.xml", Some("青空 » コメントフィード")),
                ("https://cdn.aozora.example/comments/feed/", None),
            ]
        );
    }

    #[test]
    fn what_is_no_feed_or_no_address_is_not_proposed() {
        assert!(of("<link rel=stylesheet href=/a.css><link rel=alternate hreflang=en href=/en>").is_empty());
        assert!(of("<link rel=alternate type=application/json+oembed href=/wp-json/oembed>").is_empty());
        assert!(of("<link rel=alternate type=application/rss+xml href='javascript:alert(1)'>").is_empty());
        assert!(of("<link rel=alternate type=application/rss+xml>").is_empty());
    }

    #[test]
    fn without_a_link_for_programs_the_links_for_readers_count() {
        let anchors = "<a href='/rss.xml'>RSS</a><a href='/news/index.rdf'>更新情報</a><a href='/feedback'>ご意見</a>\
                       <a href='https://elsewhere.example/rss.xml'>よそ</a><a href='/sitemap.xml'>x</a>";
        assert_eq!(of(anchors), ["https://www.aozora.example/rss.xml", "https://www.aozora.example/news/index.rdf"]);
        let both = format!("{anchors}<link rel=alternate type=application/atom+xml href=/atom>");
        assert_eq!(of(&both), ["https://www.aozora.example/atom"]);
    }
}
