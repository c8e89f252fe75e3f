//! Small webs, in memory.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;

use super::*;
use crate::collect::source::Place;

const FEED: &str =
    "<rss version='2.0'><channel><title>青空</title><item><title>一</title><guid>1</guid></item></channel></rss>";
const EMPTY: &str = "<rss version='2.0'><channel><title>空</title></channel></rss>";
const PAGE: &str = "<html><head><title>青空</title></head><body>ようこそ</body></html>";

/// Pages by address; everything else is not found.
#[derive(Default)]
struct Web {
    pages: BTreeMap<String, Result<String, FetchError>>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    fn of(pages: &[(&str, &str)]) -> Self {
        let pages = pages.iter().map(|(url, body)| ((*url).to_owned(), Ok((*body).to_owned())));
        Self { pages: pages.collect(), asked: Mutex::default() }
    }

    fn failing(mut self, url: &str, error: FetchError) -> Self {
        self.pages.insert(url.to_owned(), Err(error));
        self
    }

    fn discover(&self, address: &str) -> Result<Discovery, Why> {
        let now = Timestamp::from_seconds(1_800_000_000);
        let asker = Asker { fetch: self, spacing: Span::ZERO, zone: Zone::JST, now };
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asker.discover(address))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Fetch for Web {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let Place::Web(url) = &request.place else { panic!("a file") };
        self.asked.lock().unwrap().push(url.clone());
        if let Some(old) = url.strip_suffix("#moved") {
            let final_url = format!("{old}new.xml");
            let moved_to = Some(final_url.clone());
            return Ok(Response { status: 200, final_url, moved_to, body: FEED.into(), ..Response::default() });
        }
        let body = self.pages.get(url).cloned().unwrap_or(Err(FetchError::Status(404)))?;
        Ok(Response { status: 200, final_url: url.clone(), body: body.into(), ..Response::default() })
    }
}

fn urls(discovery: &Discovery) -> Vec<&str> {
    discovery.found.iter().map(|found| found.url.as_str()).collect()
}

#[test]
fn an_address_that_is_a_feed_costs_one_visit() {
    let web = Web::of(&[("https://a.example/f", FEED)]);
    let discovery = web.discover("https://a.example/f").unwrap();
    assert_eq!((discovery.way, urls(&discovery)), (Way::Itself, vec!["https://a.example/f"]));
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn a_feed_that_has_moved_for_good_is_proposed_where_it_is_now() {
    let discovery = Web::default().discover("https://a.example/#moved").unwrap();
    assert_eq!(urls(&discovery), ["https://a.example/new.xml"]);
}

#[test]
fn what_a_page_names_is_looked_into_and_nothing_is_guessed() {
    let page = "<html><head><link rel=alternate type=application/rss+xml href=/comments/feed title=コメント>\
                <link rel=alternate type=application/rss+xml href=/empty.xml>\
                <link rel=alternate type=application/atom+xml href=/gone.xml>\
                <link rel=alternate type=application/rss+xml href=/f.xml title=記事></head></html>";
    let web = Web::of(&[
        ("https://a.example/", page),
        ("https://a.example/f.xml", FEED),
        ("https://a.example/empty.xml", EMPTY),
        ("https://a.example/comments/feed", FEED),
        ("https://a.example/feed", FEED),
    ]);
    let discovery = web.discover("https://a.example/").unwrap();
    assert_eq!(discovery.way, Way::Named);
    let expected = ["https://a.example/f.xml", "https://a.example/comments/feed", "https://a.example/empty.xml"];
    assert_eq!(urls(&discovery), expected);
    assert_eq!(discovery.found[0].title.as_deref(), Some("記事"));
    let gone = ("https://a.example/gone.xml".to_owned(), Why::Fetch(FetchError::Status(404)));
    assert_eq!(discovery.broken, [gone]);
    assert!(!web.asked().contains(&"https://a.example/feed".to_owned()));
}

#[test]
fn a_page_that_names_none_is_asked_at_the_usual_places_until_one_is_a_feed() {
    let web = Web::of(&[
        ("https://a.example/blog/", PAGE),
        ("https://a.example/rss", PAGE),
        ("https://a.example/index.rdf", FEED),
        ("https://a.example/atom.xml", FEED),
    ]);
    let discovery = web.discover("https://a.example/blog/").unwrap();
    assert_eq!((discovery.way, urls(&discovery)), (Way::Usual, vec!["https://a.example/index.rdf"]));
    assert_eq!(web.asked()[1], "https://a.example/blog/feed");
    assert_eq!((discovery.tried, web.asked().len()), (4, 5));
}

#[test]
fn in_vain_is_said_after_a_handful() {
    let web = Web::of(&[("https://a.example/x/y", PAGE)]);
    let discovery = web.discover("https://a.example/x/y").unwrap();
    assert!(discovery.found.is_empty());
    assert_eq!((discovery.tried, web.asked().len()), (VISITS - 1, VISITS));
}

#[test]
fn a_server_that_has_had_enough_is_not_asked_for_more() {
    for error in
        [FetchError::RateLimited { status: 429, retry_after: None }, FetchError::Timeout, FetchError::Status(403)]
    {
        let web = Web::of(&[("https://a.example/", PAGE), ("https://a.example/rss", FEED)])
            .failing("https://a.example/feed", error);
        assert!(web.discover("https://a.example/").unwrap().found.is_empty());
        assert_eq!(web.asked().len(), 2);
    }
    let web = Web::default().failing("https://a.example/", FetchError::Gone);
    assert_eq!(web.discover("https://a.example/"), Err(Why::Fetch(FetchError::Gone)));
}
