//! Whole documents through the whole chain.

use proptest::prelude::*;

use super::*;

fn feed(body: &str) -> Feed {
    read(&Document {
        body: body.as_bytes(),
        content_type: None,
        url: Some("https://a.example.jp/feed"),
        zone: Zone::JST,
    })
    .unwrap()
}

fn rss(item: &str) -> Entry {
    let entries =
        feed(&format!("<rss version='2.0'><channel><title>t</title><item>{item}</item></channel></rss>")).entries;
    entries.into_iter().next().unwrap()
}

#[test]
fn the_name_of_an_rdf_item_outlives_its_title() {
    let item = |title: &str| {
        let rdf = format!(
            "<rdf:RDF xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <item rdf:about='urn:x:1'><title>{title}</title><link>/1</link></item></rdf:RDF>"
        );
        feed(&rdf).entries.remove(0).id
    };
    assert_eq!(item("つばめ電機"), "urn:x:1");
    assert_eq!(item("つばめ電機(更新)"), "urn:x:1");
}

#[test]
fn an_item_without_any_name_has_the_same_one_at_every_reading() {
    let item = "<title>みどり屋通販</title><description>遅れている</description>";
    assert_eq!(rss(item).id, rss(item).id);
    assert_ne!(rss(item).id, rss("<title>別</title>").id);
}

#[test]
fn a_guid_is_a_link_unless_it_says_otherwise() {
    assert_eq!(rss("<guid>https://a.example.jp/1</guid>").link.as_deref(), Some("https://a.example.jp/1"));
    assert_eq!(rss("<guid isPermaLink='false'>https://a.example.jp/1</guid>").link, None);
    assert_eq!(rss("<guid>abc</guid>").link, None);
}

#[test]
fn content_wins_over_summary_and_summary_over_nothing() {
    let both = "<description>短い</description><content:encoded><![CDATA[<p>全文</p>]]></content:encoded>";
    assert_eq!(rss(both).text, "全文");
    assert_eq!(rss("<description>短い</description><content:encoded/>").text, "短い");
}

#[test]
fn broken_documents_give_what_is_whole_in_them() {
    let item = "<item><title>一</title><link>/1</link></item>";
    let cases = [
        format!("<br />\n<b>Warning</b>: x in y.php<rss><channel>{item}</channel></rss>"),
        format!("<rss><channel>{item}<item><title>途中"),
        "<rss><channel><item><title>一<link>/1</link></item>".to_owned(),
        "<RSS><CHANNEL><ITEM><TITLE>一</TITLE><LINK>/1</LINK></ITEM></CHANNEL></RSS>".to_owned(),
        format!("<rss version='2.0'><channel>{item}</channel></rss>").replace("</title>", "</titel>"),
        format!("<x:rss xmlns:x='http://backend.userland.com/rss2'>{item}</x:rss>"),
    ];
    for body in cases {
        let entries = feed(&body).entries;
        assert_eq!(entries.len(), 1, "{body}");
        assert_eq!(entries[0].link.as_deref(), Some("https://a.example.jp/1"), "{body}");
        assert_eq!(entries[0].title.as_deref(), Some("一"), "{body}");
    }
}

#[test]
fn a_web_page_and_nothing_at_all_are_failures_and_not_empty_feeds() {
    let read = |body: &str| read(&Document { body: body.as_bytes(), content_type: None, url: None, zone: Zone::JST });
    let page = "<!DOCTYPE html><html><head><title>ログイン</title></head><body><p>x</p></body></html>";
    assert_eq!(read(page), Err(SourceError::WebPage));
    for body in ["", "   ", "Not Found", "{\"error\":1}"] {
        assert!(matches!(read(body), Err(SourceError::Malformed(_))), "{body}");
    }
    assert_eq!(read("<rss><channel/></rss>").unwrap().entries, []);
}

#[test]
fn entities_of_the_document_are_text_and_never_a_bomb() {
    let bomb = "<!DOCTYPE rss [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'><!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
                <rss><channel><item><title>&a; &b; &x;</title><guid>1</guid></item></channel></rss>";
    assert_eq!(feed(bomb).entries[0].title.as_deref(), Some("aaaa &b; &x;"));
}

#[test]
fn how_often_a_feed_changes_is_its_own_word() {
    let ttl = "<rss><channel><ttl>60</ttl><item><guid>1</guid></item></channel></rss>";
    assert_eq!(feed(ttl).update_every, Some(Span::minutes(60)));
    let period = "<rss><channel><sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel></rss>";
    assert_eq!(feed(period).update_every, Some(Span::minutes(30)));
}

