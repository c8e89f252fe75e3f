//! `hinomi check` as a person types it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const GOOD: &str = r#"
[[source]]
name = "news"
kind = "feed"
url = "http://192.0.2.1/never-asked.xml"
source_type = "news"
[mail]
from = "hinomi@example.jp"
[mail.smtp]
host = "192.0.2.2"
username = "hinomi"
password_file = "pw"
[recipients]
pr-duty = ["pr@example.jp"]
[alert]
default = ["pr-duty"]
"#;
const NAMES: &str = "[[company]]\nname = \"しらかば生命\"\nexclude = [\"しらかば高原\"]\n";

fn check(config: &str, watchlist: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("hinomi.toml", config);
    put("watchlist.toml", watchlist);
    put("pw", "canary\n");
    hinomi(&["check", "--config", folder.path().join("hinomi.toml").to_str().unwrap()], more)
}

fn hinomi(args: &[&str], more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hinomi")).args(args).args(more).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_good_configuration_is_summed_up_without_asking_anybody() {
    let output = check(GOOD, NAMES, &["--offline"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in [
        "● 1社 / 呼び名1 / 除外1",
        "1件（news 1）",
        "192.0.2.2:587  STARTTLS",
        "宛先 1組・1件",
        "X（旧Twitter） 未接続",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("canary"));
}

#[test]
fn mistakes_of_both_files_come_together_and_end_with_2() {
    let output = check(&GOOD.replace("from =", "form ="), &NAMES.replace("exclude", "exclde"), &["--lang", "en"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("hinomi.toml:8:1: unknown key \"form\" — did you mean \"from\"?"), "{text}");
    assert!(text.contains("watchlist.toml:3:1: unknown key \"exclde\" — did you mean \"exclude\"?"), "{text}");
    assert!(text.ends_with("Result: not usable. Mistakes: 3\n"), "{text}");
}

#[test]
fn what_cannot_watch_yet_ends_with_3_and_says_what_is_missing() {
    let output = check("", NAMES, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("■ ありません — [[source]]") && text.contains("■ ありません — [mail]"), "{text}");
}

#[test]
fn with_json_every_line_is_an_object_and_the_last_is_the_result() {
    for (config, ok) in [(GOOD, true), ("", false), ("xyzzy = 1", false)] {
        let output = check(config, NAMES, &["--json", "--offline"]);
        let lines: Vec<serde_json::Value> =
            stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.last().unwrap()["result"]["ok"], ok);
        assert!(lines.len() > 1 && output.stderr.is_empty());
    }
}

#[test]
fn the_shipped_examples_have_no_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for (from, to) in [("hinomi.example.toml", "hinomi.toml"), ("watchlist.example.toml", "watchlist.toml")] {
        fs::copy(shipped.join(from), folder.path().join(to)).unwrap();
    }
    let output = hinomi(&["check", "--config", folder.path().join("hinomi.toml").to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(3), "no mistake, but nothing to run with: {}", stdout(&output));
}

#[test]
fn times_are_shown_in_the_zone_of_the_configuration_wherever_the_machine_believes_to_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("watchlist.toml"), NAMES).unwrap();
    let shown = |zone: &str| {
        fs::write(folder.path().join("hinomi.toml"), zone).unwrap();
        let config = folder.path().join("hinomi.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hinomi"));
        let args = ["check", "--offline", "--lang", "en", "--config", config.to_str().unwrap()];
        stdout(&command.env("TZ", "America/New_York").args(args).output().unwrap())
    };
    let clock = |text: String| text.lines().find(|l| l.starts_with("clock")).unwrap().to_owned();
    assert!(clock(shown("")).ends_with("(+09:00)"));
    assert!(clock(shown("[time]\nzone = \"+00:00\"\n")).ends_with("(+00:00)"));
}
