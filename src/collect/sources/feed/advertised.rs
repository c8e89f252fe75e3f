//! Where a web page says that its feeds are: `<link rel="alternate" type="application/rss+xml" href="…">`.

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
const MOST: usize = 5;

/// The addresses of the feeds that a page names, each once, in its own order.
pub fn advertised(document: &Document<'_>) -> Vec<String> {
    let text = decode(document.body, document.content_type);
    let base = document.url.and_then(|url| Url::parse(url).ok());
    let mut found: Vec<String> = Vec::new();
    for token in Tokens::of(html::cut(&text, limits::HTML_BYTES)) {
        let Token::Open { name, attributes, .. } = token else { continue };
        if !name.eq_ignore_ascii_case("link") {
            continue;
        }
        let of = |name: &str| attribute(attributes, name);
        let says = |name: &str, any: &[&str]| {
            of(name).is_some_and(|v| v.to_ascii_lowercase().split_whitespace().any(|w| any.contains(&w)))
        };
        if !says("rel", &["alternate"])
            || !says("type", &["application/rss+xml", "application/atom+xml", "application/feed+json"])
        {
            continue;
        }
        let Some(href) = of("href") else { continue };
        let address = match &base {
            Some(base) => base.join(href.trim()).ok(),
            None => Url::parse(href.trim()).ok(),
        };
        let usable = address.filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from);
        if let Some(address) = usable.filter(|a| !found.contains(a) && a.len() <= limits::FIELD_BYTES) {
            found.push(address);
        }
        if found.len() == MOST {
            break;
        }
    }
    found
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
                    <link href=\"https://feeds.aozora.example/atom\" type=\"application/atom+xml\" rel=\"home alternate\"/>\
                    <link rel=alternate type=application/rss+xml href=/rss.xml?a=1&amp;b=2>";
        assert_eq!(of(page), ["https://www.aozora.example/rss.xml?a=1&b=2", "https://feeds.aozora.example/atom"]);
    }

    #[test]
    fn what_is_no_feed_or_no_address_is_not_proposed() {
        assert!(of("<link rel=stylesheet href=/a.css><link rel=alternate hreflang=en href=/en>").is_empty());
        assert!(of("<link rel=alternate type=application/rss+xml href='javascript:alert(1)'>").is_empty());
        assert!(of("<link rel=alternate type=application/rss+xml>").is_empty());
    }
}
