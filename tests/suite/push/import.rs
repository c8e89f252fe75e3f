//! `hinomi import`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::{hinomi, line, open_place, sql};
use crate::harness::{
    owing::GRAVE,
    process::{Place, Running, config},
};

fn import(place: &Place, more: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let (config, folder) = (place.path("hinomi.toml"), place.folder.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
    command.current_dir(folder).env_remove("FAILPOINTS");
    let output =
        command.args(["import", "--lang", "en", "--json", "--config"]).arg(config).args(more).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let rows = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    (output.status.code(), rows, String::from_utf8(output.stderr).unwrap())
}

fn sum(rows: &[Value]) -> &Value {
    &rows.last().unwrap()["summary"]
}

#[test]
fn a_file_is_taken_in_before_the_first_start_and_again_changes_nothing() {
    let place = Place::new();
    let body = line("1", "aya", GRAVE)
        + "rubbish\n\n"
        + &line("2", "ken", "今日はよい天気")
        + &line("3", "mio", "x").replace("vendor", "voices");
    place.write("old.jsonl", &body);
    let (code, rows, log) = import(&place, &["old.jsonl"]);
    assert_eq!(code, Some(3), "{rows:?} {log}");
    let said = sum(&rows);
    assert_eq!(
        (&said["accepted"], &said["new"], &said["history"], &said["refused"]),
        (&2.into(), &2.into(), &2.into(), &2.into())
    );
    let refused: Vec<u64> = rows.iter().filter_map(|r| r["refused"]["line"].as_u64()).collect();
    assert_eq!(refused, [2, 5]);
    assert_eq!(sum(&import(&place, &["old.jsonl"]).1)["duplicates"], 2);
    // It taught, and raised nothing.
    let mut running = place.start("");
    running.until("/metrics", |a| {
        crate::harness::process::sample(&a.body, "hinomi_detector_lag_seconds").is_some_and(|l| l < 60.0)
    });
    assert_eq!(sql(&place, "select fate from v_mentions")[0]["fate"], "warm_up");
    assert!(sql(&place, "select * from v_incidents").is_empty());
}

#[test]
fn what_is_imported_as_live_raises_an_alert_when_hinomi_starts() {
    let place = Place::new();
    place.write("new.jsonl", &line("g", "aya", GRAVE));
    assert_eq!(import(&place, &["--live", "new.jsonl"]).0, Some(0));
    let mut running = Running::of(&mut place.command());
    running.wait_for("HN-0001");
}

#[test]
fn while_hinomi_runs_it_is_handed_over_also_without_a_configured_token() {
    let place = Place::new();
    let mut running = place.start("");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    // The second line is refused by the one that runs: the note beside the database names no such source.
    packed.write_all((line("1", "aya", "青空テレコムの料金") + "[]\n" + &line("g", "ken", GRAVE)).as_bytes()).unwrap();
    std::fs::write(place.path("new.jsonl.gz"), packed.finish().unwrap()).unwrap();
    let (code, rows, log) = import(&place, &["--live", "new.jsonl.gz"]);
    assert_eq!(code, Some(3), "{rows:?} {log}");
    let said = sum(&rows);
    assert_eq!(
        (&said["new"], &said["refused"], &said["handed_over"]),
        (&2.into(), &1.into(), &true.into()),
        "{rows:?}"
    );
    assert_eq!(rows[0]["refused"]["line"], 2);
    running.wait_for("HN-0001");
    // The word of the house is of no use to strangers, and goes with the program.
    assert_eq!(running.bring("", "", b"{}").code, 404);
    assert!(place.path("hinomi.door").exists());
    running.signal("TERM");
    assert!(running.end().0.success());
    assert!(!place.path("hinomi.door").exists());
}

#[test]
fn a_hinomi_that_listens_nowhere_is_named_with_what_to_do() {
    let place = Place::with(&config(9).replace("127.0.0.1:0", "off"));
    place.write("new.jsonl", &line("1", "aya", GRAVE));
    let mut running = Running::of(&mut place.command());
    running.wait_for("Watching 1 companies");
    let (code, _, log) = import(&place, &["new.jsonl"]);
    assert_eq!(code, Some(1));
    assert!(log.contains("is in use by another Hinomi") && log.contains("listen"), "{log}");
}

#[test]
fn standard_input_another_name_and_mistakes_in_files() {
    let place = open_place();
    let config = place.path("hinomi.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hinomi"))
        .args(["import", "--config", config.to_str().unwrap(), "--source", "集めたもの", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(line("1", "aya", "青空テレコムの料金").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("取り込み 1件（新規 1"));
    assert_eq!(sql(&place, "select source from post")[0]["source"], "集めたもの");

    let (code, rows, log) = import(&place, &["not-there.jsonl"]);
    assert_eq!((code, &sum(&rows)["accepted"]), (Some(1), &0.into()));
    assert!(log.contains("not-there.jsonl"), "{log}");
    // What came before the place where a file was cut off is stored.
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    for n in 0..50 {
        packed.write_all(line(&format!("c{n}"), "aya", "今日はよい天気").as_bytes()).unwrap();
    }
    let packed = packed.finish().unwrap();
    std::fs::write(place.path("cut.gz"), &packed[..packed.len() / 2]).unwrap();
    let (code, rows, log) = import(&place, &["cut.gz"]);
    assert_eq!(code, Some(1), "{log}");
    assert!(sum(&rows)["new"].as_u64().unwrap() > 10, "{rows:?}");
    assert_eq!(hinomi(&["import", "--config", "/nowhere/hinomi.toml", "x"]).status.code(), Some(2));
    assert_eq!(hinomi(&["import"]).status.code(), Some(2));
}
