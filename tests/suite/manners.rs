//! The visiting loop over a web in memory: who is asked when, and who is not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use hinomi::{
    app::service::{App, Notice},
    clock::SystemClock,
    collect::{
        SourceBasics,
        fetch::{Fetch, FetchError},
        kind::{Field, Fields, Kind},
        source::{Place, Request, Response},
        sources::{SourceParams, feed, page},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::{Span, Timestamp},
    },
};
use tokio::sync::mpsc;

use crate::harness::{
    owing::{self, now},
    process::WATCHLIST,
};

const RSS: &str = "<rss version=\"2.0\"><channel><item><guid>1</guid><title>x</title></item></channel></rss>";
const NEWS: &str = "<ul><li>2026年11月20日 <a href=\"/news/1\">お知らせを掲載しました</a></li></ul>";

/// Answers from memory, and remembers who asked when.
#[derive(Default)]
struct Web {
    pages: BTreeMap<&'static str, Result<&'static str, FetchError>>,
    asked: Mutex<Vec<(String, Timestamp)>>,
}

impl Web {
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(url, _)| url.clone()).collect()
    }
}

struct Road(Arc<Web>);

#[async_trait]
impl Fetch for Road {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let Place::Web(url) = &request.place else { panic!("{request:?}") };
        let path = url.trim_start_matches("https://").to_owned();
        self.0.asked.lock().unwrap().push((path.clone(), now()));
        let page = self.0.pages.get(path.as_str()).cloned().unwrap_or(Err(FetchError::Status(404)));
        page.map(|body| Response { status: 200, final_url: url.clone(), body: body.into(), ..Response::default() })
    }
}

fn source(name: &str, kind: &'static Kind, url: &str) -> SourceParams {
    let basics = SourceBasics {
        name: SourceName(name.into()),
        source_type: SourceType::Notice,
        channel: Channel::Official,
        poll_every: None,
    };
    SourceParams { basics, kind, fields: Fields::default().with("url", Field::Text(format!("https://{url}"))) }
}

/// A Hinomi that has visited every one of `sources` once, with what it remembered before.
async fn visited(
    web: &Arc<Web>,
    sources: Vec<SourceParams>,
    before: &[SourceState],
    until: usize,
) -> (App, BTreeMap<String, SourceState>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut ports, _sent) = owing::ports(now());
    (ports.clock, ports.fetch) = (Arc::new(SystemClock), Arc::new(Road(Arc::clone(web))));
    let mut setup = owing::setup(&folder.path().join("hinomi.db"), WATCHLIST, &["pr@aozora.example"]);
    setup.sources = sources;
    setup.collect.host_spacing = Span::from_millis(30);
    let (tell, mut notices) = mpsc::unbounded_channel();
    let mut app = App::build(setup, ports, Some(tell)).await.unwrap();
    for state in before {
        app.pipeline().store().reserve(state).await.unwrap();
    }
    app.start();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < until {
        if let Some(Notice::Visited { source, .. }) = notices.recv().await {
            seen.insert(source);
        }
    }
    let states = app.pipeline().store().source_states().await.unwrap();
    (app, states.into_iter().map(|s| (s.source.0.clone(), s)).collect())
}

#[tokio::test]
async fn a_site_is_asked_first_and_what_it_closes_is_not_visited() {
    let robots = "User-agent: *\nDisallow: /private/\nCrawl-delay: 0.2\n";
    let pages = [("a.example/robots.txt", Ok(robots)), ("a.example/news/", Ok(NEWS)), ("a.example/other/", Ok(NEWS))];
    let web = Arc::new(Web { pages: pages.into(), ..Web::default() });
    let sources = vec![
        source("closed", &page::KIND, "a.example/private/"),
        source("news", &page::KIND, "a.example/news/"),
        source("other", &page::KIND, "a.example/other/"),
    ];
    let (app, states) = visited(&web, sources, &[], 3).await;
    let mut asked = web.asked.lock().unwrap().clone();
    assert_eq!(asked.remove(0).0, "a.example/robots.txt");
    let mut pages: Vec<&str> = asked.iter().map(|(url, _)| url.as_str()).collect();
    pages.sort_unstable();
    assert_eq!(pages, ["a.example/news/", "a.example/other/"]);
    // The site's own pace, not ours.
    assert!(asked[1].1 - asked[0].1 >= Span::from_millis(195), "{asked:?}");
    let closed = &states["closed"];
    assert!(closed.last_error.as_deref().unwrap().contains("robots.txt asks us not to visit"), "{closed:?}");
    assert!(closed.errors == 1 && closed.next_due_at - now() > Span::hours(23));
    assert!(states["news"].errors == 0 && states["news"].warmed_up_at.is_some());
    drop(app);
}

#[tokio::test]
async fn where_robots_txt_cannot_be_read_pages_wait_and_feeds_do_not() {
    let pages = [
        ("a.example/robots.txt", Err(FetchError::Status(502))),
        ("a.example/news/", Ok(NEWS)),
        ("a.example/rss", Ok(RSS)),
        ("b.example/robots.txt", Ok("User-agent: *\nDisallow: /\n")),
        ("b.example/rss", Ok(RSS)),
        ("c.example/robots.txt", Ok("User-agent: Hinomi\nDisallow: /\n")),
        ("c.example/rss", Ok(RSS)),
    ];
    let web = Arc::new(Web { pages: pages.into(), ..Web::default() });
    let sources = vec![
        source("page", &page::KIND, "a.example/news/"),
        source("feed", &feed::KIND, "a.example/rss"),
        source("for-all", &feed::KIND, "b.example/rss"),
        source("for-us", &feed::KIND, "c.example/rss"),
    ];
    let (app, states) = visited(&web, sources, &[], 4).await;
    let asked = web.asked();
    assert!(!asked.iter().any(|url| url == "a.example/news/" || url == "c.example/rss"), "{asked:?}");
    assert_eq!(asked.iter().filter(|url| url.ends_with("/robots.txt")).count(), 3, "{asked:?}");
    assert!(states["page"].last_error.as_deref().unwrap().contains("robots.txt cannot be read"));
    assert!(states["page"].next_due_at - now() < Span::minutes(35));
    assert_eq!((states["feed"].errors, states["for-all"].errors, states["for-us"].errors), (0, 0, 1));
    drop(app);
}

#[tokio::test]
async fn a_host_that_asked_for_a_pause_has_it_over_a_restart() {
    let pages = [("b.example/rss", Ok(RSS)), ("a.example/two", Ok(RSS))];
    let web = Arc::new(Web { pages: pages.into(), ..Web::default() });
    let until = now() + Span::hours(1);
    let mut limited = SourceState::new(SourceName("one".into()), now());
    limited.cursor.0 = "https://a.example/one".into();
    (limited.next_due_at, limited.host_pause_until, limited.errors) = (until, Some(until), 1);
    let sources = vec![
        source("one", &feed::KIND, "a.example/one"),
        source("two", &feed::KIND, "a.example/two"),
        source("elsewhere", &feed::KIND, "b.example/rss"),
    ];
    // The loop goes through them in order: when the last has been visited, the second was left alone.
    let (app, states) = visited(&web, sources, &[limited], 1).await;
    assert!(web.asked().iter().all(|url| url.starts_with("b.example/")), "{:?}", web.asked());
    assert_eq!(states["one"].host_pause_until, Some(until));
    drop(app);
}
