//! What a watched page can make us hold or compute.

use hinomi::{
    collect::{
        SourceBasics,
        kind::{Field, Fields},
        source::{Page, Response, Source as _, SourceError},
        sources::page::PageSource,
    },
    model::{
        limits,
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::{Timestamp, Zone},
    },
};

use super::effort::in_time;

fn read(page: &str, selector: Option<&str>) -> Result<Page, SourceError> {
    let basics = SourceBasics {
        name: SourceName("n".into()),
        source_type: SourceType::Notice,
        channel: Channel::Official,
        poll_every: None,
    };
    let mut fields = Fields::default().with("url", Field::Text("https://www.example.jp/news/".into()));
    if let Some(selector) = selector {
        fields.put("selector", Field::Text(selector.into()));
    }
    let now = Timestamp::from_seconds(1_800_000_000);
    let response = Response { status: 200, body: page.into(), ..Response::default() };
    PageSource::new(basics, &fields, Zone::JST).read(&response, &SourceState::new(SourceName("n".into()), now), now)
}

fn line(n: usize) -> String {
    format!("<li>2026年11月20日 <a href=/{n}>つばめ電機のお知らせ</a></li>")
}

#[test]
fn of_many_lines_the_first_are_kept_and_the_rest_are_counted() {
    let page = |n: usize| read(&(0..n).map(line).collect::<String>(), None).unwrap();
    let at = page(limits::ENTRIES);
    assert_eq!((at.posts.len(), at.skipped), (limits::ENTRIES, 0));
    let over = page(limits::ENTRIES + 1);
    assert_eq!((over.posts.len(), over.skipped), (limits::ENTRIES, 1));
}

#[test]
fn a_page_is_looked_at_up_to_its_number_of_elements() {
    // A line is five nodes: itself, its date, its link and the words in it, and the space before it.
    let page = |before: usize| read(&format!("{}{}", "<br>".repeat(before), line(1)), None);
    let at = limits::PAGE_NODES - 4;
    assert_eq!(page(at).map(|page| page.posts.len()), Ok(1));
    assert_eq!(page(at + 4).map(|page| page.posts.len()), Ok(0), "and the way to a map of the site is looked for");
}

#[test]
fn elements_lie_within_one_another_up_to_their_number() {
    let page =
        |depth: usize| read(&format!("{}<a href=/x>つばめ電機のお知らせ</a>", "<p-a>".repeat(depth)), Some("p-a > a"));
    let of = |depth: usize| page(depth).map(|page| page.posts.len());
    assert_eq!(of(limits::PAGE_DEPTH - 1), Ok(1), "the link is the last that lies in another");
    assert_eq!(of(limits::PAGE_DEPTH), Err(SourceError::NoEntries), "its words are beside it");
}

#[test]
fn pages_made_to_be_slow_are_not() {
    let many = |piece: &str, n: usize| piece.repeat(n);
    let pages = [
        ("200000 elements within one another", many("<div>", 200_000)),
        ("200000 elements that nobody closes", many("<li><a href=x>", 100_000)),
        ("200000 closing tags of nothing", many("<div>", 300) + &many("</p>", 200_000)),
        ("dates beside each other", many("<b>2026年11月20日</b>", 100_000) + "<a href=x>x</a>"),
        ("dates within one another", many("<div>2026年11月20日", 20_000) + "<a href=/x>つばめ電機</a>"),
        ("lines in lines", many("<ul><li><a href=/x>つばめ電機のお知らせ</a>", 30_000)),
        ("one long date", many("2026年", 200_000)),
        ("attributes", format!("<a {}>", many("class=x ", 100_000))),
        ("one link around all", format!("<a href=/x>{}", many("<p>2026年11月20日</p>", 100_000))),
        ("rows and cells", format!("<table>{}", many("<tr><td>2026/11/20<td><a href=/1>つばめ電機</a>", 40_000))),
    ];
    for (what, page) in pages {
        let page = page.get(..page.floor_char_boundary(limits::BODY_BYTES)).unwrap();
        in_time(what, || drop(read(page, None)));
    }
}

#[test]
fn selectors_made_to_be_slow_are_not() {
    let pages = ["<div>".repeat(60_000), "<div><div></div><a class='a b' href=x>".repeat(20_000)];
    for page in pages {
        for selector in ["div ".repeat(32), "* > * * > * * > * * > *, ".repeat(15) + "[class~=b][href^=x].a.b.a.b.a"] {
            in_time("a selector of many steps", || drop(read(&page, Some(&selector))));
        }
    }
}
