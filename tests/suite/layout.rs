//! The house keeps its own rules: who imports whom, how long a file may be, what the README must name.
//!
//! A failure names the file, the rule and the recipe, so that the rule teaches.

mod source;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hinomi::config::{Lang, reference};

/// What a module may import of ours.
enum Ours {
    Nothing,
    Only(&'static [&'static str]),
    /// `model`, and of the stages the parameters they are given.
    Params,
    AllBut(&'static [&'static str]),
    All,
}

/// What only these places under `src/` may use: a crate or a path.
struct Theirs {
    path: &'static str,
    places: &'static [&'static str],
}

const fn theirs(path: &'static str, places: &'static [&'static str]) -> Theirs {
    Theirs { path, places }
}

/// The table in the documentation of `src/lib.rs`, row by row: module, ours, what the table says of theirs.
const TABLE: &[(&str, Ours, &str)] = &[
    ("model", Ours::Nothing, "chrono (`time.rs`)"),
    ("clock", Ours::Only(&["model"]), "—"),
    (
        "collect",
        Ours::Only(&["model", "clock"]),
        "reqwest (`fetch.rs`, `guard.rs`), tokio-tungstenite (`socket.rs`), feed-rs, quick-xml, encoding_rs",
    ),
    ("analyze", Ours::Only(&["model"]), "lindera (also `app/dictionary.rs`), daachorse, icu_normalizer"),
    ("detect", Ours::Only(&["model"]), "—"),
    ("store", Ours::Only(&["model", "clock"]), "sqlx"),
    ("alert", Ours::Only(&["model", "clock"]), "lettre (`email/`), askama"),
    ("web", Ours::Only(&["model"]), "axum, hyper, hyper-util, prometheus-client"),
    ("config", Ours::Params, "toml"),
    ("demo", Ours::Only(&["model", "clock"]), "axum, encoding_rs (to write Shift_JIS)"),
    ("app", Ours::AllBut(&["cli", "demo"]), "hinomi-ipadic, sd-notify, `tokio::spawn`, signals"),
    ("cli", Ours::All, "clap; may print"),
];

/// The last column of the table, as far as paths tell.
const THEIRS: &[Theirs] = &[
    theirs("chrono", &["model/time.rs"]),
    theirs("reqwest", &["collect/fetch.rs", "collect/guard.rs"]),
    theirs("tokio_tungstenite", &["collect/socket.rs"]),
    theirs("feed_rs", &["collect/"]),
    theirs("quick_xml", &["collect/"]),
    theirs("encoding_rs", &["collect/", "demo/"]),
    theirs("lindera", &["analyze/", "app/dictionary.rs"]),
    theirs("daachorse", &["analyze/"]),
    theirs("icu_normalizer", &["analyze/"]),
    theirs("sqlx", &["store/"]),
    theirs("lettre", &["alert/email/"]),
    theirs("askama", &["alert/"]),
    theirs("toml", &["config/"]),
    theirs("std::env::var", &["config/"]),
    theirs("axum", &["web/", "demo/"]),
    theirs("hyper", &["web/"]),
    theirs("hyper_util", &["web/"]),
    theirs("prometheus_client", &["web/"]),
    theirs("sd_notify", &["app/"]),
    theirs("hinomi_ipadic", &["app/"]),
    theirs("tokio::spawn", &["app/"]),
    theirs("tokio::signal", &["app/"]),
    theirs("clap", &["cli/"]),
];

/// What the parameters of the stages are made of, and therefore `config` as well.
const PARTS_OF_PARAMS: &[&str] = &["SourceBasics", "Tls", "KINDS", "Kind", "Key", "Form", "Field", "Fields"];

const RECIPES: &str = "\
how to add …
  a source:    src/collect/sources/<name>.rs with its pure `request` and `read` and the KIND that tells of its settings
               and terms; a line in sources/mod.rs; a fixture; a row in both READMEs. Nobody else learns of it.
  a detector:  src/detect/<name>.rs, pure, time as an argument; an entry in the list in src/detect/mod.rs; a replay.
  a receiver:  src/alert/<name>.rs; a variant in the list; a test which failures are worth another try.
  a statement: in src/store, where the prepare test finds it. Nobody else knows SQL.
  a word that two stages share: into src/model. What only wiring knows: into src/app.";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// All files under `folder` as paths from the root, in order.
fn files(folder: &str) -> Vec<String> {
    let (mut open, mut found) = (vec![root().join(folder)], Vec::<PathBuf>::new());
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(name.as_str(), "target" | ".git") {
            continue;
        }
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            found.push(path);
        }
    }
    let relative = |p: &PathBuf| p.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    let mut found: Vec<String> = found.iter().map(relative).collect();
    found.sort();
    found
}

