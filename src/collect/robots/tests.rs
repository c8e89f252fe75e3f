use proptest::prelude::*;

use super::*;
use crate::model::{post::SourceName, source::SourceState, time::Timestamp};

fn state() -> SourceState {
    SourceState::new(SourceName("s".into()), Timestamp::from_seconds(1_800_000_000))
}

fn page(path: &str) -> Request {
    Request::page(&format!("https://www.example.jp{path}"), &state())
}

fn feed(path: &str) -> Request {
    Request::web(&format!("https://www.example.jp{path}"), &state())
}

fn goes(text: &str, request: &Request) -> bool {
    matches!(word(&Ok(Rules::parse(text)), request), Word::Go(_))
}

#[test]
fn the_longest_rule_decides_and_of_two_equal_ones_the_kinder() {
    let text = "User-agent: *\nDisallow: /news\nAllow: /news/open\nDisallow: /a\nAllow: /a\n";
    for (path, allowed) in [("/", true), ("/news/", false), ("/news/open/1", true), ("/a", true), ("/NEWS", true)] {
        assert_eq!(goes(text, &page(path)), allowed, "{path}");
    }
}

#[test]
fn stars_and_ends_mean_what_they_say() {
    for (rule, path, fits) in [
        ("/*.pdf$", "/a/b.pdf", true),
        ("/*.pdf$", "/a/b.pdf?x", false),
        ("/*.pdf$", "/a.pdf/b.pdf", true),
        ("/*?", "/news?page=2", true),
        ("/*?", "/news", false),
        ("/news/*/old", "/news/2026/old/1", true),
        ("/news/*/old", "/news/old", false),
        ("/$", "/", true),
        ("/$", "/news", false),
        ("*", "/", true),
        ("/お知らせ/", "/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B/1", true),
        ("/%7euser", "/~user/", true),
        ("/a%2fb", "/a/b", false),
        ("/a%2Fb", "/a%2fb", true),
    ] {
        let text = format!("User-agent: *\nDisallow: {rule}\n");
        assert_eq!(!goes(&text, &page(path)), fits, "{rule} {path}");
    }
}

#[test]
fn a_group_under_our_name_takes_the_place_of_the_one_for_all() {
    let text = "User-agent: *\nDisallow: /\n\nUser-agent: Other\nUser-agent: HINOMI/1.0\nDisallow: /private\n";
    assert!(goes(text, &page("/news")) && !goes(text, &page("/private/x")));
    // A feed that a person entered is read whatever is asked of everybody, and not against our own name.
    assert!(goes("User-agent: *\nDisallow: /\n", &feed("/rss")));
    assert!(!goes("User-agent: hinomi\nDisallow: /\n", &feed("/rss")));
    assert!(goes("User-agent: hinomi-old\nUser-agent: hinomibot\nDisallow: /\n", &feed("/rss")));
    // Named and asked for nothing: free.
    assert!(goes("User-agent: *\nDisallow: /\nUser-agent: Hinomi\nDisallow:\n", &page("/news")));
}

#[test]
fn sloppy_files_are_read_as_they_are_meant() {
    let text = "\u{feff}disallow: /before # rules above all groups are everybody's\r\n\
                USER-AGENT : *  # all\r\rDisallow: /x # y\nSitemap: https://www.example.jp/s.xml\nCrawl-delay: 10\nrubbish\n";
    assert!(!goes(text, &page("/before")) && !goes(text, &page("/x/1")) && goes(text, &page("/y")));
    let rules = Rules::parse(text);
    assert_eq!(rules.sitemaps, ["https://www.example.jp/s.xml"]);
    assert_eq!(word(&Ok(rules), &page("/y")), Word::Go(Span::seconds(10)));
    assert!(goes("<!doctype html><html>ページが見つかりません</html>", &page("/")));
}

#[test]
fn a_delay_is_kept_up_to_a_bound() {
    for (said, kept) in [("0.5", 500), ("120", 120_000), ("86400", 120_000), ("-1", 0), ("NaN", 0), ("soon", 0)] {
        let rules = Rules::parse(&format!("User-agent: *\nCrawl-delay: {said}\n"));
        assert_eq!(word(&Ok(rules), &page("/")), Word::Go(Span::from_millis(kept)), "{said}");
    }
}

#[test]
fn without_a_file_everything_is_open_and_without_an_answer_a_page_waits() {
    let open = [FetchError::Status(404), FetchError::Status(401), FetchError::Gone, FetchError::TooLarge];
    for error in open {
        let known = read(&Err(error.clone()));
        assert_eq!(word(&known, &page("/")), Word::Go(Span::ZERO), "{error:?}");
    }
    let limited = FetchError::RateLimited { status: 503, retry_after: None };
    for error in [FetchError::Status(500), FetchError::Timeout, FetchError::Transport("reset".into()), limited] {
        let known = read(&Err(error.clone()));
        assert_eq!(word(&known, &page("/")), Word::Stay(FetchError::RobotsUnread(error.to_string())));
        assert_eq!(word(&known, &feed("/rss")), Word::Go(Span::ZERO), "{error:?}");
    }
}

#[test]
fn only_questions_to_sites_have_a_robots_file() {
    assert_eq!(of(&page("/a/b?c#d")).as_deref(), Some("https://www.example.jp/robots.txt"));
    assert_eq!(of(&Request::api("https://api.example.jp/v1")), None);
    assert_eq!(of(&Request::file("x.jsonl".into(), 0)), None);
}

#[test]
fn half_a_megabyte_of_stars_is_read_and_asked_at_once() {
    // Patterns of one letter and many stars; the test run itself is the clock.
    let rule = format!("Disallow: /{}$\n", "*a".repeat(500));
    let text = format!("User-agent: *\n{}", rule.repeat(500));
    let rules = Rules::parse(&text);
    let long = format!("/{}", "a".repeat(1_900));
    assert!(matches!(word(&Ok(rules), &page(&format!("{long}b"))), Word::Go(_)));
}

proptest! {
    #[test]
    fn nothing_that_is_written_there_can_hurt(text in "(user-agent|disallow|allow|:|\\*|\\$|%|/|a|火|\n| |#|crawl-delay|-1|9e99){0,60}", path in "/[a%/?*$火]{0,20}") {
        let _any = word(&Ok(Rules::parse(&text)), &page(&path));
    }

    #[test]
    fn a_pattern_fits_as_a_plain_reading_of_it_does(pattern in "/[ab*]{0,8}", path in "/[ab]{0,10}") {
        let plain = regex::Regex::new(&format!("^{}", pattern.replace('*', ".*"))).unwrap();
        prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), plain.is_match(&path));
    }
}
