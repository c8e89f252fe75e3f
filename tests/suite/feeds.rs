//! Feeds in the shapes of the services (`tests/fixtures/feeds/`): what an analyst must see of each entry.

use std::{fs, path::Path};

use hinomi::{
    collect::{
        SourceBasics,
        source::{Response, Source, SourceError},
        sources::feed::{Document, Feed, FeedSource, read},
    },
    model::{
        post::{Channel, Post, SourceName, SourceType},
        source::SourceState,
        time::{Timestamp, Zone},
    },
};

/// One entry as it must come out.
struct Row {
    file: &'static str,
    id: &'static str,
    title: &'static str,
    link: &'static str,
    text: &'static str,
    author: &'static str,
    at: &'static str,
    /// Views and reach, where the service tells.
    figures: (Option<u64>, Option<u64>),
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { file: "hatena-bookmark.xml", id: "https://b.hatena.example/entry/s/anon.example.jp/20261120#bookmark-1",
        title: "しらかば生命の解約が進まない", link: "https://anon.example.jp/20261120",
        text: "電話がつながらないまま三週間になる。", author: "tanuki_0001", at: "2026-11-20T09:15:00+09:00", figures: (None, Some(128)) },
    Row { file: "hatena-bookmark.xml", id: "https://b.hatena.example/entry/s/anon.example.jp/20261120#bookmark-2",
        title: "しらかば生命の解約が進まない", link: "https://anon.example.jp/20261120",
        text: "電話がつながらないまま三週間になる。", author: "kitsune_0002", at: "2026-11-20T09:20:00+09:00", figures: (None, Some(128)) },
    Row { file: "hatena-bookmark.xml", id: "https://koe.example.jp/entry/kaiyaku",
        title: "保険の窓口、どこも混んでいる", link: "https://koe.example.jp/entry/kaiyaku",
        text: "", author: "", at: "2026-11-19T22:00:00+09:00", figures: (None, Some(1)) },
    Row { file: "google-alerts.xml", id: "tag:google.com,2013:googlealerts/feed:1000000000000000001",
        title: "つばめ電機、扇風機「そよかぜ\"4\"」を自主回収", link: "https://news.example.jp/a/1?p=2&q=%E7%81%AB",
        text: "部品の発熱を受け、つばめ電機は約3千台を回収すると発表した。", author: "", at: "2026-11-20T00:15:00Z", figures: (None, None) },
    Row { file: "google-alerts.xml", id: "tag:google.com,2013:googlealerts/feed:1000000000000000002",
        title: "会社案内 - つばめ電機", link: "https://www.google.com/url?rct=j&sa=t&url=javascript:alert(1)&ct=ga",
        text: "行き先が住所でないものは開かない。", author: "", at: "2026-11-20T00:10:00Z", figures: (None, None) },
    Row { file: "google-alerts.xml", id: "tag:google.com,2013:googlealerts/feed:1000000000000000003",
        title: "別の転送", link: "https://go.example.jp/url?url=https://elsewhere.example/",
        text: "よそのサイトの転送はそのまま残す。", author: "", at: "2026-11-20T00:05:00Z", figures: (None, None) },
    Row { file: "google-news.xml", id: "CBMiEXAMPLE0001",
        title: "こだま自動車、ブレーキ部品でリコール - 1万台対象", link: "https://news.google.com/rss/articles/CBMiEXAMPLE0001?oc=5",
        text: "", author: "朝霧新聞デジタル", at: "2026-11-20T00:15:00Z", figures: (None, None) },
    Row { file: "google-news.xml", id: "CBMiEXAMPLE0002",
        title: "こだま自動車の新型に試乗", link: "https://news.google.com/rss/articles/CBMiEXAMPLE0002?oc=5",
        text: "こだま自動車の新型に試乗 道具箱\nこだま自動車、価格を改定 夕なぎ経済", author: "道具箱", at: "2026-11-19T23:00:00Z", figures: (None, None) },
    Row { file: "appstore.xml", id: "12000000001",
        title: "★1 起動しない（青空モバイル）", link: "https://itunes.apple.com/jp/review?id=1000000001&type=Purple%20Software",
        text: "更新してから落ちます。", author: "みかん", at: "2026-11-19T18:02:11-07:00", figures: (None, None) },
    Row { file: "appstore.xml", id: "12000000002",
        title: "★5 便利（青空モバイル）", link: "",
        text: "残量が見やすい。", author: "ゆず", at: "2026-11-19T08:00:00-07:00", figures: (None, None) },
    Row { file: "youtube-channel.xml", id: "yt:video:AbCdEfGhIjK",
        title: "はやぶさ運輸の荷扱いを見てきた", link: "https://www.youtube.com/watch?v=AbCdEfGhIjK",
        text: "仕分け場の様子です。\n音声あり。", author: "道具箱", at: "2026-11-20T00:15:00Z", figures: (Some(92_000), None) },
    Row { file: "youtube-channel.xml", id: "yt:video:LmNoPqRsTuV",
        title: "配達の一日", link: "https://www.youtube.com/shorts/LmNoPqRsTuV",
        text: "はやぶさ運輸さんに密着。", author: "道具箱", at: "2026-11-19T00:15:00Z", figures: (Some(34), None) },
    Row { file: "reddit.xml", id: "t3_1abcde",
        title: "弁当に輪ゴム", link: "https://www.reddit.com/r/newsokur_example/comments/1abcde/x/",
        text: "まるふく食品の弁当に輪ゴムが入っていた。\n店に電話した。", author: "/u/example_tanuki", at: "2026-11-20T00:15:00Z", figures: (None, None) },
    Row { file: "reddit.xml", id: "t3_1abcdf",
        title: "まるふく食品が値上げ", link: "https://www.reddit.com/r/newsokur_example/comments/1abcdf/y/",
        text: "", author: "/u/example_kitsune", at: "2026-11-19T23:00:00Z", figures: (None, None) },
    Row { file: "prtimes.xml", id: "https://prtimes.jp/main/html/rd/p/000000002.000000001.html",
        title: "【お詫び】メール誤送信のお知らせ", link: "https://prtimes.jp/main/html/rd/p/000000002.000000001.html",
        text: "[みどり屋通販株式会社] 11月19日に一部のお客様へ宛先を誤ったメールをお送りしました。", author: "みどり屋通販株式会社",
        at: "2026-11-20T10:00:00+09:00", figures: (None, None) },
    Row { file: "note.xml", id: "https://note.com/example_minori/n/n000000000001",
        title: "なみまるの宿を予約したら", link: "https://note.com/example_minori/n/n000000000001",
        text: "予約が二重になっていた。\n窓口はすぐ直してくれた。", author: "みのり", at: "2026-11-20T09:15:00+09:00", figures: (None, None) },
    Row { file: "ameba.xml", id: "https://ameblo.jp/example-mikan/entry-10000000001.html",
        title: "つばめ電機の扇風機が熱い", link: "https://ameblo.jp/example-mikan/entry-10000000001.html",
        text: "買って三日で熱くなる。", author: "", at: "2026-11-20T08:15:00+09:00", figures: (None, None) },
    Row { file: "livedoor.xml", id: "http://blog.livedoor.jp/example_matome/archives/1.html",
        title: "【悲報】はやぶさ運輸、また荷物をなくす", link: "http://blog.livedoor.jp/example_matome/archives/1.html",
        text: "1: 名無しさん\n三度目なんだが", author: "example_matome", at: "2026-11-20T09:15:00+09:00", figures: (None, None) },
    Row { file: "fc2.xml", id: "http://example0001.blog.fc2.com/blog-entry-12.html",
        title: "青空テレコムの解約", link: "http://example0001.blog.fc2.com/blog-entry-12.html",
        text: "二時間待った。\n結局つながらず。", author: "石ころ", at: "2026-11-20T09:15:00+09:00", figures: (None, None) },
    Row { file: "hatena-blog.xml", id: "hatenablog://entry/10000000000000000101",
        title: "しらかば生命に聞いてみた", link: "https://example-saka.hatenablog.example/entry/2026/11/20/091500",
        text: "窓口の人は親切だった。\n書類は多い。", author: "example_saka", at: "2026-11-20T09:15:00+09:00", figures: (None, None) },
    Row { file: "yahoo-news.xml", id: "https://news.yahoo.co.jp/pickup/6000001?source=rss",
        title: "はやぶさ運輸 荷物投げる動画で謝罪", link: "https://news.yahoo.co.jp/pickup/6000001",
        text: "", author: "", at: "2026-11-20T00:15:00Z", figures: (None, None) },
    Row { file: "yahoo-news.xml", id: "yahoo/news/topics/6000002",
        title: "電気料金 来月から下げ", link: "https://news.yahoo.co.jp/pickup/6000002?page=2",
        text: "", author: "", at: "2026-11-20T00:05:00Z", figures: (None, None) },
    Row { file: "gdelt.json", id: "https://www.asagiri.example.jp/articles/1.html",
        title: "青空テレコムが5Gサービスを停止、CEO Aokiが謝罪", link: "https://www.asagiri.example.jp/articles/1.html",
        text: "", author: "asagiri.example.jp", at: "2026-11-20T00:15:00Z", figures: (None, None) },
    Row { file: "gdelt.json", id: "https://news.example.com/2",
        title: "Aozora Telecom says sorry", link: "https://news.example.com/2",
        text: "", author: "news.example.com", at: "2026-11-19T23:15:00Z", figures: (None, None) },
];

