//! Places that speak by themselves, over real connections that break: what a journal says happened is what is stored.

mod server;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hinomi::{
    app::service::{App, Ports},
    clock::FastClock,
    collect::{
        CollectParams, SourceBasics,
        fetch::{Fetch, FetchError, HttpFetch},
        kind::{Field, Fields},
        source::{Request, Response},
        sources::{SourceParams, bluesky},
        stream::{Broken, Hello, Line},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        time::{Span, Timestamp},
    },
    store::Store,
};

use self::server::{Fault, Journal, Server, moment};
use crate::harness::owing;

const WATCHLIST: &str = r#"
[[company]]
name = "青空テレコム"
aliases = ["青空テレコム"]
recipients = ["pr-duty"]
"#;

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-20T12:00:00+09:00").unwrap()
}

/// Does not wait a minute for a word.
struct Hurried(HttpFetch);

#[async_trait]
impl Fetch for Hurried {
    async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        self.0.fetch(request).await
    }

    async fn listen(&self, hello: &Hello) -> Result<Box<dyn Line>, Broken> {
        let silence = hello.silence.map(|_| Span::from_millis(400));
        self.0.listen(&Hello { silence, ..hello.clone() }).await
    }
}

/// A Hinomi that listens to the server; its minutes are seconds, as far as it is not about lines.
async fn listener(folder: &std::path::Path, server: &Server) -> App {
    let basics = SourceBasics {
        name: SourceName("bluesky".into()),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        poll_every: None,
    };
    let hosts = Field::Texts(vec![format!("ws://{}", server.at)]);
    let source = SourceParams { basics, kind: &bluesky::KIND, fields: Fields::default().with("hosts", hosts) };
    let collect = CollectParams { allow: vec![server.at.to_string()], ..CollectParams::default() };
    let clock = FastClock::new(noon(), noon() + Span::days(30), 60.0);
    clock.start();
    let fetch = Arc::new(Hurried(HttpFetch::new(&collect).unwrap()));
    let ports = Ports { clock: Arc::new(clock), fetch, ..owing::ports(noon()).0 };
    let mut setup = owing::setup(&folder.join("hinomi.db"), WATCHLIST, &["a@aozora.example"]);
    (setup.sources, setup.collect) = (vec![source], collect);
    let mut app = App::build(setup, ports, None).await.unwrap();
    app.start();
    app
}

async fn number(store: &Store, question: &str) -> i64 {
    store.ask(question).await.unwrap().rows[0][0].as_i64().unwrap()
}

