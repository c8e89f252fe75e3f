//! What needs to reach behind the store: limits of the disk, migrations that break, settings of connections.

use std::path::Path;

use sqlx::{Row, migrate::Migrator};

use super::*;
use crate::{
    clock::IdGen,
    model::{
        mention::{Category, Fate, Mention, Polarity, Role, Stance},
        post::{Channel, Post, SourceName, SourceType},
        time::{Span, Timestamp},
        watch::CompanyName,
    },
};

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-11T12:00:00+09:00").unwrap()
}

fn judged(n: u32) -> Judged {
    let post = Post {
        source: SourceName("sns".into()),
        external_id: n.to_string(),
        source_type: SourceType::Post,
        channel: Channel::Sns,
        url: None,
        author: None,
        author_followers: None,
        title: None,
        text: "しらかば生命".repeat(400),
        published_at: Some(noon()),
        collected_at: noon(),
        reach: None,
        views: None,
        repost_of: None,
    };
    let mention = Mention {
        company: CompanyName("しらかば生命".into()),
        category: Category::LEAK,
        scores: [(Category::LEAK, 4.0)].into(),
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
        symptom: None,
        evidence: Vec::new(),
    };
    Judged {
        post,
        mentions: vec![(mention, Fate::Counted)],
        author_key: None,
        text_key: format!("text {n}"),
        post_hash: i64::from(n),
        unread: false,
    }
}

async fn store(params: &StoreParams) -> Store {
    Store::open(params).await.unwrap()
}

async fn number(store: &Store, question: &str) -> i64 {
    store.ask(question).await.unwrap().rows[0][0].as_i64().unwrap()
}

async fn ingest(store: &Store, posts: Vec<Judged>) -> Result<Ingested, StoreError> {
    let source = SourceName("sns".into());
    let batch = Ingest { covered: Some(true), posts, ..Ingest::of(&source, noon()) };
    store.ingest(&batch, &IdGen::default()).await
}

#[tokio::test]
async fn a_full_disk_stores_nothing_of_the_page_and_everything_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&StoreParams::at(folder.path().join("hinomi.db"))).await;
    let pages: i64 = sqlx::query("pragma page_count").fetch_one(&store.write).await.unwrap().get(0);
    sqlx::query(sqlx::AssertSqlSafe(format!("pragma max_page_count = {}", pages + 20)))
        .execute(&store.write)
        .await
        .unwrap();

    let page = || (0..50).map(judged).collect::<Vec<_>>();
    let refused = ingest(&store, page()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    for table in ["post", "mention", "hourly_count", "tally", "coverage"] {
        assert_eq!(number(&store, &format!("select count(*) from {table}")).await, 0, "{table}");
    }
    sqlx::query("pragma max_page_count = 1000000").execute(&store.write).await.unwrap();
    assert_eq!(ingest(&store, page()).await.unwrap().new, 50);
    assert_eq!(number(&store, "select count(*) from post").await, 50);
}

#[tokio::test]
async fn every_connection_has_the_settings_that_a_power_cut_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&StoreParams::at(folder.path().join("hinomi.db"))).await;
    let answer: String = sqlx::query(sqlite::WRITES).fetch_one(&store.write).await.unwrap().get(0);
    assert_eq!(answer, "wal 2 1 5000 0");
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut reader = store.read.acquire().await.unwrap();
        let answer: String = sqlx::query(sqlite::READS).fetch_one(&mut *reader).await.unwrap().get(0);
        assert_eq!(answer, "1 5000 0");
        assert!(sqlx::query("delete from post").execute(&mut *reader).await.is_err());
        held.push(reader);
    }
}

#[tokio::test]
async fn a_question_without_end_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&StoreParams::throwaway(folder.path().join("hinomi.db"))).await;
    let endless = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let ended = store.ask_file(endless, 3_000_000).await.unwrap_err().to_string();
    assert!(ended.contains("took too long"), "{ended}");
}

#[tokio::test]
async fn a_log_that_a_reader_has_kept_growing_is_folded_back() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::throwaway(folder.path().join("hinomi.db"));
    let store = store(&params).await;
    sqlx::query("pragma wal_autocheckpoint = 0").execute(&store.write).await.unwrap();
    ingest(&store, (0..200).map(judged).collect()).await.unwrap();
    let length = || std::fs::metadata(sqlite::wal(&params)).unwrap().len();
    let long = length();
    assert!(long > 400_000, "{long}");
    store.fold_log(long).await.unwrap();
    assert_eq!(length(), long, "what is not too long stays");
    store.fold_log(long - 1).await.unwrap();
    assert_eq!(length(), 0);
}

