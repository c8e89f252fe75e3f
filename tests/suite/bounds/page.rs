//! What one document can make us hold or compute.

use std::{fmt::Write as _, net::TcpListener};

use hinomi::{
    collect::{
        html,
        source::SourceError,
        sources::{
            feed::{self, Document, Feed},
            jsonl,
        },
    },
    model::{
        limits,
        time::{Timestamp, Zone},
    },
};

use super::effort::in_time;

fn read(body: &str) -> Result<Feed, SourceError> {
    let url = Some("https://news.example.jp/feed.xml");
    feed::read(&Document { body: body.as_bytes(), content_type: None, url, zone: Zone::JST })
}

fn rss(inside: &str) -> String {
    format!("<rss version=\"2.0\"><channel>{inside}</channel></rss>")
}

#[test]
fn of_many_entries_the_newest_are_kept_and_the_rest_are_counted() {
    let page = |n: usize| {
        let items = (0..n).map(|i| {
            let at = Timestamp::from_seconds(1_770_000_000 + i64::try_from(i).unwrap());
            format!("<item><guid>{i}</guid><title>{i}</title><pubDate>{}</pubDate></item>", at.rfc3339(Zone::UTC))
        });
        read(&rss(&items.collect::<String>())).unwrap()
    };
    let at = page(limits::ENTRIES);
    assert_eq!((at.entries.len(), at.skipped), (limits::ENTRIES, 0));
    let over = page(limits::ENTRIES + 1);
    assert_eq!((over.entries.len(), over.skipped), (limits::ENTRIES, 1));
    assert_eq!(over.entries[0].title.as_deref(), Some("1"), "the oldest is the one that is left out");
}

#[test]
fn a_text_is_cut_at_its_limit_and_never_inside_a_letter() {
    let text = |bytes: usize| {
        let words = "あ".repeat(bytes / 3) + &"x".repeat(bytes % 3);
        read(&rss(&format!("<item><guid>1</guid><description>{words}</description></item>"))).unwrap().entries[0]
            .text
            .len()
    };
    assert_eq!(text(limits::TEXT_BYTES), limits::TEXT_BYTES);
    assert_eq!(text(limits::TEXT_BYTES + 1), limits::TEXT_BYTES);
    // 65536 is no multiple of three: the letter that would cross the line is left out.
    assert_eq!(text(3 * limits::TEXT_BYTES), limits::TEXT_BYTES - 1);
}

#[test]
fn titles_authors_addresses_and_names_have_one_limit() {
    let entry = |n: usize| {
        let long = "x".repeat(n);
        let path = "x".repeat(n - "https://news.example.jp/".len());
        let item = format!(
            "<item><guid isPermaLink=\"false\">{long}</guid><title>{long}</title><author>{long}</author>\
             <link>https://news.example.jp/{path}</link></item>"
        );
        read(&rss(&item)).unwrap().entries.remove(0)
    };
    let at = entry(limits::FIELD_BYTES);
    assert_eq!(at.id.len(), limits::FIELD_BYTES);
    assert_eq!(at.title.map(|t| t.len()), Some(limits::FIELD_BYTES));
    assert_eq!(at.author.map(|a| a.len()), Some(limits::FIELD_BYTES));
    assert_eq!(at.link.map(|l| l.len()), Some(limits::FIELD_BYTES));
    let over = entry(limits::FIELD_BYTES + 1);
    // A name that is cut could be somebody else's; a hash is not.
    assert!(over.id.starts_with("sha256:") && over.id.len() < 50, "{}", over.id);
    assert_eq!(over.title.map(|t| t.len()), Some(limits::FIELD_BYTES));
    assert_eq!(over.author.map(|a| a.len()), Some(limits::FIELD_BYTES));
    assert_eq!(over.link, None, "half an address leads elsewhere");
}

#[test]
fn an_address_that_grows_on_its_way_keeps_to_the_limit() {
    // Each of these letters is nine in an address.
    let link = |n: usize| {
        let item = format!("<item><guid isPermaLink=\"false\">1</guid><link>{}</link></item>", "火".repeat(n));
        read(&rss(&item)).unwrap().entries.remove(0).link
    };
    let base = "https://news.example.jp/".len();
    let most = (limits::FIELD_BYTES - base) / 9;
    assert_eq!(link(most).map(|l| l.len()), Some(base + 9 * most));
    assert_eq!(link(most + 1), None);
}

