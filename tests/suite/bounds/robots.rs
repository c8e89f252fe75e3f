//! What a `robots.txt` can make us read, keep and wait for.

use hinomi::{
    collect::{
        fetch::FetchError,
        robots::{Rules, Word, word},
        source::Request,
    },
    model::{
        limits,
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
};

use super::effort::in_time;

fn page(path: &str) -> Request {
    let state = SourceState::new(SourceName("s".into()), Timestamp::from_seconds(1_800_000_000));
    Request::page(&format!("https://www.example.jp{path}"), &state)
}

fn stays_away(text: &str, path: &str) -> bool {
    word(&Ok(Rules::parse(text)), &page(path)) == Word::Stay(FetchError::Robots)
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let rule = "\nUser-agent: *\nDisallow: /x";
    let filled = |bytes: usize| format!("{}{rule}", "#".repeat(bytes - rule.len()));
    assert!(stays_away(&filled(limits::ROBOTS_BYTES), "/x"));
    assert!(!stays_away(&filled(limits::ROBOTS_BYTES + 1), "/x"));
}

#[test]
fn rules_are_kept_up_to_their_number() {
    let text = |before: usize| format!("User-agent: *\n{}Disallow: /x\n", "Disallow: /y\n".repeat(before));
    assert!(stays_away(&text(limits::ROBOTS_RULES - 1), "/x"));
    assert!(!stays_away(&text(limits::ROBOTS_RULES), "/x"));
}

#[test]
fn no_site_makes_us_wait_longer_than_the_limit() {
    let delay = |seconds: i64| {
        let rules = Rules::parse(&format!("User-agent: *\nCrawl-delay: {seconds}\n"));
        word(&Ok(rules), &page("/"))
    };
    let most = limits::CRAWL_DELAY.as_seconds();
    assert_eq!(delay(most - 1), Word::Go(Span::seconds(most - 1)));
    assert_eq!(delay(most), Word::Go(limits::CRAWL_DELAY));
    assert_eq!(delay(most + 1), Word::Go(limits::CRAWL_DELAY));
}

#[test]
fn maps_are_kept_up_to_their_number() {
    let maps = |n: usize| Rules::parse(&"Sitemap: https://www.example.jp/s.xml\n".repeat(n)).sitemaps.len();
    assert_eq!(maps(limits::SITEMAPS), limits::SITEMAPS);
    assert_eq!(maps(limits::SITEMAPS + 1), limits::SITEMAPS);
}

#[test]
fn rules_made_to_be_slow_are_not() {
    let path = format!("/{}", "a".repeat(limits::FIELD_BYTES - 100));
    for rule in
        ["*a".repeat(900), format!("{}b", "*a".repeat(900)), format!("*{}b$", "a".repeat(900)), "*".repeat(1_800)]
    {
        let text = format!("User-agent: *\n{}", format!("Disallow: /{rule}\n").repeat(60));
        in_time("a robots.txt of stars", || stays_away(&text, &path));
    }
}
