//! A store that goes away, on every database at hand, and posts to put into it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use hinomi::{
    clock::IdGen,
    model::{
        mention::{Category, Evidence, Fate, Mention, Polarity, Role, Stance},
        post::{Channel, Post, SourceName, SourceType},
        secret::Secret,
        time::{Span, Timestamp},
        watch::CompanyName,
    },
    store::{Ingest, Ingested, Judged, Store, StoreParams},
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use url::Url;

/// The server on which the tests may make databases of their own; `tests/run` starts one.
const SERVER: &str = "HINOMI_TEST_POSTGRES";

/// A store that goes away with the test.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) ids: IdGen,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) params: StoreParams,
    _database: Option<ServerDatabase>,
}

impl TestStore {
    /// In a file.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let params = StoreParams::throwaway(folder.path().join("hinomi.db"));
        Self::open(folder, params, None).await
    }

    /// One on every database at hand: a file always, a server where one is named.
    pub(crate) async fn all() -> Vec<Self> {
        let mut stores = vec![Self::new().await];
        if let Some(database) = ServerDatabase::new().await {
            let folder = tempfile::tempdir().unwrap();
            let server = Some(database.address.clone());
            let params = StoreParams { server, ..StoreParams::throwaway(folder.path().join("hinomi.db")) };
            stores.push(Self::open(folder, params, Some(database)).await);
        }
        println!("databases at hand: {}", stores.iter().map(|t| t.params.shown()).collect::<Vec<_>>().join(", "));
        stores
    }

    async fn open(folder: tempfile::TempDir, params: StoreParams, database: Option<ServerDatabase>) -> Self {
        let store = Store::open(&params).await.unwrap();
        Self { store, ids: IdGen::default(), folder, params, _database: database }
    }

    pub(crate) async fn ingest(&self, posts: Vec<Judged>) -> Ingested {
        let now = posts.iter().map(|j| j.post.collected_at).max().unwrap();
        let source = SourceName("sns".into());
        let batch = Ingest { covered: Some(true), posts, ..Ingest::of(&source, now) };
        self.store.ingest(&batch, &self.ids).await.unwrap()
    }

    /// First column of the first row.
    pub(crate) async fn number(&self, question: &str) -> i64 {
        self.store.ask(question).await.unwrap().rows[0][0].as_i64().unwrap()
    }

    /// First column of all rows, joined.
    pub(crate) async fn words(&self, question: &str) -> String {
        let answer = self.store.ask(question).await.unwrap();
        answer.rows.iter().map(|r| r[0].as_str().unwrap_or("?")).collect::<Vec<_>>().join(" ")
    }
}

/// A database of its own on the server of the tests.
pub(crate) struct ServerDatabase {
    pub(crate) address: Secret,
    name: String,
    server: String,
}

impl ServerDatabase {
    /// `None` where no server is named.
    #[expect(clippy::disallowed_methods, reason = "the runner of the tests names the server")]
    pub(crate) async fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var(SERVER).ok().filter(|s| !s.is_empty())?;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("hinomi_{}_{number}", std::process::id());
        run(&server, format!("create database {name} template template0 encoding 'UTF8'")).await;
        let mut address = Url::parse(&server).unwrap();
        address.set_path(&name);
        Some(Self { address: Secret::new(address.as_str()), name, server })
    }
}

impl Drop for ServerDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A test is asynchronous and dropping is not.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&server, format!("drop database {name} with (force)")));
        });
        dropped.join().unwrap_or_default();
    }
}

/// One statement on a server.
pub(crate) async fn run(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.unwrap_or_else(|e| panic!("{SERVER}: {e}"));
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap()
}

/// A critical post about しらかば生命, `minutes` after noon.
pub(crate) fn judged(id: &str, author: &str, text: &str, minutes: i64) -> Judged {
    let at = noon() + Span::minutes(minutes);
    let evidence = Evidence {
        category: Category::LEAK,
        start: 0,
        end: 2,
        surface: text.chars().take(2).collect(),
        weight: 4.0,
        why: "漏えいの訴え".into(),
        in_title: false,
    };
    let mention = Mention {
        company: CompanyName("しらかば生命".into()),
        category: Category::LEAK,
        scores: BTreeMap::from([(Category::LEAK, 4.0)]),
        complaint: false,
        leak: true,
        alert_worthy: true,
        role: Role::Accused,
        polarity: Polarity::Negative,
        stance: Stance::Firsthand,
        retrospective: false,
        affected_count: None,
        complaint_score: 0.0,
        leak_score: 4.0,
        grave: None,
        symptom: Some("不正利用".into()),
        evidence: vec![evidence],
    };
    Judged {
        post: Post {
            source: SourceName("sns".into()),
            external_id: id.into(),
            source_type: SourceType::Post,
            channel: Channel::Sns,
            url: Some(format!("https://sns.example/{id}")),
            author: Some(author.into()),
            author_followers: Some(214),
            title: None,
            text: text.into(),
            published_at: Some(at),
            collected_at: at,
            reach: None,
            views: None,
            repost_of: None,
        },
        mentions: vec![(mention, Fate::Counted)],
        author_key: Some(format!("key of {author}")),
        text_key: format!("key of {text}"),
        post_hash: id.bytes().fold(7, |h, b| h * 31 + i64::from(b)),
        unread: false,
    }
}