async fn words(store: &Store, question: &str) -> Vec<String> {
    let rows = store.ask(question).await.unwrap().rows;
    rows.iter().map(|r| r[0].as_str().unwrap_or("?").to_owned()).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test has no longer to wait than this")]
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is true: who wrote what about us, and what was taken back.
#[derive(Default)]
struct Truth {
    about_us: BTreeSet<String>,
    taken_back: BTreeSet<String>,
}

/// Three hundred posts of half a minute, a quarter of them about us, some of them taken back.
fn history(journal: &Journal) -> Truth {
    let (start, mut truth) = (noon() - Span::minutes(10), Truth::default());
    for n in 0..300 {
        let (at, did, rkey) = (moment(start, n), format!("did:plc:author{:02}", n % 40), format!("r{n}"));
        let id = format!("{did}/app.bsky.feed.post/{rkey}");
        let text = match n % 4 {
            0 => format!("青空テレコムの窓口がつながらない、{n}回目"),
            1 => format!("hello world {n} \u{1f525}"),
            2 => format!("今日の電車は{n}分遅れ"),
            _ => format!("テレコムの話 {n}"),
        };
        journal.write(at, &did, &rkey, "create", &text);
        if n % 4 == 0 {
            truth.about_us.insert(id.clone());
        }
        if n % 24 == 0 {
            journal.delete(moment(start, n + 9), &did, &rkey);
            truth.taken_back.insert(id);
        }
    }
    journal.end_account(moment(start, 301), "did:plc:author04");
    truth.taken_back.extend(truth.about_us.iter().filter(|id| id.starts_with("did:plc:author04/")).cloned());
    journal.frames.lock().unwrap().sort_by_key(|(at, _)| *at);
    truth
}

#[tokio::test]
async fn lines_that_break_in_every_way_and_a_restart_lose_nothing_and_double_nothing() {
    let journal = Arc::new(Journal::default());
    let truth = history(&journal);
    let faults = vec![
        Fault::Cut(60),
        Fault::Muddle(80),
        Fault::Stall(70),
        Fault::Half(90),
        Fault::Cut(0),
        Fault::Huge(100),
        Fault::Muddle(110),
        Fault::None,
    ];
    let breaks = faults.len() - 1;
    let server = Server::start(Arc::clone(&journal), faults).await;
    let folder = tempfile::tempdir().unwrap();
    let mut app = listener(folder.path(), &server).await;
    until("half of the faults", async || server.calls() > breaks / 2).await;
    app.stop(Duration::from_secs(10)).await.unwrap();
    app = listener(folder.path(), &server).await;
    let store = app.pipeline().store();
    let stored = "select count(*) from post";
    until("the last call", async || server.calls() > breaks).await;
    let expected = i64::try_from(truth.about_us.len()).unwrap();
    until("all posts", async || number(store, stored).await >= expected).await;
    let gone = "select external_id from post where withdrawn_at is not null";
    until("all that was taken back", async || words(store, gone).await.len() >= truth.taken_back.len()).await;

    let ids: Vec<String> = words(store, "select external_id from post").await;
    assert_eq!(ids.len(), truth.about_us.len());
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), truth.about_us);
    assert_eq!(words(store, gone).await.into_iter().collect::<BTreeSet<_>>(), truth.taken_back);
    assert_eq!(number(store, "select count(*) from post where withdrawn_at is not null and body <> ''").await, 0);
    assert_eq!(number(store, "select count(*) from mention").await, expected, "one post is one mention");
    // What is about nobody is counted and leaves no row.
    assert!(number(store, "select sum(posts) from tally where fate = 'not_about_us'").await >= 225);
    assert_eq!(number(store, "select count(*) from seen").await, 0);
    let well = async || {
        let state = &store.source_states().await.unwrap()[0];
        (state.errors, state.last_error.as_deref()) == (0, None)
    };
    until("a line that stands", well).await;
    assert!(number(store, "select sum(ok) from coverage").await > 0);
    assert!(number(store, "select sum(failed) from coverage").await >= 5, "each loss is known");
    app.stop(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_place_that_is_too_old_is_given_up_and_the_hole_is_told() {
    let journal = Arc::new(Journal::default());
    history(&journal);
    let server = Server::start(Arc::clone(&journal), vec![Fault::Cut(50), Fault::TooOld, Fault::None]).await;
    let folder = tempfile::tempdir().unwrap();
    let app = listener(folder.path(), &server).await;
    let store = app.pipeline().store();
    until("the third call", async || server.calls() == 3).await;
    until("all posts", async || number(store, "select count(*) from post").await == 75).await;
    let paths = server.paths.lock().unwrap().clone();
    assert!(paths[1].contains("cursor=") && !paths[2].contains("cursor="), "{paths:?}");
    let told = store.source_states().await.unwrap()[0].last_error.clone().unwrap();
    assert!(told.contains("posts were lost since 2026-11-20T12:0") && told.contains("CursorTooOld"), "{told}");
    app.stop(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_speak_the_newer_dialect_is_asked_in_the_older() {
    let journal = Arc::new(Journal::default());
    let server = Server::start(Arc::clone(&journal), vec![Fault::OldServer, Fault::None]).await;
    let folder = tempfile::tempdir().unwrap();
    let app = listener(folder.path(), &server).await;
    until("the second call", async || server.paths.lock().unwrap().len() == 2).await;
    let paths = server.paths.lock().unwrap().clone();
    assert!(paths[0].starts_with("/xrpc/") && paths[1].starts_with("/subscribe?wantedCollections="), "{paths:?}");
    app.stop(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn what_is_written_while_the_line_is_open_is_stored_within_seconds_also_its_edits() {
    let journal = Arc::new(Journal::default());
    let server = Server::start(Arc::clone(&journal), vec![Fault::None]).await;
    let folder = tempfile::tempdir().unwrap();
    let app = listener(folder.path(), &server).await;
    let store = app.pipeline().store();
    until("a call", async || server.calls() == 1).await;
    journal.write(noon(), "did:plc:aya", "1", "create", "青空テレコムの店員さんが親切だった");
    until("the post", async || number(store, "select count(*) from post").await == 1).await;
    journal.write(noon() + Span::seconds(1), "did:plc:aya", "1", "update", "青空テレコムの店員さん、名前は忘れた");
    let edited = "select count(*) from post where edited_at is not null and body like '%忘れた'";
    until("its edit", async || number(store, edited).await == 1).await;
    app.stop(Duration::from_secs(10)).await.unwrap();
}