fn bytes(file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds").join(file)).unwrap()
}

fn feed(file: &str) -> Feed {
    let url = Some("https://feed.example.jp/");
    read(&Document { body: &bytes(file), content_type: None, url, zone: Zone::JST }).unwrap()
}

/// As the pipeline gets them.
fn posts(file: &str) -> Vec<Post> {
    let name = SourceName("s".into());
    let basics =
        SourceBasics { name: name.clone(), source_type: SourceType::Blog, channel: Channel::Blog, poll_every: None };
    let source = FeedSource::new(basics, "https://feed.example.jp/", Zone::JST);
    let now = Timestamp::parse_rfc3339("2026-11-20T03:00:00Z").unwrap();
    let response = Response { status: 200, body: bytes(file), ..Response::default() };
    source.read(&response, &SourceState::new(name, now), now).unwrap().posts
}

#[test]
fn every_service_is_read_as_an_analyst_wants_to_see_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds");
    let mut files: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|file| Path::new(file).extension().is_some_and(|ending| ending == "xml" || ending == "json"));
    files.sort();
    for file in files {
        let expected: Vec<&Row> = ROWS.iter().filter(|row| row.file == file).collect();
        let found = posts(&file);
        assert_eq!(found.len(), expected.len(), "{file}: {found:#?}");
        for (post, row) in found.iter().zip(expected) {
            let id = &post.external_id;
            assert_eq!(id, row.id, "{file}");
            assert_eq!(post.title.as_deref(), Some(row.title), "{file} {id}");
            assert_eq!(post.url.as_deref().unwrap_or(""), row.link, "{file} {id}");
            assert_eq!(post.text, row.text, "{file} {id}");
            assert_eq!(post.author.as_deref().unwrap_or(""), row.author, "{file} {id}");
            assert_eq!(post.published_at, Timestamp::parse_rfc3339(row.at), "{file} {id}");
            assert_eq!((post.views, post.reach), row.figures, "{file} {id}");
        }
    }
}

