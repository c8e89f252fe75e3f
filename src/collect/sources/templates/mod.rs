//! Ready-made addresses of services that a PR team watches: a person gives a word, and gets a source with manners.
//!
//! Every address is of a feed that the service itself offers; nothing here reads pages that are made for people.
//!
//! # Invariants
//! What a person typed reaches an address only percent-encoded, or after every letter of it was checked.

mod services;

use thiserror::Error;
use url::Url;

pub use self::services::ALL;

use crate::model::{
    post::{Channel, SourceType},
    time::Span,
};

/// What a template wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Words to search for.
    Query,
    /// The name of an account or a blog.
    Id,
    /// A number that the service gave.
    Number,
    /// A word of a list; without one, the first.
    OneOf(&'static [&'static str]),
    /// The name of a site.
    Host,
    /// A whole address, which the service shows to its owner alone.
    Address,
    /// Nothing.
    Nothing,
}

/// One service.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// How it is called.
    pub name: &'static str,
    /// What it gives, for people who read Japanese.
    pub ja: &'static str,
    /// What it gives.
    pub en: &'static str,
    /// What it wants to know.
    pub wants: Wants,
    /// How that could look.
    pub example: &'static str,
    /// What it brings.
    pub source_type: SourceType,
    /// On which road.
    pub channel: Channel,
    /// The least time between two visits that the service is known to bear.
    pub poll_every: Span,
    /// The least time between two requests to its host, where it wants more than is usual.
    pub apart: Option<Span>,
    address: fn(&str) -> Option<Url>,
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{word:?} does not fit")]
pub struct Misfit<'w> {
    /// What was typed.
    pub word: &'w str,
}

impl Template {
    /// The template of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|template| template.name == name)
    }

    /// The address for what a person typed.
    pub fn address<'w>(&self, typed: &'w str) -> Result<Url, Misfit<'w>> {
        let word = typed.trim();
        let word = match self.wants {
            Wants::OneOf(list) if word.is_empty() => list.first().copied().unwrap_or_default(),
            _ => word,
        };
        let letters = |more: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        let fits = match self.wants {
            Wants::Query => !word.is_empty() && !word.contains(char::is_control),
            // A host is allowed as well: blogs move to names of their own.
            Wants::Id => !word.is_empty() && !word.starts_with('.') && letters("_-."),
            Wants::Number => !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()),
            Wants::OneOf(list) => list.contains(&word),
            Wants::Host => word.contains('.') && letters("-."),
            Wants::Address => true,
            Wants::Nothing => word.is_empty(),
        };
        let url = if fits { (self.address)(word) } else { None };
        url.filter(|url| url.scheme() == "https" && url.has_host()).ok_or(Misfit { word: typed })
    }

    /// The template whose service `url` is of, for its manners.
    pub fn of_service(url: &Url) -> Option<&'static Self> {
        let home =
            |template: &Self| (template.address)(template.example).and_then(|url| url.host_str().map(str::to_owned));
        // What only its own example could name is nobody's service.
        let shared = |template: &&Self| template.wants != Wants::Host;
        ALL.iter().filter(shared).find(|template| home(template).as_deref() == url.host_str())
    }

    /// How far apart the service at `host` wants all requests of one address; nothing where it says nothing.
    pub fn apart(host: &str) -> Span {
        let url = Url::parse(&format!("https://{host}/")).ok();
        url.as_ref().and_then(Self::of_service).and_then(|template| template.apart).unwrap_or(Span::ZERO)
    }

    /// A name for the source.
    pub fn source_name(&self, typed: &str) -> String {
        let word = typed.split_whitespace().collect::<Vec<_>>().join("-");
        match self.wants {
            Wants::Address | Wants::Nothing => self.name.to_owned(),
            _ if word.is_empty() => self.name.to_owned(),
            _ => format!("{}-{}", self.name, word.replace(['"', '/'], "")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, word: &str) -> Option<String> {
        Template::named(name).unwrap().address(word).ok().map(String::from)
    }

    #[test]
    fn every_template_makes_an_address_of_its_own_example() {
        for template in ALL {
            let example = template.example.replace('…', "1");
            let url = template.address(&example).unwrap_or_else(|why| panic!("{}: {why}", template.name));
            assert!(url.as_str().is_ascii(), "{url}");
            assert!(template.poll_every >= Span::minutes(15), "{}", template.name);
            assert!(!template.source_name(&example).is_empty());
            assert_eq!(ALL.iter().filter(|other| other.name == template.name).count(), 1);
        }
    }

    #[test]
    fn words_are_encoded_and_the_letters_of_addresses_are_not_theirs_to_give() {
        let news = of("google-news", "しらかば & 生命").unwrap();
        assert!(news.starts_with("https://news.google.com/rss/search?q=%E3%81%97"), "{news}");
        assert!(news.contains("+%26+") && news.ends_with("when%3A1d&hl=ja&gl=JP&ceid=JP%3Aja"), "{news}");
        // A name in one word is searched for as a whole.
        assert!(of("google-news", "a").unwrap().contains("q=%22a%22+when"));
        let slash = of("hatena-bookmark", "a/../b?c#d").unwrap();
        assert!(slash.starts_with("https://b.hatena.ne.jp/q/a%2F..%2Fb%3Fc%23d?mode=rss"), "{slash}");
        for (name, word) in [
            ("note", "a/b"),
            ("note", ""),
            ("note", ".."),
            ("ameba", "a b"),
            ("prtimes-company", "12a"),
            ("prtimes-all", "x"),
            ("hatena-blog", "localhost"),
            ("hatena-blog", "a.example/b@c"),
            ("yahoo-news", "../x"),
            ("youtube-channel", "UCshort"),
            ("reddit", "r/a b"),
            ("google-alerts", "https://www.google.com.evil.example/alerts/feeds/1/2"),
            ("google-alerts", "http://www.google.com/alerts/feeds/1/2"),
            ("google-news", " "),
        ] {
            assert_eq!(of(name, word), None, "{name} {word}");
        }
    }

    #[test]
    fn an_address_of_a_known_service_is_known_by_its_host() {
        let of = |url: &str| Template::of_service(&Url::parse(url).unwrap()).map(|template| template.name);
        assert_eq!(of("https://news.google.com/rss?hl=ja"), Some("google-news"));
        assert_eq!(of("https://www.reddit.com/r/x/.rss"), Some("reddit"));
        assert_eq!(of("https://news.google.com.example.jp/rss"), None);
        assert_eq!(Template::named("reddit").unwrap().apart, Some(Span::seconds(60)));
        assert_eq!(Template::apart("www.reddit.com"), Span::seconds(60));
        assert_eq!(Template::apart("news.example.jp"), Span::ZERO);
    }

    #[test]
    fn a_blog_with_a_host_of_its_own_is_asked_there() {
        assert_eq!(of("livedoor", "example_matome").unwrap(), "https://blog.livedoor.jp/example_matome/index.rdf");
        assert_eq!(of("livedoor", "matome.example.jp").unwrap(), "https://matome.example.jp/index.rdf");
        assert_eq!(of("fc2", "a.blog34.fc2.com").unwrap(), "https://a.blog34.fc2.com/?xml");
        assert_eq!(of("reddit", "r/newsokur_example").unwrap(), "https://www.reddit.com/r/newsokur_example/new/.rss");
        assert_eq!(of("yahoo-news", "").unwrap(), "https://news.yahoo.co.jp/rss/topics/top-picks.xml");
    }
}
