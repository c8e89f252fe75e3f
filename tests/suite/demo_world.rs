//! The demo's server as a stranger sees it: over a real connection, read by an independent feed reader.

use std::{collections::HashSet, net::SocketAddr, path::Path, sync::Arc};

use feed_rs::model::Feed;
use hinomi::{
    app::replay::{self, Happening, Range},
    clock::{Clock, ManualClock},
    config,
    demo::{companies, feeds, world::World},
    model::{
        incident::{IncidentEvent, Level},
        post::Post,
        time::{Span, Timestamp},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|f| f.1)
    }
}

async fn get(addr: SocketAddr, path: &str, fields: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), body: bytes[end + 4..].to_vec(), head }
}

/// Serves the world of one seed on a clock that stands at `hours` into the week while `visit` looks around.
async fn at<F: Future<Output = ()>>(hours: i64, visit: impl FnOnce(SocketAddr, Arc<World>, Arc<ManualClock>) -> F) {
    let start = Timestamp::parse_rfc3339("2026-02-06T00:00:00+09:00").unwrap();
    let world = Arc::new(World::generate(3, start));
    let clock = Arc::new(ManualClock::at(start + Span::hours(hours)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = feeds::router(Arc::clone(&world), Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>);
    tokio::select! {
        served = axum::serve(listener, router) => panic!("the server stopped: {served:?}"),
        () = visit(addr, world, clock) => {}
    }
}

/// What an independent reader makes of a body. It gets text, because decoding is another matter with its own test.
fn read(path: &str, body: &[u8]) -> Feed {
    let text = if path == "/news.rdf" {
        let (text, _, broken) = encoding_rs::SHIFT_JIS.decode(body);
        assert!(!broken);
        text.replace("Shift_JIS", "UTF-8")
    } else {
        String::from_utf8(body.to_vec()).unwrap()
    };
    feed_rs::parser::parse(text.as_bytes()).unwrap()
}

fn published(posts: &[Post], source: &str, now: Timestamp) -> HashSet<String> {
    let of_source = posts.iter().filter(|post| post.source.0 == source && post.published_at <= Some(now));
    of_source.map(|post| post.external_id.clone()).collect()
}

#[tokio::test]
async fn every_feed_is_read_and_shows_nothing_from_the_future() {
    at(60, |addr, world, clock| async move {
        let now = clock.now();
        for source in feeds::sources(&world, addr) {
            let path = world.feeds.iter().find(|feed| feed.name == source.name).unwrap();
            assert_eq!(source.url, format!("http://{addr}{}", path.path));
            let answer = get(addr, path.path, "").await;
            assert_eq!(answer.status, 200);
            let feed = read(path.path, &answer.body);
            assert!(!feed.entries.is_empty() && feed.entries.len() <= path.page, "{}", source.name);
            let dates: Vec<i64> = feed.entries.iter().map(|e| e.published.unwrap().timestamp_millis()).collect();
            assert!(dates.iter().all(|at| *at <= now.millis()), "{}", source.name);
            assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]), "{} is not newest first", source.name);
            assert!(feed.entries.iter().all(|e| !e.authors.is_empty() || path.path == "/news.rdf"), "{}", source.name);
        }
    })
    .await;
}

