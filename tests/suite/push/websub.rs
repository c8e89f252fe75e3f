//! WebSub: a hub over real sockets, beside visits that bring nothing.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use hinomi::{
    app::service::{App, Notice, Openings, Ports, Setup},
    clock::SystemClock,
    collect::{
        SourceBasics,
        fetch::{Fetch, FetchError},
        source::{Place, Request, Response},
        sources::SourceParams,
    },
    model::post::{Channel, SourceName, SourceType},
};
use hmac::{Hmac, KeyInit, Mac};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

use crate::harness::{
    owing::{self, GRAVE},
    process::WATCHLIST,
};

const TOPIC: &str = "https://news.example.jp/rss";
const HUB: &str = "https://hub.example.jp/";
const PATIENCE: Duration = Duration::from_mins(1);

/// A feed that never has anything new and names a hub, and the letter box of that hub.
struct Calm(mpsc::UnboundedSender<(String, String)>);

#[async_trait]
impl Fetch for Calm {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let (Some(payload), Place::Web(hub)) = (&request.payload, &request.place) else {
            let body = feed("0", "今日はよい天気");
            return Ok(Response { status: 200, final_url: TOPIC.into(), body, ..Response::default() });
        };
        assert_eq!(payload.content_type, "application/x-www-form-urlencoded");
        self.0.send((hub.clone(), payload.body.expose().to_owned())).unwrap();
        Ok(Response { status: 202, ..Response::default() })
    }
}

fn feed(id: &str, text: &str) -> Vec<u8> {
    let links = format!("<a:link rel=\"hub\" href=\"{HUB}\"/><a:link rel=\"self\" href=\"{TOPIC}\"/>");
    format!("<rss version=\"2.0\" xmlns:a=\"http://www.w3.org/2005/Atom\"><channel>{links}<item><guid>{id}</guid><title>声</title><description>{text}</description></item></channel></rss>").into()
}

/// One request to Hinomi as a proxy hands it on: code and body.
async fn ask(at: SocketAddr, method: &'static str, path: String, head: String, body: Vec<u8>) -> (u16, String) {
    let asked = spawn_blocking(move || {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {at}\r\nContent-Length: {}\r\n{head}\r\n", body.len())
            .unwrap();
        stream.write_all(&body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    });
    asked.await.unwrap()
}

fn signed(secret: &str, body: &[u8]) -> String {
    let tag =
        Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize().into_bytes();
    let tag: Vec<String> = tag.iter().map(|b| format!("{b:02x}")).collect();
    format!("X-Hub-Signature: sha256={}\r\nContent-Type: application/rss+xml\r\n", tag.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_really_ours_brings_news_and_an_alert_and_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let (letters, mut sent) = mpsc::unbounded_channel();
    let (asked, mut forms) = mpsc::unbounded_channel();
    let ports = Ports {
        clock: Arc::new(SystemClock),
        fetch: Arc::new(Calm(asked)),
        notifier: Arc::new(owing::Letters(letters)),
        emergency: None,
    };
    let name = SourceName("news".into());
    let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None };
    let sources = vec![SourceParams::feed(basics, TOPIC)];
    let database = folder.path().join("hinomi.db");
    let setup = Setup { sources, ..owing::setup(&database, WATCHLIST, &["pr@aozora.example"]) };
    let (notices, mut heard) = mpsc::unbounded_channel();
    let mut app = App::build(setup, ports, Some(notices)).await.unwrap();
    app.start();
    let (opened, mut at) = mpsc::unbounded_channel();
    let web_sub = app.web_sub("https://hinomi.example.jp".into());
    let openings = Openings { listen: Some("127.0.0.1:0".parse().unwrap()), token: None, web_sub: Some(web_sub) };
    app.attend(openings, move |place| opened.send(place.unwrap()).unwrap());
    let at = at.recv().await.unwrap();
    // What stood there at the first visit is history; what comes after it is news.
    while !matches!(heard.recv().await.unwrap(), Notice::Visited { .. }) {}

    let (hub, form) = timeout(PATIENCE, forms.recv()).await.unwrap().unwrap();
    assert_eq!(hub, HUB);
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    assert_eq!((form["hub.mode"].as_str(), form["hub.topic"].as_str()), ("subscribe", TOPIC));
    let path = form["hub.callback"].strip_prefix("https://hinomi.example.jp").unwrap().to_owned();
    let secret = &form["hub.secret"];

    let get = |path: String| ask(at, "GET", path, String::new(), Vec::new());
    let intent = |mode: &str, topic: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("hub.mode", mode),
                ("hub.topic", topic),
                ("hub.challenge", "c&<1>"),
                ("hub.lease_seconds", "86400"),
            ])
            .finish();
        format!("{path}?{query}")
    };
    assert_eq!(get(intent("subscribe", TOPIC)).await, (200, "c&<1>".to_owned()));
    assert_eq!(get(intent("subscribe", "https://other.example.jp/rss")).await.0, 404);
    assert_eq!(get(intent("unsubscribe", TOPIC)).await.0, 404);
    assert_eq!(get(intent("denied", TOPIC)).await.0, 200);
    assert_eq!(get(path.clone()).await.0, 404);
    assert_eq!(get("/websub/00.00?hub.mode=subscribe&hub.challenge=x".into()).await.0, 404);

    let post = |path: &str, head: String, body: &[u8]| ask(at, "POST", path.to_owned(), head, body.to_vec());
    let news = feed("grave", GRAVE);
    // Answered as the standard wants, and dropped.
    for head in [String::new(), signed("wrong", &news), signed(secret, b"other words")] {
        assert_eq!(post(&path, head, &news).await.0, 202);
    }
    assert_eq!(post("/websub/00.00", signed(secret, &news), &news).await.0, 404);
    assert_eq!(post(&path, signed(secret, b"no feed"), b"no feed").await.0, 202);
    assert!(app.pipeline().store().ask("select * from post").await.unwrap().rows.is_empty());

    assert_eq!(post(&path, signed(secret, &news), &news).await.0, 202);
    let mail = timeout(PATIENCE, sent.recv()).await.expect("an alert in time");
    assert_eq!(mail.as_deref(), Some("pr@aozora.example"));
    let stored = app.pipeline().store().ask("select source, external_id from post").await.unwrap();
    assert_eq!(stored.rows.len(), 1, "{stored:?}");
    // The same news again change nothing.
    assert_eq!(post(&path, signed(secret, &news), &news).await.0, 202);
    assert_eq!(app.pipeline().store().ask("select * from post").await.unwrap().rows.len(), 1);
    app.stop(Duration::from_secs(5)).await.unwrap();
}