#[test]
fn an_address_carries_no_letters_that_a_terminal_would_obey() {
    let item = "<entry><id>1</id><link href=\"https://news.example.jp/&#27;[2J&#10;x\"/></entry>";
    for url in [Some("https://news.example.jp/"), None] {
        let body = format!("<feed>{item}</feed>");
        let document = Document { body: body.as_bytes(), content_type: None, url, zone: Zone::JST };
        let link = feed::read(&document).unwrap().entries.remove(0).link;
        assert!(link.is_none_or(|l| !l.contains(char::is_control)), "from {url:?}");
    }
}

#[test]
fn markup_is_read_up_to_its_limit_wherever_it_stands() {
    let spaces = |n: usize| " ".repeat(n);
    assert_eq!(html::to_text(&(spaces(limits::HTML_BYTES - 1) + "x")), "x");
    assert_eq!(html::to_text(&(spaces(limits::HTML_BYTES) + "x")), "");
    let item = |n: usize| rss(&format!("<item><title>t</title><description>{}x</description></item>", spaces(n)));
    assert_eq!(read(&item(limits::HTML_BYTES - 1)).unwrap().entries[0].text, "x");
    assert_eq!(read(&item(limits::HTML_BYTES)).unwrap().entries[0].text, "");
}

#[test]
fn no_depth_of_nesting_is_worth_more_than_its_letters() {
    let deep = |open: &str, close: &str, n: usize, inside: &str| open.repeat(n) + inside + &close.repeat(n);
    for n in [limits::DEPTH - 3, limits::DEPTH, 256, 257, 100_000] {
        let inside = "<item><guid>1</guid><title>つばめ電機</title></item>";
        let page = deep("<a>", "</a>", n, &rss(inside));
        let feed = in_time("nested elements", || read(&page)).unwrap();
        // An entry below the limit is no longer seen as one of a channel; above it, it is.
        let seen = feed.entries.iter().any(|e| e.title.as_deref() == Some("つばめ電機"));
        assert!(seen || n > limits::DEPTH - 3, "{n}");
        let words = deep("&lt;b&gt;", "&lt;/b&gt;", n, "x");
        let page = rss(&format!("<item><guid>1</guid><description>{words}</description></item>"));
        assert!(in_time("nested markup", || read(&page)).is_ok());
    }
    for n in [100, 1_000_000] {
        let page = format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":{}}}", deep("[", "]", n, ""));
        let got = in_time("nested lists", || read(&page));
        assert_eq!(got.is_ok(), n == 100, "{got:?}");
        assert!(in_time("nested objects", || read(&deep("{\"items\":", "}", n, "1"))).is_err());
    }
}

#[test]
fn a_base_for_every_element_costs_no_more_than_the_elements() {
    let bases = "<a xml:base=\"/b/\">".repeat(60_000) + &"<b/></c>".repeat(60_000);
    in_time("60000 bases", || read(&rss(&bases)).is_ok());
}

#[test]
fn prefixes_beyond_their_number_are_not_remembered() {
    let page = |before: usize| {
        let mut many = String::new();
        for i in 0..before {
            write!(many, " xmlns:p{i}=\"http://example.jp/{i}\"").unwrap();
        }
        // What is usually Dublin Core is declared as something else, last of all.
        format!(
            "<rss{many} xmlns:dc=\"http://example.jp/\"><channel><item><guid>1</guid><dc:title>x</dc:title></item></channel></rss>"
        )
    };
    let title = |n: usize| read(&page(n)).unwrap().entries[0].title.clone();
    assert_eq!(title(limits::PREFIXES - 1), None, "the last declaration still counts");
    assert_eq!(title(limits::PREFIXES).as_deref(), Some("x"), "and now it does not");
}

#[test]
fn entities_beyond_their_number_are_left_as_they_are_written() {
    let page = |n: usize, name: usize| {
        let mut declared = String::new();
        for i in 0..n {
            write!(declared, "<!ENTITY e{i} \"v{i}\">").unwrap();
        }
        format!("<!DOCTYPE rss [{declared}]>{}", rss(&format!("<item><guid>1</guid><title>&e{name};</title></item>")))
    };
    let title = |n: usize, name: usize| read(&page(n, name)).unwrap().entries[0].title.clone().unwrap();
    assert_eq!(title(limits::ENTITIES, limits::ENTITIES - 1), "v63");
    assert_eq!(title(limits::ENTITIES + 1, limits::ENTITIES), "&e64;");
    let value = |n: usize| {
        let page = format!("<!DOCTYPE rss [<!ENTITY e \"{}\">]>", "v".repeat(n));
        let page = page + &rss("<item><guid>1</guid><title>&e;</title></item>");
        read(&page).unwrap().entries[0].title.clone().unwrap().len()
    };
    assert_eq!(value(limits::ENTITY_BYTES), limits::ENTITY_BYTES);
    assert_eq!(value(limits::ENTITY_BYTES + 1), "&e;".len());
}

