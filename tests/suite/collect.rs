//! Sources against real servers: a small one that misbehaves on purpose, and Debian's nginx.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use flate2::{Compression, write::GzEncoder};
use hinomi::{
    collect::{
        CollectParams, SourceBasics,
        fetch::{Fetch, FetchError, HttpFetch, RetryAfter},
        poll::{self, Visit},
        schedule::{Failure, Outcome},
        source::{Request, Response, Source, SourceError},
        sources::{SourceParams, build},
    },
    model::{
        limits,
        post::{Channel, SourceName, SourceType},
        source::SourceState,
        time::{Span, Timestamp},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::harness::nginx::Nginx;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn feed(titles: &[&str]) -> String {
    let item = |t: &&str| format!("<item><title>{t}</title><guid isPermaLink=\"false\">{t}</guid></item>");
    format!(
        "<rss version=\"2.0\"><channel><title>試験</title>{}</channel></rss>",
        titles.iter().map(item).collect::<String>()
    )
}

/// A server that answers each path with prepared bytes, and remembers what it was asked.
struct Server {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the head of a request and gives the whole answer, or nothing at all to fall silent.
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        #[expect(clippy::disallowed_methods, reason = "the other end of the line is not part of the program")]
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match socket.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).to_lowercase();
                let bytes = answer(&head);
                log.lock().unwrap().push(head);
                // The client may have had enough before we are done.
                let _cut_off = socket.write_all(&bytes).await;
                let _closed = socket.shutdown().await;
            }
        });
        Self { at, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    fn params(&self) -> CollectParams {
        CollectParams { allow: vec![self.at.to_string()], ..CollectParams::default() }
    }

    async fn fetch(&self, path: &str) -> Result<Response, FetchError> {
        let state = SourceState::new(SourceName("s".into()), NOW);
        HttpFetch::new(&self.params()).unwrap().fetch(&Request::web(&self.url(path), &state)).await
    }

    async fn visit(&self, path: &str, state: &SourceState) -> Visit {
        visit(&self.url(path), state, &self.params(), NOW).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn source(url: &str, params: &CollectParams) -> Arc<dyn Source> {
    let name = SourceName("s".into());
    let basics = SourceBasics { name, source_type: SourceType::News, channel: Channel::News, poll_every: None };
    build(&SourceParams::feed(basics, url), params).polled().unwrap()
}

async fn visit(url: &str, state: &SourceState, params: &CollectParams, now: Timestamp) -> Visit {
    let fetch = HttpFetch::new(params).unwrap();
    poll::visit(source(url, params).as_ref(), state, &fetch, params, now).await
}

fn new_state() -> SourceState {
    SourceState::new(SourceName("s".into()), NOW)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn gzip(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        encoder.write_all(bytes).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_twice() {
    let server = Server::start(|head| {
        if head.contains("if-none-match: \"v1\"") {
            answer("304 Not Modified", "", b"")
        } else {
            answer("200 OK", "ETag: \"v1\"\r\nCache-Control: max-age=3600\r\n", feed(&["つばめ電機"]).as_bytes())
        }
    })
    .await;
    let first = server.visit("/rss", &new_state()).await;
    assert_eq!(first.outcome, Outcome::Read(1));
    assert!(first.warm_up && first.state.next_due_at >= NOW + Span::hours(1));
    let second = server.visit("/rss", &first.state).await;
    assert_eq!(second.outcome, Outcome::NotModified);
    assert!(!second.warm_up && second.state.errors == 0);
    let asked = server.asked();
    assert!(!asked[0].contains("if-none-match") && asked[1].contains("if-none-match: \"v1\""));
    assert!(asked.iter().all(|head| head.contains("user-agent: hinomi/") && !head.contains("cookie")));
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let server = Server::start(|head| match head {
        h if h.starts_with("get /seconds") => answer("429 Too Many Requests", "Retry-After: 7200\r\n", b""),
        _ => answer("503 Service Unavailable", "Retry-After: Fri, 15 Jan 2027 10:00:00 GMT\r\n", b""),
    })
    .await;
    let visit = server.visit("/seconds", &new_state()).await;
    assert_eq!(visit.host_pause, Some(NOW + Span::hours(2)));
    assert!(visit.state.next_due_at >= NOW + Span::hours(2));
    let date = RetryAfter::At(Timestamp::parse_rfc3339("2027-01-15T10:00:00Z").unwrap());
    let limited = FetchError::RateLimited { status: 503, retry_after: Some(date) };
    assert_eq!(server.fetch("/date").await, Err(limited));
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let bomb = gzip(&vec![b' '; 1 << 20], 64);
    let server = Server::start(move |head| match head {
        h if h.starts_with("get /long") => answer("200 OK", "", &vec![b'x'; limits::BODY_BYTES + 1]),
        // 64 MB of spaces in a few kilobytes.
        _ => answer("200 OK", "Content-Encoding: gzip\r\n", &bomb),
    })
    .await;
    assert_eq!(server.fetch("/long").await, Err(FetchError::TooLarge));
    assert_eq!(server.fetch("/bomb").await, Err(FetchError::TooLarge));
}

#[tokio::test]
async fn a_compressed_page_is_read_and_a_torn_one_is_not() {
    let whole = gzip(feed(&["青空テレコム"]).as_bytes(), 1);
    let server = Server::start(move |head| match head {
        h if h.starts_with("get /gzip") => answer("200 OK", "Content-Encoding: gzip\r\n", &whole),
        _ => b"HTTP/1.1 200 OK\r\nETag: \"torn\"\r\nContent-Length: 5000\r\n\r\n<rss><channel><item><title>x".to_vec(),
    })
    .await;
    assert_eq!(server.visit("/gzip", &new_state()).await.outcome, Outcome::Read(1));
    let torn = server.visit("/torn", &new_state()).await;
    assert!(matches!(torn.outcome, Outcome::Failed(Failure::Fetch(FetchError::Transport(_)))), "{:?}", torn.outcome);
    assert_eq!(torn.state.etag, None);
}

#[tokio::test]
async fn no_redirection_leads_inside_or_in_a_circle_or_out_of_the_web() {
    let server = Server::start(|head| {
        let to = |place: &str| answer("302 Found", &format!("Location: {place}\r\n"), b"");
        match head.split(' ').nth(1).unwrap_or("") {
            "/metadata" => to("http://169.254.169.254/latest/meta-data/"),
            "/number" => to("http://2130706433/"),
            "/local" => to("http://localhost/"),
            "/file" => to("file:///etc/passwd"),
            "/port" => to("http://example.jp:22/"),
            "/a" => to("/b"),
            "/b" => to("/a"),
            deep => to(&format!("{deep}x")),
        }
    })
    .await;
    for path in ["/metadata", "/number", "/local", "/file", "/port", "/a", "/deep"] {
        let got = server.fetch(path).await;
        assert!(matches!(got, Err(FetchError::Refused(_))), "{path}: {got:?}");
    }
    assert!(server.asked().len() < 20);
}

#[tokio::test]
async fn without_an_exception_nobody_inside_is_asked() {
    let server = Server::start(|_| answer("200 OK", "", feed(&["x"]).as_bytes())).await;
    let visit = visit(&server.url("/rss"), &new_state(), &CollectParams::default(), NOW).await;
    assert!(matches!(visit.outcome, Outcome::Failed(Failure::Fetch(FetchError::Refused(_)))), "{:?}", visit.outcome);
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_permanent_new_address_is_reported_and_not_adopted() {
    let server = Server::start(|head| match head.split(' ').nth(1).unwrap_or("") {
        "/old" => answer("301 Moved Permanently", "Location: /new\r\n", b""),
        "/for-now" => answer("302 Found", "Location: /new\r\n", b""),
        _ => answer("200 OK", "", feed(&["x"]).as_bytes()),
    })
    .await;
    let moved = server.visit("/old", &new_state()).await;
    assert_eq!((moved.outcome, moved.moved_to), (Outcome::Read(1), Some(server.url("/new"))));
    assert_eq!(server.visit("/for-now", &new_state()).await.moved_to, None);
}

#[tokio::test]
async fn a_login_page_and_a_dead_feed_are_failures() {
    let server = Server::start(|head| match head.split(' ').nth(1).unwrap_or("") {
        "/login" => answer("200 OK", "Content-Type: text/html\r\n", "<!doctype html><html>ログイン</html>".as_bytes()),
        "/gone" => answer("410 Gone", "", b""),
        "/challenge" => answer("403 Forbidden", "cf-mitigated: challenge\r\n", b"<html>"),
        _ => answer("404 Not Found", "", b""),
    })
    .await;
    let login = server.visit("/login", &new_state()).await;
    assert_eq!(login.outcome, Outcome::Failed(Failure::Read(SourceError::WebPage)));
    assert!(server.visit("/gone", &new_state()).await.state.gone);
    assert_eq!(server.fetch("/challenge").await, Err(FetchError::Challenge(403)));
    assert_eq!(server.fetch("/nothing").await, Err(FetchError::Status(404)));
}

#[tokio::test]
async fn a_file_of_posts_is_read_on_from_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts.jsonl");
    let line = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"source\":\"x\",\"text\":\"つばめ電機\",\"collected_at\":\"2026-05-12T12:00:00Z\"}}\n"
        )
    };
    std::fs::write(&path, line("1") + &line("2")).unwrap();
    let params = CollectParams::default();
    let name = SourceName("s".into());
    let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None };
    let source = build(&SourceParams::jsonl(basics, &path), &params).polled().unwrap();
    let fetch = HttpFetch::new(&params).unwrap();
    let first = poll::visit(source.as_ref(), &new_state(), &fetch, &params, NOW).await;
    assert_eq!(first.outcome, Outcome::Read(2));
    let idle = poll::visit(source.as_ref(), &first.state, &fetch, &params, NOW).await;
    assert_eq!(idle.outcome, Outcome::NotModified);
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(line("3").as_bytes()).unwrap();
    let third = poll::visit(source.as_ref(), &idle.state, &fetch, &params, NOW).await;
    assert_eq!(third.posts.iter().map(|p| p.external_id.as_str()).collect::<Vec<_>>(), ["3"]);
    std::fs::write(&path, line("4")).unwrap();
    let fourth = poll::visit(source.as_ref(), &third.state, &fetch, &params, NOW).await;
    assert_eq!(fourth.posts.iter().map(|p| p.external_id.as_str()).collect::<Vec<_>>(), ["4"]);
}

#[tokio::test]
async fn nginx_sends_a_growing_feed_only_when_it_grew() {
    let nginx = Nginx::start("location = /dated.xml { etag off; }").await;
    let put = |name: &str, titles: &[&str], changed: u64| nginx.put(name, feed(titles).as_bytes(), changed);
    let visit = async |name: &str, state: &SourceState| visit(&nginx.url(name), state, &nginx.params(), NOW).await;
    for name in ["tagged.xml", "dated.xml"] {
        put(name, &["一"], 1_700_000_000);
        let first = visit(name, &new_state()).await;
        assert_eq!(first.outcome, Outcome::Read(1), "{name}");
        assert_eq!(first.state.etag.is_some(), name == "tagged.xml");
        assert!(first.state.last_modified.is_some());

        let same = visit(name, &first.state).await;
        assert_eq!(same.outcome, Outcome::NotModified, "{name}");

        put(name, &["二", "一"], 1_700_000_060);
        let grown = visit(name, &same.state).await;
        assert_eq!(grown.outcome, Outcome::Read(2), "{name}");
        assert_eq!(grown.posts[0].title.as_deref(), Some("二"));
        assert_eq!(grown.posts[1].external_id, first.posts[0].external_id);
        assert_ne!(grown.state.last_modified, first.state.last_modified);
        assert_eq!(visit(name, &grown.state).await.outcome, Outcome::NotModified, "{name}");
    }
    let missing = visit("missing.xml", &new_state()).await;
    assert_eq!(missing.outcome, Outcome::Failed(Failure::Fetch(FetchError::Status(404))));
}