#[test]
fn a_sentence_where_a_list_should_be_is_an_error_that_repeats_it() {
    let body = bytes("gdelt-refusal.txt");
    let document = Document { body: &body, content_type: Some("text/html"), url: None, zone: Zone::JST };
    let Err(SourceError::Malformed(why)) = read(&document) else { panic!("a sentence is no feed") };
    assert!(why.starts_with("it says") && why.contains("larger queries."), "{why}");
}

#[test]
fn a_feed_names_its_hub_and_itself() {
    let hub = "http://pubsubhubbub.appspot.com";
    for (file, topic) in [
        ("ameba.xml", "https://rssblog.ameba.jp/example-mikan/rss20.xml"),
        ("hatena-blog.xml", "https://example-saka.hatenablog.example/feed"),
    ] {
        let feed = feed(file);
        assert_eq!(feed.hub.as_deref().map(|h| h.trim_end_matches('/')), Some(hub), "{file}");
        assert_eq!(feed.topic.as_deref(), Some(topic), "{file}");
    }
    // A page about an entry is no page of the feed.
    assert_eq!(feed("appstore.xml").hub, None);
}

#[test]
fn the_stars_of_a_review_are_a_number_as_well() {
    let stars: Vec<Option<u8>> = feed("appstore.xml").entries.iter().map(|entry| entry.rating).collect();
    assert_eq!(stars, [Some(1), Some(5)]);
}
