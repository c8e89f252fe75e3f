//! The services: address, kind of text, and the pace that each is known to bear.

use url::Url;

use super::{Template, Wants};
use crate::model::{
    post::{Channel, SourceType},
    time::Span,
};

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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        wants: Wants::OneOf(&[
            "all",
            "general",
            "social",
            "economics",
            "life",
            "knowledge",
            "it",
            "fun",
            "entertainment",
            "game",
        ]),
        example: "social",
        source_type: SourceType::Blog,
        channel: Channel::Sns,
        poll_every: QUARTER,
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: None,
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
        apart: Some(Span::seconds(60)),
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
        apart: Some(Span::seconds(5)),
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