fn is_test_only(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// `src/alert/email/mod.rs` → `["alert", "email"]`.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if matches!(inner, "lib" | "main") { Vec::new() } else { inner.split('/').collect() }
}

/// What `text`, standing at `path`, must not name.
fn breaches(path: &str, text: &str) -> Vec<String> {
    let module = module_of(path);
    let Some(home) = module.first() else { return Vec::new() };
    let Some((_, ours, ..)) = TABLE.iter().find(|row| row.0 == *home) else {
        return vec![format!("{path}: `{home}` is not in the table of src/lib.rs")];
    };
    let mut wrong = Vec::new();
    for found in source::paths(text, &module) {
        let (line, name) = (found.line, found.words.join("::"));
        let target = found.words.get(1).map_or("", String::as_str);
        let known = TABLE.iter().any(|row| row.0 == target);
        if found.words[0] == "crate" && known && target != *home && !may_import(ours, &found.words) {
            wrong.push(format!("{path}:{line}: `{home}` must not import `{name}`"));
        }
        for Theirs { path: foreign, places } in THEIRS {
            let names_it = name == *foreign || name.starts_with(&format!("{foreign}::"));
            let inside = path.trim_start_matches("src/");
            if names_it && !places.iter().any(|place| inside.starts_with(place)) {
                wrong.push(format!("{path}:{line}: `{foreign}` belongs to {} alone", places.join(" and ")));
            }
        }
    }
    wrong
}

fn may_import(ours: &Ours, words: &[String]) -> bool {
    let target = words[1].as_str();
    let last = words.last().map_or("", String::as_str);
    match ours {
        Ours::Nothing => false,
        Ours::Only(rooms) => rooms.contains(&target),
        Ours::Params => target == "model" || last.ends_with("Params") || PARTS_OF_PARAMS.contains(&last),
        Ours::AllBut(rooms) => !rooms.contains(&target),
        Ours::All => true,
    }
}

#[test]
fn nobody_imports_what_is_not_theirs() {
    let wrong: Vec<String> = files("src")
        .iter()
        .filter(|path| is_rust(path) && !is_test_only(path))
        .flat_map(|path| breaches(path, &read(path)))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n\nThe rule: the table in src/lib.rs.\n{RECIPES}\n", wrong.join("\n"));
}

#[test]
fn a_breach_is_seen() {
    let seen = |path, text| breaches(path, text).len();
    assert_eq!(seen("src/detect/spike.rs", "use crate::store::Store;"), 1);
    assert_eq!(seen("src/detect/mod.rs", "use super::{store::Store, model::time};"), 1);
    assert_eq!(seen("src/analyze/score.rs", "use crate::{model, clock::Clock};"), 1);
    assert_eq!(seen("src/collect/poll.rs", "use reqwest::Client;"), 1);
    assert_eq!(seen("src/config/file.rs", "use crate::collect::{CollectParams, fetch::HttpFetch};"), 1);
    assert_eq!(seen("src/alert/webhook.rs", "async fn f() { reqwest::get(x).await; lettre::x() }"), 2);
    assert_eq!(seen("src/model/post.rs", "use chrono::Utc;"), 1);
    assert_eq!(seen("src/nowhere/mod.rs", ""), 1);
    assert_eq!(seen("src/app/pipeline.rs", "use crate::{store, detect}; fn f() { tokio::spawn(x) }"), 0);
    assert_eq!(seen("src/detect/spike.rs", "#[cfg(test)]\nmod tests { use crate::clock::ManualClock; }"), 0);
}

