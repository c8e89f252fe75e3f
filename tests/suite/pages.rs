//! Watched pages and boards against Debian's nginx, and a line between on which things go wrong.

use std::{io::Write as _, sync::Arc, time::Duration};

use hinomi::{
    collect::{
        CollectParams, SourceBasics,
        fetch::{Fetch, FetchError, HttpFetch},
        kind::{Field, Fields},
        poll::{self, Visit},
        robots,
        schedule::{Failure, Outcome},
        source::{Request, Source},
        sources::{self, SourceParams, fivech, page},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::Timestamp,
    },
};

use crate::harness::{
    nginx::Nginx,
    proxy::{Fault, Proxy},
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const NOTICES: &str = include_str!("../fixtures/pages/corporate-cards.html");
const NEWEST: &str = "<article class=\"c-news__item\"><a href=\"/news/n20261121.html\"><time datetime=\"2026-11-21\">2026.11.21</time>\
                      <p>不正アクセスに関するお詫び</p></a></article>";

fn built(params: &SourceParams, collect: &CollectParams) -> Arc<dyn Source> {
    sources::build(params, collect).polled().unwrap()
}

fn params(kind: &'static hinomi::collect::kind::Kind, fields: Fields) -> SourceParams {
    let name = SourceName("s".into());
    let basics = SourceBasics { name, source_type: SourceType::Notice, channel: Channel::Official, poll_every: None };
    SourceParams { basics, kind, fields }
}

fn new_state() -> SourceState {
    SourceState::new(SourceName("s".into()), NOW)
}

async fn visit(source: &Arc<dyn Source>, state: &SourceState, collect: &CollectParams) -> Visit {
    let fetch = HttpFetch::new(collect).unwrap();
    poll::visit(source.as_ref(), state, &fetch, collect, NOW).await
}

fn ids(visit: &Visit) -> Vec<&str> {
    visit.posts.iter().map(|p| p.external_id.rsplit('/').next().unwrap()).collect()
}

#[tokio::test]
async fn nginx_sends_a_page_again_only_to_confirm_a_new_line() {
    let nginx = Nginx::start("").await;
    let fields = Fields::default().with("url", Field::Text(nginx.url("news/index.html")));
    let source = built(&params(&page::KIND, fields), &nginx.params());
    nginx.put("news/index.html", NOTICES.as_bytes(), 1_700_000_000);
    let first = visit(&source, &new_state(), &nginx.params()).await;
    assert_eq!((first.outcome.clone(), first.warm_up), (Outcome::Read(3), true));
    // nginx weakens the tag of a page that it packs.
    assert!(first.state.etag.as_deref().is_some_and(|tag| tag.starts_with("W/")), "{:?}", first.state.etag);
    let same = visit(&source, &first.state, &nginx.params()).await;
    assert_eq!(same.outcome, Outcome::NotModified);
    let grown = NOTICES.replace("<div class=\"c-news\">", &format!("<div class=\"c-news\">{NEWEST}"));
    nginx.put("news/index.html", grown.as_bytes(), 1_700_000_060);
    let once = visit(&source, &same.state, &nginx.params()).await;
    assert_eq!(once.outcome, Outcome::Read(3));
    let twice = visit(&source, &once.state, &nginx.params()).await;
    assert_eq!((twice.outcome.clone(), twice.warm_up), (Outcome::Read(4), false));
    assert_eq!(twice.posts[0].title.as_deref(), Some("不正アクセスに関するお詫び"));
    assert_eq!(visit(&source, &twice.state, &nginx.params()).await.outcome, Outcome::NotModified);
}

#[tokio::test]
async fn nginx_gives_a_thread_in_parts_and_from_its_beginning_when_it_became_shorter() {
    let nginx = Nginx::start("").await;
    let fields = Fields::default().with("url", Field::Text(nginx.url("test/read.cgi/news/1795133700/")));
    let source = built(&params(&fivech::KIND, fields.with("accept_terms", Field::YesNo(true))), &nginx.params());
    let said = |n: u32| {
        format!("x<><>2026/11/20(Fri) 09:15:0{n}.00 ID:abc{n}<> said {n} <>{}\n", if n == 1 { "title" } else { "" })
    };
    let file = "news/dat/1795133700.dat";
    nginx.put(file, (said(1) + &said(2)).as_bytes(), 1_700_000_000);
    let first = visit(&source, &new_state(), &nginx.params()).await;
    assert_eq!(ids(&first), ["1", "2"]);
    let none = visit(&source, &first.state, &nginx.params()).await;
    assert_eq!(none.outcome, Outcome::NotModified);
    let mut open = std::fs::OpenOptions::new().append(true).open(nginx.path(file)).unwrap();
    open.write_all((said(3) + "half a line").as_bytes()).unwrap();
    let more = visit(&source, &none.state, &nginx.params()).await;
    assert_eq!(ids(&more), ["3"]);
    assert_eq!(more.posts[0].title.as_deref(), Some("title"));
    nginx.put(file, said(1).as_bytes(), 1_700_000_100);
    let shorter = visit(&source, &more.state, &nginx.params()).await;
    assert_eq!((shorter.posts.len(), shorter.state.errors), (0, 0), "416: {:?}", shorter.outcome);
    assert_eq!(ids(&visit(&source, &shorter.state, &nginx.params()).await), ["1"]);
}

#[tokio::test]
async fn robots_txt_of_a_real_server_is_read_and_its_absence_is_leave() {
    let nginx = Nginx::start("location /private/ { return 403; } location = /broken/robots.txt { return 502; }").await;
    let fetch = HttpFetch::new(&nginx.params()).unwrap();
    let page = |path: &str| Request::page(&nginx.url(path), &new_state());
    let place = robots::of(&page("news/")).unwrap();
    let heard = async |place: &str| robots::read(&fetch.fetch(&Request::bare(place)).await);
    let goes = |known: &Result<robots::Rules, FetchError>, path| {
        matches!(robots::word(known, &page(path)), robots::Word::Go(_))
    };
    assert!(goes(&heard(&place).await, "news/"));
    nginx.put("robots.txt", b"User-agent: *\nDisallow: /news/\n", 1_700_000_000);
    let known = heard(&place).await;
    assert!(!goes(&known, "news/") && goes(&known, "other/"));
    assert!(goes(&heard(&nginx.url("private/robots.txt")).await, "news/"));
    assert!(!goes(&heard(&nginx.url("broken/robots.txt")).await, "news/"));
}

#[tokio::test]
async fn nothing_of_a_page_that_came_in_part_is_remembered() {
    let nginx = Nginx::start("location = /old.html { return 301 /news/index.html; }").await;
    nginx.put("news/index.html", NOTICES.as_bytes(), 1_700_000_000);
    let proxy = Proxy::to(nginx.at()).await;
    let collect = CollectParams { allow: vec![proxy.at.to_string()], ..CollectParams::default() };
    let at = |path: &str| Fields::default().with("url", Field::Text(format!("http://{}/{path}", proxy.at)));
    let source = built(&params(&page::KIND, at("news/index.html")), &collect);
    for fault in
        [Fault::CutAfter(400), Fault::ResetAfter(400), Fault::CutAfter(0), Fault::ResetAfter(20), Fault::Garbage]
    {
        proxy.set(fault);
        let torn = visit(&source, &new_state(), &collect).await;
        let broken = matches!(torn.outcome, Outcome::Failed(Failure::Fetch(FetchError::Transport(_))));
        assert!(broken && torn.posts.is_empty(), "{fault:?}: {:?}", torn.outcome);
        assert_eq!((torn.state.etag, torn.state.warmed_up_at, torn.state.errors), (None, None, 1), "{fault:?}");
    }
    for fault in [Fault::None, Fault::Delay(Duration::from_millis(50)), Fault::Trickle(64, Duration::from_millis(1))] {
        proxy.set(fault);
        assert_eq!(visit(&source, &new_state(), &collect).await.outcome, Outcome::Read(3), "{fault:?}");
    }
    // Somebody who never answers costs nobody else anything.
    proxy.set(Fault::Hang);
    let came = proxy.came();
    let stuck = new_state();
    let (hung, other) = (visit(&source, &stuck, &collect), async {
        while proxy.came() == came {
            tokio::task::yield_now().await;
        }
        proxy.set(Fault::None);
        let moved = built(&params(&page::KIND, at("old.html")), &collect);
        visit(&moved, &new_state(), &collect).await
    });
    tokio::select! {
        visit = hung => panic!("{:?}", visit.outcome),
        moved = other => {
            // The server names itself by its own port: it is followed as far as the guard allows.
            assert!(moved.moved_to.is_some() || matches!(moved.outcome, Outcome::Failed(_)), "{:?}", moved.outcome);
        }
    }
}