#[test]
fn a_second_reader_that_falls_costs_its_opinion_and_nothing_else() {
    // feed-rs cuts a letter of the name in two where an address follows it at once.
    let feed =
        feed("<rss><channel><item><guid>1</guid><author>山田太郎、koho@example.jp</author></item></channel></rss>");
    assert_eq!(feed.entries.len(), 1);
    assert_eq!(feed.entries[0].id, "1");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_make_it_fall(body in proptest::collection::vec(any::<u8>(), 0..600), ct in "\\PC{0,40}") {
        let document = Document { body: &body, content_type: Some(&ct), url: None, zone: Zone::JST };
        prop_assert_eq!(read(&document), read(&document));
    }

    #[test]
    fn arbitrary_pieces_of_feeds_give_named_entries(
        pieces in proptest::collection::vec(
            "(<rss>|<channel>|</channel>|<feed>|<item>|</item>|<entry>|</entry>|<title>|</title>|<link href='/x'/>|<guid>|</guid>|\
             <description>|</description>|<source url='x'>|</source>|<im:rating>5|<hatena:bookmarkcount>9|<skipHours><hour>3|\
             <link rel='hub self' href='/h'/>|<!\\[CDATA\\[|\\]\\]>|<!--|-->|火事|&amp;|&|<|>|<pubDate>2026|xmlns:a='b'|<a:b )", 0..40)
    ) {
        let body = format!("<rss>{}", pieces.concat());
        let feed = feed(&body);
        prop_assert!(feed.entries.iter().all(|e| !e.id.is_empty()), "{}", body);
        let _ = repair::repair(&body);
    }
}

#[test]
fn a_video_says_how_often_it_was_played() {
    let atom = |statistics: &str| {
        let document = format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'><entry><id>v1</id>\
             <title>荷物を投げる</title><media:group><media:title>荷物を投げる</media:title><media:community>\
             {statistics}</media:community></media:group></entry></feed>"
        );
        feed(&document).entries.remove(0).views
    };
    assert_eq!(atom("<media:statistics views='920000'/>"), Some(920_000));
    assert_eq!(atom("<media:statistics views='many'/>"), None);
    assert_eq!(atom(""), None);
}

#[test]
fn a_feed_says_when_to_stay_away_and_who_pushes_it() {
    let rss = "<rss xmlns:atom='http://www.w3.org/2005/Atom'><channel><atom:link rel='hub' href='https://hub.example/'/>\
               <atom:link rel='self' href='/own'/><skipHours><hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays>\
               <item><guid>1</guid><link>/1</link><skipHours><hour>4</hour></skipHours></item></channel></rss>";
    let read = feed(rss);
    assert_eq!(read.hub.as_deref(), Some("https://hub.example/"));
    assert_eq!(read.topic.as_deref(), Some("https://a.example.jp/own"));
    let held = |time: &str| read.quiet.holds(Timestamp::parse_rfc3339(time).unwrap());
    // A Monday, and the Sunday before; what stands in an entry is not the feed's word.
    assert!(held("2026-11-23T03:30:00Z") && !held("2026-11-23T04:30:00Z") && held("2026-11-22T12:00:00Z"));
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","feed_url":"/own","hubs":[{"type":"rssCloud","url":"/x"},
                   {"type":"WebSub","url":"https://hub.example/"}],"items":[]}"#;
    assert_eq!(feed(json).hub.as_deref(), Some("https://hub.example/"));
    assert_eq!(feed(json).topic.as_deref(), Some("https://a.example.jp/own"));
    // A hub is asked by us, so it has to be a place that can be asked.
    let script = "<rss><channel><atom:link rel='hub' href='javascript:alert(1)'/></channel></rss>";
    assert_eq!(feed(script).hub, None);
}

#[test]
fn another_feed_inside_an_atom_entry_says_nothing_of_the_entry() {
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>つばめ電機</title><source><id>x</id>\
                <title>よそ</title><updated>2020-01-01T00:00:00Z</updated></source><updated>2026-11-20T00:00:00Z</updated></entry></feed>";
    let entry = feed(atom).entries.remove(0);
    assert_eq!((entry.title.as_deref(), entry.author, entry.outlet), (Some("つばめ電機"), None, None));
    assert_eq!(entry.published, Timestamp::parse_rfc3339("2026-11-20T00:00:00Z"));
}

#[test]
fn a_product_without_reviews_is_an_empty_feed() {
    let feed = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:im='http://itunes.apple.com/rss'><entry><id>1</id>\
         <title>青空モバイル</title><im:name>青空モバイル</im:name></entry></feed>",
    );
    assert_eq!(feed.entries, []);
}
