//! Ready-made addresses of services that a PR team watches: a person gives a word, and gets a source with manners.
//!
//! Every address is of a feed that the service itself offers; nothing here reads pages that are made for people.
//!
//! # Invariants
//! What a person typed reaches an address only percent-encoded, or after every letter of it was checked.

use thiserror::Error;
use url::Url;

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

const QUARTER: Span = Span::minutes(15);
const HALF: Span = Span::minutes(30);
const HOUR: Span = Span::hours(1);

/// All of them, the most useful for a PR team first.
pub const ALL: &[Template] = &[
    Template {
        name: "google-news",
        ja: "Googleニュースの検索（直近1日、100件まで）。記事へのリンクはGoogle経由のまま",
        en: "Google News search (the last day, at most 100); links stay Google's",
        wants: Wants::Query,
        example: "しらかば生命",
        source_type: SourceType::News,
        channel: Channel::News,
        poll_every: HALF,
        address: |word| {
            let query = format!("{} when:1d", quoted(word));
            asked("https://news.google.com/rss/search", &[("q", &query), ("hl", "ja"), ("gl", "JP"), ("ceid", "JP:ja")])
        },
    },
    Template {
        name: "google-alerts",
        ja: "Googleアラート。自分で作り、配信先を「RSSフィード」にして、その住所を渡す",
        en: "Google Alerts: make one yourself, deliver to \"RSS feed\", and give its address",
        wants: Wants::Address,
        example: "https://www.google.com/alerts/feeds/…/…",
        source_type: SourceType::News,
        channel: Channel::News,
        poll_every: HALF,
        address: |word| {
            let url = Url::parse(word).ok()?;
            let host = matches!(url.host_str()?, "www.google.com" | "www.google.co.jp");
            (host && url.path().starts_with("/alerts/feeds/")).then_some(url)
        },
    },
    Template {
        name: "hatena-bookmark",
        ja: "はてなブックマークの検索（新しい順）。炎上の早い兆し。ブックマーク数つき",
        en: "Hatena Bookmark search, newest first, with bookmark counts: an early sign of fires",
        wants: Wants::Query,
        example: "しらかば生命",
        source_type: SourceType::Blog,
        channel: Channel::Sns,
        poll_every: QUARTER,
        address: |word| {
            let mut url = Url::parse("https://b.hatena.ne.jp/q").ok()?;
            url.path_segments_mut().ok()?.push(word);
            for (name, value) in
                [("mode", "rss"), ("sort", "recent"), ("users", "1"), ("target", "all"), ("safe", "on")]
            {
                url.query_pairs_mut().append_pair(name, value);
            }
            Some(url)
        },
    },
    Template {
        name: "hatena-hot",
        ja: "はてなブックマークの人気エントリー",
        en: "Hatena Bookmark's hot entries",
        wants: Wants::OneOf(&["all", "general", "social", "economics", "life", "it"]),
        example: "social",
        source_type: SourceType::Blog,
        channel: Channel::Sns,
        poll_every: QUARTER,
        address: |word| Url::parse(&format!("https://b.hatena.ne.jp/hotentry/{word}.rss")).ok(),
    },
    Template {
        name: "yahoo-news",
        ja: "Yahoo!ニュース・トピックス（見出しのみ）。使う前にYahoo!のRSSの利用条件を確かめること",
        en: "Yahoo! News topics, headlines only; read Yahoo's terms of its RSS before use",
        wants: Wants::OneOf(&[
            "top-picks",
            "domestic",
            "business",
            "it",
            "science",
            "local",
            "world",
            "entertainment",
            "sports",
        ]),
        example: "business",
        source_type: SourceType::News,
        channel: Channel::News,
        poll_every: QUARTER,
        address: |word| Url::parse(&format!("https://news.yahoo.co.jp/rss/topics/{word}.xml")).ok(),
    },
    Template {
        name: "prtimes-all",
        ja: "PR TIMES の新着プレスリリースすべて",
        en: "all press releases on PR TIMES",
        wants: Wants::Nothing,
        example: "",
        source_type: SourceType::Notice,
        channel: Channel::Official,
        poll_every: QUARTER,
        address: |_| Url::parse("https://prtimes.jp/index.rdf").ok(),
    },
    Template {
        name: "prtimes-company",
        ja: "PR TIMES の1社のプレスリリース。番号は会社のページの company_id",
        en: "one company's press releases on PR TIMES; the number is company_id on its page",
        wants: Wants::Number,
        example: "12345",
        source_type: SourceType::Notice,
        channel: Channel::Official,
        poll_every: HALF,
        address: |word| asked("https://prtimes.jp/companyrdf.php", &[("company_id", word)]),
    },
    Template {
        name: "note",
        ja: "note の1人の記事（本文は冒頭のみ）",
        en: "one writer on note (the beginning of each text)",
        wants: Wants::Id,
        example: "example_minori",
        source_type: SourceType::Blog,
        channel: Channel::Blog,
        poll_every: HALF,
        address: |word| Url::parse(&format!("https://note.com/{word}/rss")).ok(),
    },
    Template {
        name: "ameba",
        ja: "Amebaブログ",
        en: "a blog on Ameba",
        wants: Wants::Id,
        example: "example-mikan",
        source_type: SourceType::Blog,
        channel: Channel::Blog,
        poll_every: HALF,
        address: |word| Url::parse(&format!("https://rssblog.ameba.jp/{word}/rss20.xml")).ok(),
    },
    Template {
        name: "livedoor",
        ja: "ライブドアブログ（独自ドメインのまとめサイトはホスト名で）",
        en: "a livedoor blog (by its host where it has its own)",
        wants: Wants::Id,
        example: "example_matome",
        source_type: SourceType::Blog,
        channel: Channel::Blog,
        poll_every: HALF,
        address: |word| {
            let blog = if word.contains('.') { word.to_owned() } else { format!("blog.livedoor.jp/{word}") };
            Url::parse(&format!("https://{blog}/index.rdf")).ok()
        },
    },
    Template {
        name: "fc2",
        ja: "FC2ブログ（例: karasu なら karasu.blog.fc2.com）",
        en: "a blog on FC2",
        wants: Wants::Id,
        example: "example0001",
        source_type: SourceType::Blog,
        channel: Channel::Blog,
        poll_every: HALF,
        address: |word| {
            let host = if word.ends_with(".fc2.com") { word.to_owned() } else { format!("{word}.blog.fc2.com") };
            Url::parse(&format!("https://{host}/?xml")).ok()
        },
    },
    Template {
        name: "hatena-blog",
        ja: "はてなブログ（独自ドメインも可）",
        en: "a blog on Hatena Blog, also with a host of its own",
        wants: Wants::Host,
        example: "example.hatenablog.com",
        source_type: SourceType::Blog,
        channel: Channel::Blog,
        poll_every: HALF,
        address: |word| Url::parse(&format!("https://{word}/feed")).ok(),
    },
    Template {
        name: "youtube-channel",
        ja: "YouTube の1チャンネルの新しい動画15本と再生数",
        en: "the newest 15 videos of a YouTube channel, with plays",
        wants: Wants::Id,
        example: "UC0000000000000000000001",
        source_type: SourceType::Video,
        channel: Channel::Video,
        poll_every: HALF,
        address: |word| {
            let known = word.starts_with("UC") && word.len() == 24 && !word.contains('.');
            known.then(|| asked("https://www.youtube.com/feeds/videos.xml", &[("channel_id", word)]))?
        },
    },
    Template {
        name: "appstore",
        ja: "App Store のレビュー（新しい50件、星つき）。番号はアプリのページの id の数字",
        en: "App Store reviews, the newest 50, with stars; the number behind id in the app's address",
        wants: Wants::Number,
        example: "1000000001",
        source_type: SourceType::Review,
        channel: Channel::Review,
        poll_every: HOUR,
        address: |word| {
            let page =
                format!("https://itunes.apple.com/jp/rss/customerreviews/page=1/id={word}/sortby=mostrecent/xml");
            Url::parse(&page).ok()
        },
    },
    Template {
        name: "reddit",
        ja: "Reddit の検索、または r/NAME の新着。同じIPから1分に1回まで",
        en: "Reddit search, or what is new in r/NAME; one request a minute from an address",
        wants: Wants::Query,
        example: "しらかば生命",
        source_type: SourceType::Post,
        channel: Channel::Sns,
        poll_every: HALF,
        address: |word| match word.strip_prefix("r/") {
            Some(name) if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                Url::parse(&format!("https://www.reddit.com/r/{name}/new/.rss")).ok()
            }
            Some(_) => None,
            None => asked("https://www.reddit.com/search.rss", &[("q", &quoted(word)), ("sort", "new")]),
        },
    },
    Template {
        name: "gdelt",
        ja: "GDELT の記事検索（日本語、直近1日、見出しのみ）。混雑時は 429 が続くことがある",
        en: "GDELT article search (Japanese, the last day, headlines); often busy (429)",
        wants: Wants::Query,
        example: "しらかば生命",
        source_type: SourceType::News,
        channel: Channel::News,
        poll_every: HALF,
        address: |word| {
            let query = format!("{} sourcelang:japanese", quoted(word));
            let rest = [
                ("mode", "artlist"),
                ("format", "json"),
                ("maxrecords", "250"),
                ("timespan", "1d"),
                ("sort", "datedesc"),
            ];
            let asks: Vec<(&str, &str)> = std::iter::once(("query", query.as_str())).chain(rest).collect();
            asked("https://api.gdeltproject.org/api/v2/doc/doc", &asks)
        },
    },
];

/// One word is searched for as it stands: search services cut Japanese names into their parts. What holds quotes or
/// several words is a person's own query.
fn quoted(word: &str) -> String {
    if word.contains(['"', '(', ':']) || word.contains(char::is_whitespace) {
        word.to_owned()
    } else {
        format!("\"{word}\"")
    }
}

fn asked(page: &str, query: &[(&str, &str)]) -> Option<Url> {
    Url::parse_with_params(page, query).ok()
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
