//! Bad days of a database file: damaged, taken, locked, shut, of yesterday.

use std::{
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use hinomi::{
    model::{ids::MentionId, time::Span},
    store::{Store, StoreError, StoreParams},
};
use sqlx::{AnyConnection, Connection, Executor};

use crate::harness::store::{ServerDatabase, TestStore, judged, noon};

/// A database as a program before this one left it.
async fn old_database(path: &Path) {
    sqlx::any::install_default_drivers();
    let text = include_str!("../../fixtures/databases/schema-0005.sql");
    let mut c = AnyConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    c.execute(text).await.unwrap();
    c.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_version_before_keeps_its_incidents_and_owes_no_mail_again() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::at(folder.path().join("hinomi.db"));
    old_database(&params.path).await;
    let store = Store::open(&params).await.unwrap();
    let number = async |question: &str| store.ask(question).await.unwrap().rows[0][0].as_i64().unwrap();
    assert_eq!(number("select count(*) from v_incidents").await, 4);
    assert_eq!(number("select count(*) from v_alerts where undelivered > 0").await, 0);
    assert_eq!(store.live_incidents(noon() - Span::days(60)).await.unwrap().len(), 4);
    assert_eq!(store.owed().await.unwrap(), 0);
    let much_later = noon() + Span::days(400);
    assert!(store.lease_deliveries(much_later, Span::minutes(5), 10).await.unwrap().is_empty());
    assert!(store.detected_upto().await.unwrap() > MentionId(0));
    assert!(number("select count(*) from v_mentions").await >= 20);
    // The copy from before the upgrade is as it was, and as private.
    let copy = folder.path().join("hinomi.schema-0005.db");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let health = Store::check(&StoreParams::at(copy)).await.unwrap();
    assert_eq!((health.schema, health.rows[2]), (5, ("incident", 4)));
}

#[tokio::test]
async fn a_damaged_file_is_refused_with_what_to_do_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::at(folder.path().join("hinomi.db"));
    let store = Store::open(&params).await.unwrap();
    let t = TestStore::new().await;
    drop(t);
    store.close().await;
    let sound = std::fs::read(&params.path).unwrap();
    let page = 4096;
    let mut zeroed = sound.clone();
    zeroed[3 * page..5 * page].fill(0);
    let mut garbled = sound.clone();
    garbled[page..2 * page].iter_mut().for_each(|b| *b ^= 0x5a);
    let cases = [
        ("cut off in the middle", sound[..sound.len() / 2].to_vec()),
        ("two pages of zeros", zeroed),
        ("a garbled page", garbled),
        ("no database at all", b"not a database, but long enough to be one".repeat(200)),
    ];
    for (what, bytes) in cases {
        std::fs::write(&params.path, &bytes).unwrap();
        let refused = Store::open(&params).await.unwrap_err();
        assert!(matches!(refused, StoreError::Damaged { .. }), "{what}: {refused:?}");
        for said in [refused.to_string(), refused.ja()] {
            assert!(said.contains("hinomi.db") && said.contains("hinomi db backup"), "{what}: {said}");
        }
        assert_eq!(std::fs::read(&params.path).unwrap(), bytes, "{what}: the file was touched");
    }
    std::fs::write(&params.path, &sound).unwrap();
    Store::open(&params).await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_program_is_not_ours_to_fill() {
    let folder = tempfile::tempdir().unwrap();
    let params = StoreParams::at(folder.path().join("theirs.db"));
    sqlx::any::install_default_drivers();
    let mut c = AnyConnection::connect(&format!("sqlite://{}?mode=rwc", params.path.display())).await.unwrap();
    c.execute("create table recipe (id bigint)").await.unwrap();
    c.close().await.unwrap();
    let refused = Store::open(&params).await.unwrap_err();
    assert!(matches!(refused, StoreError::Foreign(_)), "{refused:?}");
}

/// Longer than SQLite itself waits for a lock.
const LOCKED: &str = "
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute('begin exclusive')
print('held', flush=True)
time.sleep(7)
c.execute('rollback')
";

#[tokio::test]
async fn a_page_waits_for_another_program_that_holds_the_database_and_is_stored_once() {
    let t = TestStore::new().await;
    let mut other = Command::new("python3")
        .args(["-c", LOCKED, t.params.path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed: apt-get install python3");
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let stored = t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
    assert_eq!(stored.new, 1);
    assert!(other.wait().unwrap().success(), "the other program was still at it");
    assert_eq!(t.number("select sum(posts) from v_fates").await, 1);
}

const SETTINGS: &str = r#"
[[source]]
name = "sns"
kind = "jsonl"
path = "posts.jsonl"
source_type = "post"

[mail]
from = "hinomi@example.jp"
[mail.smtp]
host = "127.0.0.1"
tls = "none"
[recipients]
pr = ["pr@example.jp"]
[alert]
default = ["pr"]
"#;

/// `hinomi run` in `folder` as an ordinary user, also where the tests run as root.
fn run_in(folder: &Path) -> Command {
    std::fs::write(folder.join("hinomi.toml"), SETTINGS).unwrap();
    std::fs::write(folder.join("watchlist.toml"), "[[company]]\nname = \"しらかば生命\"\n").unwrap();
    std::fs::write(folder.join("posts.jsonl"), "").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
    command.args(["--lang", "en", "--config"]).arg(folder.join("hinomi.toml")).arg("run");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_folder_that_is_shut_is_named_with_the_user_it_is_shut_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = run_in(folder.path());
    if is_root() {
        // Nothing is shut for root. The binary must stay in reach, so only the folder of the data is closed.
        command.uid(65534);
    }
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let output = command.output().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(folder.path().to_str().unwrap()), "{said}");
    assert!(said.contains("by user 65534") || !is_root(), "{said}");
    assert!(!folder.path().join("hinomi.db").exists());
}

#[test]
fn a_second_hinomi_names_the_first_and_a_killed_one_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let mut child = run_in(folder.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains("Watching 1"), "{line}");
        child
    };
    let mut first = start();
    let second = run_in(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("process {} on ", first.id())) && said.contains("since 20"), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    let mut third = start();
    third.kill().unwrap();
    third.wait().unwrap();
}