/// The migrations of this program, and one more.
async fn with_another(folder: &Path, text: &str) -> Migrator {
    let migrations = folder.join("migrations");
    std::fs::create_dir(&migrations).unwrap();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), migrations.join(file.file_name())).unwrap();
        }
    }
    std::fs::write(migrations.join("9999_broken.sql"), text).unwrap();
    Migrator::new(migrations).await.unwrap()
}

#[tokio::test]
async fn a_migration_that_breaks_half_way_leaves_the_database_as_it_was_and_a_copy_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::at(folder.path().join("hinomi.db"));
    let before = store(&params).await;
    ingest(&before, vec![judged(1)]).await.unwrap();
    before.close().await;

    let broken = with_another(folder.path(), "create table half (id bigint); insert into nowhere values (1);").await;
    let refused = Store::open_with(&params, &broken).await.unwrap_err().to_string();
    assert!(refused.contains("could not be brought up to date"), "{refused}");

    // The old program still starts, and nothing of the new one is there.
    let after = store(&params).await;
    assert_eq!(number(&after, "select count(*) from sqlite_master where name = 'half'").await, 0);
    assert_eq!(number(&after, "select count(*) from post").await, 1);
    let newest = schema::newest(&schema::MIGRATOR);
    let copy =
        Store::open_to_read(&StoreParams::at(params.path.with_extension(format!("schema-{newest:04}.db")))).await;
    assert_eq!(number(&copy.unwrap(), "select count(*) from post").await, 1);
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::at(folder.path().join("hinomi.db"));
    let newer = with_another(folder.path(), "create table tomorrow (id bigint);").await;
    Store::open_with(&params, &newer).await.unwrap().close().await;
    let bytes = std::fs::read(&params.path).unwrap();

    let refused = Store::open(&params).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 9999, .. }), "{refused:?}");
    assert!(refused.to_string().contains(&schema::newest(&schema::MIGRATOR).to_string()), "{refused}");
    assert_eq!(std::fs::read(&params.path).unwrap(), bytes);
    // A database may be asked all the same.
    assert!(matches!(Store::check(&params).await, Err(StoreError::Newer { .. })));
}

#[test]
fn nothing_begins_a_transaction_but_by_the_dialect() {
    let room = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store"));
    let mut files = 0;
    for file in std::fs::read_dir(room).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "tests.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        files += 1;
        // A deferred transaction that turns into a writing one fails at once, whatever the busy timeout.
        assert!(!text.contains(".begin().await") || name == "transaction.rs", "{name} begins by itself");
        for line in text.lines().filter(|l| l.contains("begin_with(")) {
            let right = line.contains("engine().begin()") || line.contains("\"begin read only\"");
            assert!(right, "{name}: {line}");
        }
    }
    assert!(files > 15, "only {files} files were looked at");
    assert_eq!(Engine::Sqlite.begin(), "begin immediate");
}

#[tokio::test]
async fn a_company_that_joins_later_has_no_past() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&StoreParams::throwaway(folder.path().join("hinomi.db"))).await;
    let (first, later) = (CompanyName("青空テレコム".into()), CompanyName("しらかば生命".into()));
    let watched = store.watch(std::slice::from_ref(&first), noon() - Span::days(9)).await.unwrap();
    assert!(!watched[&first].joined);
    let both = [first.clone(), later.clone()];
    let joined = noon() + Span::minutes(1);
    let watched = store.watch(&both, joined).await.unwrap();
    assert_eq!(watched[&later], Watched { at: joined, joined: true });
    assert_eq!(store.watch(&both, noon() + Span::days(1)).await.unwrap(), watched, "again changes nothing");

    ingest(&store, vec![judged(1)]).await.unwrap();
    let fate = store.ask("select fate from v_mentions").await.unwrap().rows[0][0].clone();
    assert_eq!(fate, "warm_up", "published a minute before the company joined");

    // Who leaves the list and comes back was not watched in between.
    store.watch(std::slice::from_ref(&first), joined).await.unwrap();
    let back = store.watch(&both, noon() + Span::days(2)).await.unwrap();
    assert_eq!(back[&later].at, noon() + Span::days(2));
}