#[tokio::test]
async fn identities_are_those_of_the_posts_and_entries_appear_as_the_clock_moves() {
    at(30, |addr, world, clock| async move {
        for (path, source) in
            [("/sns.rss", "sns"), ("/blog.atom", "blog"), ("/matome.json", "matome"), ("/review.rss", "review")]
        {
            let ids = |body: &[u8]| read(path, body).entries.into_iter().map(|e| e.id).collect::<HashSet<_>>();
            let before = ids(&get(addr, path, "").await.body);
            let all = [&world.history[..], &world.week[..]].concat();
            assert!(before.is_subset(&published(&all, source, clock.now())), "{source}");
            clock.advance_to(clock.now() + Span::hours(8));
            let after = ids(&get(addr, path, "").await.body);
            assert!(after.difference(&before).count() > 0, "nothing new in {source}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_has_it_already_gets_no_body_until_something_is_published() {
    at(40, |addr, world, clock| async move {
        for feed in &world.feeds {
            let first = get(addr, feed.path, "").await;
            let (etag, modified) = (first.field("etag").unwrap(), first.field("last-modified").unwrap());
            assert!(!etag.starts_with("W/"));
            assert_eq!(first.field("cache-control"), Some("max-age=60"));
            for known in [format!("if-none-match: {etag}\r\n"), format!("if-modified-since: {modified}\r\n")] {
                let again = get(addr, feed.path, &known).await;
                assert_eq!((again.status, again.body.len()), (304, 0), "{} {known}", feed.path);
                assert_eq!(again.field("etag"), Some(etag));
            }
            clock.advance_to(clock.now() + Span::hours(20));
            let later = get(addr, feed.path, &format!("if-none-match: {etag}\r\n")).await;
            assert_eq!(later.status, 200, "{}", feed.path);
            assert_ne!(later.field("etag"), Some(etag));
        }
    })
    .await;
}

#[tokio::test]
async fn the_papers_write_shift_jis_that_reads_back_as_it_was_written() {
    at(6 * 24 + 12, |addr, world, _| async move {
        let answer = get(addr, "/news.rdf", "").await;
        assert!(String::from_utf8(answer.body.clone()).is_err(), "this is not Shift_JIS");
        assert!(answer.body.starts_with(b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>"));
        assert!(!answer.field("content-type").unwrap().contains("charset"));
        let feed = read("/news.rdf", &answer.body);
        let article = feed.entries.iter().find(|e| e.title.as_ref().unwrap().content.contains("最大約11万件")).unwrap();
        let summary = &article.summary.as_ref().unwrap().content;
        let original =
            world.week.iter().find(|p| Some(&p.external_id) == article.links.first().map(|l| &l.href)).unwrap();
        assert_eq!(summary.replace(char::is_whitespace, ""), original.text.replace(char::is_whitespace, ""));
    })
    .await;
}

#[tokio::test]
async fn a_video_shows_more_plays_later_under_the_same_identity() {
    at(50, |addr, _, clock| async move {
        let mut plays = Vec::new();
        for _ in 0..4 {
            let feed = read("/video.xml", &get(addr, "/video.xml", "").await.body);
            let film = feed.entries.into_iter().find(|e| e.title.as_ref().unwrap().content.contains("目撃")).unwrap();
            assert!(film.media[0].description.as_ref().unwrap().content.contains("こわれもの"));
            plays.push((film.id, film.media[0].community.as_ref().unwrap().stats_views.unwrap()));
            clock.advance_to(clock.now() + Span::hours(24));
        }
        assert!(plays.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1), "{plays:?}");
    })
    .await;
}

#[tokio::test]
async fn a_text_with_markup_letters_arrives_as_it_was_written() {
    at(20, |addr, world, _| async move {
        let feed = read("/sns.rss", &get(addr, "/sns.rss", "").await.body);
        let mut compared = 0;
        for entry in feed.entries {
            let post = world.history.iter().chain(&world.week).find(|post| post.external_id == entry.id).unwrap();
            let html = entry.summary.unwrap().content;
            let plain = html.replace("<p>", "").replace("</p>", "").replace("<br>", "\n");
            let plain = plain.replace("&#8230;", "…").replace("&quot;", "\"").replace("&amp;", "&");
            assert_eq!(plain, post.text);
            assert_eq!(entry.authors[0].name, post.author);
            compared += 1;
        }
        assert!(compared > 100);
    })
    .await;
}

#[test]
fn the_watchlist_is_toml_with_every_company_and_its_conditions() {
    let read: toml::Table = companies::watchlist_toml().parse().unwrap();
    let companies = read["company"].as_array().unwrap();
    assert_eq!(companies.len(), 8);
    assert_eq!(companies[0]["name"].as_str(), Some("しらかば生命"));
    assert_eq!(companies[0]["exclude"][0].as_str(), Some("白樺"));
    let short = companies[4]["aliases"].as_array().unwrap().last().unwrap();
    assert_eq!((short["name"].as_str(), short["exclude"][0].as_str()), (Some("青テレ"), Some("青テレビ")));
    assert_eq!(short["context"].as_array().unwrap().len(), 7);
}

/// The demo shows this week at a speed at which a slow machine notices late; here time is an argument.
#[tokio::test]
async fn the_week_is_noticed_as_it_deserves() {
    let world = World::generate(1, Timestamp::parse_rfc3339("2026-02-06T00:00:00+09:00").unwrap());
    let mut watchlist = config::parse_watchlist(&world.watchlist_toml, Path::new("watchlist")).unwrap();
    // One fire, one ember, one grave post; reading the others too would take minutes without optimisation.
    watchlist.companies.retain(|w| ["しらかば生命", "みどり屋通販", "青空テレコム"].contains(&&*w.name.0));
    let mut events: Vec<IncidentEvent> = Vec::new();
    let mut hear = |happening: Happening<'_>| {
        if let Happening::Event(event) = happening {
            events.push(event.clone());
        }
    };
    let posts = [&world.history[..], &world.week[..]].concat();
    replay::run(posts, watchlist, Range::default(), &mut hear).await.unwrap();

    let first = |company: &str, level: Level| {
        let of = |e: &&IncidentEvent| e.incident.company.0 == company && e.incident.level >= level;
        let found = events.iter().find(of);
        found.unwrap_or_else(|| panic!("{company} never rose to {level:?}: {events:#?}")).at
    };
    let story = |title: &str| world.stories.iter().find(|s| s.title.contains(title)).unwrap();
    let published = |id: &String| world.week.iter().find(|p| p.external_id == *id).unwrap().published_at.unwrap();

    let fire = story("カード");
    assert!(fire.first_press_at.unwrap() - first("しらかば生命", Level::Notice) > Span::hours(10));
    assert!(fire.first_press_at.unwrap() - first("しらかば生命", Level::Warning) > Span::hours(8));
    assert!(first("しらかば生命", Level::Critical) - fire.first_press_at.unwrap() < Span::minutes(15));
    let grave = first("青空テレコム", Level::Notice) - story("接触").first_post_at;
    assert!(grave < Span::minutes(15), "{grave}");
    // The third report of the same kind within ninety days.
    let ember = first("みどり屋通販", Level::Notice) - published(&story("勧誘").posts[2]);
    assert!((Span::ZERO..Span::minutes(30)).contains(&ember), "{ember}");
    // Pollen and praise are loud and raise nothing of their own.
    for quiet in [story("花粉"), story("半額")] {
        let raised = events.iter().find(|e| quiet.posts.contains(&e.incident.origin_external_id));
        assert!(raised.is_none(), "{raised:?}");
    }
}
