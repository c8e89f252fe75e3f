//! What a feed probably brings, by its host, its address and its name; with the reason, since a person decides.

use url::Url;

use crate::{
    collect::sources::feed::Feed,
    model::post::{Channel, SourceType},
};

/// A guess that a person may overrule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// What it brings.
    pub source_type: SourceType,
    /// On which road.
    pub channel: Channel,
    /// Why.
    pub reason: Reason,
}

/// What told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The host, which is a known service's.
    Host(String),
    /// A word in the address or the name.
    Word(&'static str),
    /// Nothing; most feeds are news.
    Nothing,
}

/// Hosts, with everything below them, and what is read there.
const HOSTS: &[(&str, SourceType, Channel)] = &[
    ("news.google.com", SourceType::News, Channel::News),
    ("news.yahoo.co.jp", SourceType::News, Channel::News),
    ("api.gdeltproject.org", SourceType::News, Channel::News),
    ("b.hatena.ne.jp", SourceType::Blog, Channel::Sns),
    ("prtimes.jp", SourceType::Notice, Channel::Official),
    ("atpress.ne.jp", SourceType::Notice, Channel::Official),
    ("dreamnews.jp", SourceType::Notice, Channel::Official),
    ("kyodonewsprwire.jp", SourceType::Notice, Channel::Official),
    ("go.jp", SourceType::Notice, Channel::Official),
    ("lg.jp", SourceType::Notice, Channel::Official),
    ("note.com", SourceType::Blog, Channel::Blog),
    ("ameblo.jp", SourceType::Blog, Channel::Blog),
    ("rssblog.ameba.jp", SourceType::Blog, Channel::Blog),
    ("hatenablog.com", SourceType::Blog, Channel::Blog),
    ("hatenablog.jp", SourceType::Blog, Channel::Blog),
    ("hatenadiary.com", SourceType::Blog, Channel::Blog),
    ("hatenadiary.jp", SourceType::Blog, Channel::Blog),
    ("hateblo.jp", SourceType::Blog, Channel::Blog),
    ("livedoor.jp", SourceType::Blog, Channel::Blog),
    ("livedoor.blog", SourceType::Blog, Channel::Blog),
    ("fc2.com", SourceType::Blog, Channel::Blog),
    ("seesaa.net", SourceType::Blog, Channel::Blog),
    ("blogspot.com", SourceType::Blog, Channel::Blog),
    ("wordpress.com", SourceType::Blog, Channel::Blog),
    ("youtube.com", SourceType::Video, Channel::Video),
    ("nicovideo.jp", SourceType::Video, Channel::Video),
    ("itunes.apple.com", SourceType::Review, Channel::Review),
    ("reddit.com", SourceType::Post, Channel::Sns),
    ("chiebukuro.yahoo.co.jp", SourceType::Qa, Channel::Qa),
];

/// Words of addresses and names, the surest first.
const WORDS: &[(&str, SourceType, Channel)] = &[
    ("コメント", SourceType::Comment, Channel::Comment),
    ("comment", SourceType::Comment, Channel::Comment),
    ("プレスリリース", SourceType::Notice, Channel::Official),
    ("お知らせ", SourceType::Notice, Channel::Official),
    ("リコール", SourceType::Notice, Channel::Official),
    ("press", SourceType::Notice, Channel::Official),
    ("release", SourceType::Notice, Channel::Official),
    ("まとめ", SourceType::Blog, Channel::Matome),
    ("ブログ", SourceType::Blog, Channel::Blog),
    ("blog", SourceType::Blog, Channel::Blog),
    ("日記", SourceType::Blog, Channel::Blog),
    ("レビュー", SourceType::Review, Channel::Review),
    ("review", SourceType::Review, Channel::Review),
];

/// What the feed at `url` probably brings; `called` is what the page called it.
pub fn guess(url: &str, called: Option<&str>, feed: &Feed) -> Guess {
    let address = Url::parse(url).ok();
    let host = address.as_ref().and_then(Url::host_str).unwrap_or_default();
    let below = |domain: &str| host.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    if let Some((domain, source_type, channel)) = HOSTS.iter().find(|(domain, ..)| below(domain)) {
        let reason = Reason::Host((*domain).to_owned());
        return Guess { source_type: *source_type, channel: *channel, reason };
    }
    let path = address.as_ref().map(|url| format!("{host}{}", url.path())).unwrap_or_default();
    let said = format!("{path}\n{}\n{}", called.unwrap_or_default(), feed.title.as_deref().unwrap_or_default());
    let said = said.to_lowercase();
    match WORDS.iter().find(|(word, ..)| is_said(&said, word)) {
        Some((word, source_type, channel)) => {
            Guess { source_type: *source_type, channel: *channel, reason: Reason::Word(word) }
        }
        None => Guess { source_type: SourceType::News, channel: Channel::News, reason: Reason::Nothing },
    }
}

/// An English word counts where it begins: `impress` and `express` are no press. Only `blog` ends names of its own.
fn is_said(said: &str, word: &str) -> bool {
    let begins = |(at, _): (usize, &str)| {
        let before = said.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|letter| letter.is_ascii_alphabetic())
    };
    if word.is_ascii() && word != "blog" { said.match_indices(word).any(begins) } else { said.contains(word) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_host_tells_more_than_any_word() {
        let of = |url: &str, title: &str| {
            let feed = Feed { title: Some(title.into()), ..Feed::default() };
            let guess = guess(url, None, &feed);
            (guess.source_type.as_str(), guess.channel.as_str())
        };
        for (url, title, expected) in [
            ("https://note.com/x/rss", "お知らせ", ("blog", "blog")),
            ("https://www.ppc.go.jp/rss.xml", "新着", ("notice", "official")),
            ("https://prtimes.jp/index.rdf", "PR", ("notice", "official")),
            ("https://notprtimes.jp/index.rdf", "x", ("news", "news")),
            ("https://x.example.jp/wp/comments/feed", "x", ("comment", "comment")),
            ("https://x.example.jp/feed", "青空テレコムからのお知らせ", ("notice", "official")),
            ("https://x.example.jp/feed", "まとめの木", ("blog", "matome")),
            ("https://blog.example.jp/feed", "石ころ", ("blog", "blog")),
            ("https://watch.impress.example/feed", "エクスプレス", ("news", "news")),
            ("https://x.example.jp/press/feed", "x", ("notice", "official")),
            ("https://myblog.example/feed", "x", ("blog", "blog")),
            ("https://x.example.jp/wordpress/feed", "朝霧新聞", ("news", "news")),
        ] {
            assert_eq!(of(url, title), expected, "{url} {title}");
        }
    }
}