#[test]
fn a_hundred_thousand_declarations_do_not_slow_down_every_text() {
    // Each stands in a declaration of its own, so that no single one holds many.
    let mut page = String::new();
    for i in 0..100_000 {
        write!(page, "<!<!ENTITY e{i} \"v\">").unwrap();
    }
    page += &rss(&"<item><title>&e1; &amp; x</title></item>".repeat(20_000));
    assert!(in_time("100000 entities", || read(&page)).is_ok());
}

#[test]
fn bombs_of_entities_do_not_go_off_and_nobody_outside_is_asked() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let at = canary.local_addr().unwrap();
    let mut bomb = String::from("<!ENTITY l0 \"lol\">");
    for i in 1..12 {
        write!(bomb, "<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10)).unwrap();
    }
    let outside = format!(
        "<!ENTITY x SYSTEM \"http://{at}/xxe\"><!ENTITY % d SYSTEM \"http://{at}/dtd\">%d;<!ENTITY f SYSTEM \"file:///etc/hostname\">"
    );
    let item = "<item><guid>1</guid><title>&l11;&x;&f;</title><description>&l11;&x;&f;\
         <xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"http://CANARY/xi\"/></description></item>";
    let item = item.replace("CANARY", &at.to_string());
    for page in [
        format!("<!DOCTYPE rss [{bomb}{outside}]>{}", rss(&item)),
        format!("<!DOCTYPE rss SYSTEM \"http://{at}/rss.dtd\">{}", rss(&item)),
        format!("<?xml-stylesheet href=\"http://{at}/style.xsl\"?><!DOCTYPE rss [{bomb}]>{}", rss("<item/>")),
    ] {
        let feed = in_time("a bomb", || read(&page)).unwrap();
        assert!(feed.entries.iter().all(|e| e.text.len() < 1024 && !e.text.contains("lollol")), "{feed:?}");
    }
    let asked = canary.accept().map(|_| ()).map_err(|e| e.kind());
    assert_eq!(asked, Err(std::io::ErrorKind::WouldBlock), "somebody rang");
}

#[test]
fn of_very_many_entries_the_first_are_read_and_the_rest_are_counted() {
    let of = |n: usize| read(&rss(&"<item/>".repeat(n))).unwrap();
    let json = |n: usize| read(&format!("{{\"items\":[{}]}}", vec!["{}"; n].join(","))).unwrap();
    for page in [of, json] as [fn(usize) -> Feed; 2] {
        for n in [limits::ENTRIES_READ, limits::ENTRIES_READ + 1, 3 * limits::ENTRIES_READ] {
            let feed = in_time("very many entries", || page(n));
            assert_eq!((feed.entries.len(), feed.skipped), (limits::ENTRIES, n - limits::ENTRIES));
        }
    }
    // The newest of those that are read are kept, wherever they stand; one behind them is never seen.
    let dated = "<item><title>neu</title><pubDate>2030-01-01T00:00:00Z</pubDate></item>";
    let old = "<item><title>alt</title><pubDate>2020-01-01T00:00:00Z</pubDate></item>";
    let finds = |n: usize| {
        let feed = read(&rss(&(old.repeat(n) + dated))).unwrap();
        feed.entries.iter().any(|e| e.title.as_deref() == Some("neu"))
    };
    assert!(finds(limits::ENTRIES_READ - 1));
    assert!(!finds(limits::ENTRIES_READ));
}