#[test]
fn the_table_in_the_documentation_is_the_one_that_is_kept() {
    let text = read("src/lib.rs");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("//! | `")).collect();
    let quoted = |list: &[&str]| list.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>();
    let kept: Vec<String> = TABLE
        .iter()
        .map(|(module, ours, theirs)| {
            let ours = match ours {
                Ours::Nothing => "—".to_owned(),
                Ours::Only(list) => quoted(list).join(", "),
                Ours::Params => "`model`, the `Params` types of the stages, the list of source kinds".to_owned(),
                Ours::AllBut(list) => format!("everything but {}", quoted(list).join(" and ")),
                Ours::All => "everything".to_owned(),
            };
            format!("//! | `{module}` | {ours} | {theirs} |")
        })
        .collect();
    assert_eq!(rows, kept, "src/lib.rs and tests/suite/layout.rs must say the same");
    for Theirs { path, places } in THEIRS.iter().filter(|t| !t.path.starts_with("std::")) {
        let owner = places[0].split('/').next().unwrap();
        let said = TABLE.iter().find(|row| row.0 == owner).unwrap().2;
        let name = path.trim_start_matches("tokio::");
        assert!(said.contains(name) || said.contains(&name.replace('_', "-")), "`{path}` is not in the row of {owner}");
    }
}

#[test]
fn no_file_is_long_and_every_module_says_what_it_is() {
    let mut wrong = Vec::new();
    for path in [files("src"), files("tests"), files("dictionaries")].concat() {
        if !is_rust(&path) {
            continue;
        }
        let text = read(&path);
        let lines = text.lines().count();
        if lines > 400 {
            wrong.push(format!("{path}: {lines} lines; find the second thing in it and give it a file of its own"));
        }
        if !text.starts_with("//!") && !is_test_only(&path) {
            wrong.push(format!("{path}: begin with //! what this is, what it is not, and what always holds"));
        }
        let stem = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let vague = ["util", "helper", "manager", "common", "misc"];
        if vague.iter().any(|v| stem.trim_end_matches('s') == *v) {
            wrong.push(format!("{path}: name it after the one thing inside"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn nothing_names_a_place_on_somebodys_machine() {
    // Written in two halves, so that this file does not find itself.
    let places = ["/ho me/", "/Use rs/", "/ro ot/", "/wo rk/", "C: \\\\"].map(|p| p.replace(' ', ""));
    let mut wrong = Vec::new();
    for path in files("") {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (n, line) in text.lines().enumerate() {
            // What comes before the place must end a word: `https://example.jp/home/` is an address.
            let named = |place: &String| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    line.get(..at)
                        .and_then(|before| before.chars().next_back())
                        .is_none_or(|c| !c.is_alphanumeric() && !"./-_}".contains(c))
                })
            };
            if let Some(place) = places.iter().find(|p| named(p)) {
                wrong.push(format!("{path}:{}: {place}", n + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The names of the commands as `hinomi --help` lists them.
fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_hinomi")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    names.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").map(str::to_owned).collect()
}

#[test]
fn both_readmes_name_every_command_and_every_setting() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for (path, lang) in [("README.md", Lang::En), ("README.ja.md", Lang::Ja)] {
        let text = read(path);
        for command in &commands {
            assert!(text.contains(&format!("| `hinomi {command}")), "{path} has no row for `hinomi {command}`");
        }
        let tables = [reference::tables(lang), reference::company_table(lang)];
        if let Some(row) = tables.iter().flat_map(|t| t.lines()).find(|row| !text.contains(row)) {
            fs::write(root().join("target").join(path), tables.join("\n")).unwrap();
            panic!("{path} lacks this row; the whole tables are in target/{path}:\n{row}");
        }
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "rs")
}

/// `docs/faults.md` promises tests by their names.
#[test]
fn every_fault_names_tests_that_are_there() {
    let mut code = String::new();
    for folder in ["src", "tests"] {
        for path in files(folder).iter().filter(|path| is_rust(path)) {
            code += &read(path);
        }
    }
    let table = read("docs/faults.md");
    let rows: Vec<&str> = table.lines().filter(|l| l.starts_with("| ") && !l.starts_with("| fault")).collect();
    assert!(rows.len() > 25, "the table has shrunk to {} rows", rows.len());
    for row in rows {
        let tests: Vec<&str> = row.rsplit_once(" | ").unwrap().1.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(code.contains(&format!("fn {test}()")), "docs/faults.md: there is no test {test}; {row}");
        }
    }
}