#[tokio::test]
async fn two_machines_cannot_both_work_on_one_server() {
    let Some(database) = ServerDatabase::new().await else {
        println!("HINOMI_TEST_POSTGRES names no server");
        return;
    };
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let on_server = |folder: &Path| {
        let mut command = run_in(folder);
        let settings = format!("[store]\nurl_env = \"TOWER_URL\"\n{SETTINGS}");
        std::fs::write(folder.join("hinomi.toml"), settings).unwrap();
        command.env("TOWER_URL", database.address.expose());
        command
    };
    let start = |folder: &Path| {
        let mut child = on_server(folder).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Watching 1"), "{line}");
        child
    };
    let mut first = start(here.path());
    assert!(here.path().join("hinomi.key").exists() && !here.path().join("hinomi.db").exists());
    let second = on_server(there.path()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("process {} on ", first.id())) && said.contains(" since 20"), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    let mut third = start(there.path());
    third.kill().unwrap();
    third.wait().unwrap();
}

fn db(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
    command.args(["--lang", "en", "db", "--db"]).arg(folder.join("hinomi.db")).args(args);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_copy_is_made_while_hinomi_works_and_is_whole_private_and_never_over_another() {
    let t = TestStore::new().await;
    let folder = t.folder.path();
    t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
    let to = folder.join("it's a copy.db");
    let to_text = to.to_str().unwrap();
    let (code, said, wrong) = db(folder, &["backup", "--to", to_text]);
    assert_eq!(code, Some(0), "{wrong}");
    assert!(said.contains(to_text) && said.contains("verified") && said.contains("posts 1"), "{said}");
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = Store::open_to_read(&StoreParams::at(&to)).await.unwrap();
    assert_eq!(copy.ask("select text from v_mentions").await.unwrap().rows[0][0], "不正利用の連絡が来た");

    // The writer was not in the way and goes on.
    t.ingest(vec![judged("2", "aoi", "カードが使われた", 1)]).await;
    let before = std::fs::read(&to).unwrap();
    let (code, _, wrong) = db(folder, &["backup", "--to", to_text]);
    assert_eq!(code, Some(1));
    assert!(wrong.contains("is there already"), "{wrong}");
    assert_eq!(std::fs::read(&to).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".part")), "{left:?}");

    let (code, said, _) = db(folder, &["check", "--json"]);
    assert_eq!(code, Some(0));
    let check: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((check["check"]["ok"].as_bool(), check["check"]["rows"]["post"].as_i64()), (Some(true), Some(2)));
}

#[test]
fn a_damaged_database_makes_the_check_fail() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hinomi.db"), "no database".repeat(999)).unwrap();
    let (code, said, wrong) = db(folder.path(), &["check"]);
    assert_eq!(code, Some(3), "{said}{wrong}");
    assert!(said.contains("damaged"), "{said}");
}

#[test]
fn a_server_is_copied_with_its_own_tool_and_its_password_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("hinomi.toml");
    std::fs::write(&config, "[store]\nurl_env = \"TOWER_URL\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hinomi"))
        .args(["--config", config.to_str().unwrap(), "db", "backup"])
        .env("TOWER_URL", "postgres://tower:hunter2@db.example/hinomi")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("pg_dump --format=custom") && said.contains("hinomi@db.example"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
