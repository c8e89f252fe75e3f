//! The binary, as a person or a script calls it.

use std::{
    path::Path,
    process::{Command, Output},
};

fn hinomi(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hinomi")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    text(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

const WATCHLIST: &str = r#"{"companies": [{"name": "みどり屋通販", "aliases": ["みどり屋通販", "みどり屋"]}]}"#;

/// Three people whose number only one company had are called by strangers, weeks apart.
fn calls() -> String {
    let told = [
        (
            "2026-01-05T10:00:00+09:00",
            "aya",
            "みどり屋通販にしか教えていない番号に、知らない会社から名指しで勧誘の電話が来た",
        ),
        (
            "2026-01-19T20:30:00+09:00",
            "ken",
            "化粧品の会社から急に電話。この番号はみどり屋通販にしか登録していないのに、名前まで呼ばれた",
        ),
        (
            "2026-02-02T21:10:00+09:00",
            "mio",
            "母の携帯に健康食品の営業電話。みどり屋でしか使っていない番号なのに。どこから漏れたの?",
        ),
    ];
    told.iter()
        .enumerate()
        .map(|(n, (at, author, text))| {
            serde_json::json!({
                "id": format!("p{n}"), "source": "sns", "source_type": "post", "author": author, "text": text,
                "published_at": at, "collected_at": at,
            })
            .to_string()
                + "\n"
        })
        .collect()
}

fn replay(folder: &Path, posts: &str, more: &[&str]) -> Output {
    let (input, watchlist) = (folder.join("posts.jsonl"), folder.join("watchlist.json"));
    std::fs::write(&input, posts).unwrap();
    std::fs::write(&watchlist, WATCHLIST).unwrap();
    let mut args = vec!["replay", "--input", input.to_str().unwrap(), "--watchlist", watchlist.to_str().unwrap()];
    args.extend(more);
    hinomi(&args)
}

#[test]
fn a_replay_hears_the_third_caller_and_gives_the_same_bytes_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = replay(folder.path(), &calls(), &["--json", "--mentions", "--exit-level"]);
    assert_eq!(text(&first.stderr), "");
    let rows = lines(&first);
    let opened = rows.iter().find(|r| r["level"].is_u64()).expect("an incident");
    assert_eq!(opened["company"], "みどり屋通販");
    assert_eq!(opened["category"], "leak");
    assert_eq!(opened["level"], 1);
    assert!(opened["at"].as_str().unwrap().starts_with("2026-02-02T21:1"), "{opened}");
    assert_eq!(rows.iter().filter(|r| r["mention"].is_object()).count(), 3);
    assert!(rows.iter().any(|r| r["mail"]["subject"].as_str().is_some_and(|s| s.starts_with("【注意・発生】"))));
    assert!(rows.last().unwrap()["summary"].is_object());
    assert_eq!(first.status.code(), Some(11));

    let second = replay(folder.path(), &calls(), &["--json", "--mentions", "--exit-level"]);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn a_row_that_cannot_be_read_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let posts = calls() + "{\"id\": 7}\n";
    let output = replay(folder.path(), &posts, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("posts.jsonl:4"), "{}", text(&output.stderr));
}

#[test]
fn two_companies_with_one_name_are_refused_and_both_named() {
    let folder = tempfile::tempdir().unwrap();
    let watchlist = folder.path().join("w.json");
    let two =
        r#"{"companies": [{"name": "青空テレコム", "aliases": ["青空"]}, {"name": "青空ペイ", "aliases": ["青空"]}]}"#;
    std::fs::write(&watchlist, two).unwrap();
    let input = folder.path().join("p.jsonl");
    std::fs::write(&input, calls()).unwrap();
    let output = hinomi(&["replay", "--input", input.to_str().unwrap(), "--watchlist", watchlist.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("青空テレコム") && said.contains("青空ペイ"), "{said}");
}

#[test]
fn the_demo_goes_from_feeds_to_mails_and_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    // Faster than for people. How high a story rises hangs on how fast this machine is, and is tested where time is an
    // argument; here it is the road that is tested.
    let output = hinomi(&["demo", "--exit", "--speed", "8000", "--out", out.to_str().unwrap()]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
    assert!(said.contains("◆ 注意・発生") && said.contains("架空の出来事と、気づいた時刻"), "{said}");

    let mails = std::fs::read_dir(out.join("mail")).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let of = |kind: &str| mails.iter().filter(|p| p.extension().is_some_and(|e| e == kind)).count();
    assert!(of("eml") >= 3 && of("eml") == of("html"), "{mails:?}");

    let db = out.join("hinomi.db");
    let ask = |question: &str, more: &[&str]| {
        let mut args = vec!["sql", "--db", db.to_str().unwrap(), question];
        args.extend(more);
        hinomi(&args)
    };
    let incidents = lines(&ask("select company, level, why from v_incidents", &["--json"]));
    assert!(incidents.iter().any(|i| i["company"] == "しらかば生命"), "{incidents:?}");
    let undelivered = lines(&ask("select sum(undelivered) as n from v_alerts", &["--json"]));
    assert_eq!(undelivered[0]["n"], 0);
    let head = text(&ask("select company, level_name from v_incidents", &["--csv"]).stdout);
    assert!(head.starts_with("company,level_name\n"), "{head}");
    let refused = ask("delete from mention", &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!text(&refused.stderr).is_empty());
}

#[test]
fn a_demo_that_is_interrupted_stops_at_once_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_hinomi"))
        .args(["demo", "--out", out.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Once history is being stored, somebody listens for the signal.
    let db = out.join("hinomi.db");
    let count = || text(&hinomi(&["sql", "--db", db.to_str().unwrap(), "select count(*) from v_mentions"]).stdout);
    while count().lines().nth(1).is_none_or(|n| n == "0") {
        assert!(demo.try_wait().unwrap().is_none(), "it ended by itself");
    }
    Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    let output = demo.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert!(text(&output.stdout).contains("途中で止めました"), "{}", text(&output.stdout));
}

#[test]
fn a_folder_that_is_not_a_demos_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    let output = hinomi(&["demo", "--exit", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(folder.path().join("thesis.txt")).unwrap(), b"precious");
}