#[test]
fn a_megabyte_of_anything_is_read_in_time() {
    let fill = |piece: &str| piece.repeat((1 << 20) / piece.len());
    let attributes = format!("<rss{}><channel/></rss>", fill(" a=\"b\""));
    let names: String = (0..100_000).fold(String::new(), |mut all, i| {
        write!(all, " a{i}=x").unwrap();
        all
    });
    for (what, page) in [
        ("attributes", attributes),
        ("a hundred thousand names of attributes", rss(&format!("<item{names}><title{names}>x</title></item>"))),
        ("empty items", rss(&fill("<item/>"))),
        ("items with words", rss(&fill("<item><title>x</title></item>"))),
        ("one item", rss(&format!("<item><description>{}</description></item>", fill("あ")))),
        ("one word", rss(&format!("<item><title>{}</title></item>", fill("x")))),
        ("references", rss(&format!("<item><title>{}</title></item>", fill("&amp;")))),
        ("unfinished references", rss(&format!("<item><title>{}</title></item>", fill("&a")))),
        ("sections", rss(&format!("<item><title>{}</title></item>", fill("<![CDATA[x]]>")))),
        ("unfinished sections", rss(&format!("<item><title>{}</title></item>", fill("<![CDATA[")))),
        ("comments", rss(&fill("<!-->"))),
        ("quotes", rss(&fill("<a b=\""))),
        ("titles in titles", rss(&format!("<item>{}</item>", fill("<title>")))),
        ("links", rss(&format!("<item>{}</item>", fill("<link href=\"/x\"/>")))),
        ("declarations", fill("<!DOCTYPE x [")),
        ("instructions", fill("<?xml ")),
        ("open tags", fill("<")),
        ("zeros", fill("\0")),
        ("json items", format!("{{\"items\":[{}0]}}", fill("{},"))),
        ("json names", format!("{{\"items\":[{}{{}}]}}", fill("{\"id\":1},"))),
    ] {
        in_time(what, || {
            if let Ok(feed) = read(&page) {
                assert!(feed.entries.len() <= limits::ENTRIES, "{what}");
            }
        });
    }
}

#[test]
fn a_line_of_a_file_keeps_to_the_same_limits() {
    let line = |id: usize, title: usize, text: usize| {
        serde_json::json!({
            "id": "i".repeat(id), "source": "s", "title": "t".repeat(title), "author": "a".repeat(title),
            "url": format!("https://a.example/{}", "u".repeat(title - 18)), "text": "x".repeat(text),
            "collected_at": "2026-02-12T10:31:00+09:00",
        })
        .to_string()
    };
    let at = jsonl::parse_line(&line(limits::FIELD_BYTES, limits::FIELD_BYTES, limits::TEXT_BYTES)).unwrap();
    assert_eq!((at.external_id.len(), at.text.len()), (limits::FIELD_BYTES, limits::TEXT_BYTES));
    assert_eq!(at.title.map(|t| t.len()), Some(limits::FIELD_BYTES));
    assert_eq!(at.url.map(|u| u.len()), Some(limits::FIELD_BYTES));
    let over = jsonl::parse_line(&line(1, limits::FIELD_BYTES + 1, limits::TEXT_BYTES + 1)).unwrap();
    assert_eq!(over.title.map(|t| t.len()), Some(limits::FIELD_BYTES));
    assert_eq!(over.author.map(|a| a.len()), Some(limits::FIELD_BYTES));
    assert_eq!((over.url, over.text.len()), (None, limits::TEXT_BYTES));
    let refused = jsonl::parse_line(&line(limits::FIELD_BYTES + 1, 20, 1)).unwrap_err();
    assert!(refused.contains("\"id\""), "{refused}");
}

#[test]
fn a_claimed_time_is_believed_within_two_days_past_and_five_minutes_ahead() {
    let post = |claim: &str| {
        let line = serde_json::json!({
            "id": "1", "source": "s", "text": "x", "published_at": claim, "collected_at": "2026-02-12T12:00:00Z",
        });
        jsonl::parse_line(&line.to_string()).unwrap()
    };
    let now = Timestamp::parse_rfc3339("2026-02-12T12:00:00Z").unwrap();
    let oldest = now - limits::CLAIM_PAST;
    let newest = now + limits::CLAIM_FUTURE;
    assert_eq!(post("2026-02-10T12:00:00Z").effective_at(), oldest);
    assert_eq!(post("2026-02-10T11:59:59Z").effective_at(), oldest);
    assert_eq!(post("1970-01-01T00:00:00Z").effective_at(), oldest);
    assert_eq!(post("2026-02-12T12:05:00Z").effective_at(), newest);
    assert_eq!(post("2026-02-12T12:05:01Z").effective_at(), newest);
    assert_eq!(post("2099-01-01T00:00:00Z").effective_at(), newest);
    assert_eq!(post("2026-02-12T12:04:59Z").effective_at(), newest - hinomi::model::time::Span::seconds(1));
}
