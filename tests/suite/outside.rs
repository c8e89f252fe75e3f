//! The program as others see it: health and metrics, loops that die, stopping, and what the log shows.

mod loops;
mod secrets;
mod stopping;

use std::{collections::BTreeSet, net::TcpListener, process::Command};

use crate::harness::process::{Place, Running, config, sample};

#[test]
fn machines_on_this_machine_are_told_how_it_is() {
    let place = Place::new();
    let mut hinomi = place.start("");
    assert_eq!(hinomi.get("/livez").code, 200);
    assert_eq!(hinomi.get("/readyz").code, 200);

    let health = hinomi.until("/healthz", |a| sample_of(a.body.as_str()).is_some());
    assert_eq!(health.code, 200);
    assert!(health.head.contains("content-type: application/json"), "{}", health.head);
    assert!(health.head.contains("cache-control: no-store") && health.head.contains("nosniff"), "{}", health.head);
    let json: serde_json::Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    // A machine with a full disk may say so; nothing else is wrong here.
    let reasons = json["reasons"].as_array().unwrap();
    assert!(reasons.iter().all(|r| r["code"] == "disk_low"), "{reasons:?}");

    hinomi.until("/metrics", |a| {
        sample(&a.body, "hinomi_source_polls_total{source_kind=\"jsonl\",outcome=\"ok\"}").is_some()
    });
    assert_eq!(hinomi.metric("hinomi_config_last_reload_success"), Some(1.0));
    assert_eq!(hinomi.metric("hinomi_outbox_pending{severity=\"critical\"}"), Some(0.0));
    let lag =
        hinomi.until("/metrics", |a| sample(&a.body, "hinomi_detector_lag_seconds").is_some_and(|lag| lag < 60.0));
    assert!(lag.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", lag.head);
    assert_openmetrics(&lag.body);
    for name in ["青空", "voices", "example", "posts.jsonl", "http"] {
        assert!(!lag.body.contains(name), "{name} in\n{}", lag.body);
    }
}

fn sample_of(body: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    json["status"].as_str().map(str::to_owned)
}

/// As strict as a scraper that knows the format by heart: every line, every family once, an end.
fn assert_openmetrics(text: &str) {
    let (mut families, mut current, mut seen) = (BTreeSet::new(), String::new(), BTreeSet::new());
    let name = regex(r"^[a-z_][a-z0-9_]*$");
    let line_of_values = regex(
        r#"^([a-z_][a-z0-9_]*)(\{[a-z_]+="[a-zA-Z0-9_.]*"(?:,[a-z_]+="[a-zA-Z0-9_.]*")*\})? (-?[0-9][0-9.e+-]*)$"#,
    );
    assert!(text.ends_with("\n# EOF\n"), "no end: {text}");
    for line in text.trim_end_matches("# EOF\n").lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let words: Vec<&str> = rest.splitn(3, ' ').collect();
            assert!(name.is_match(words[1]) && words.len() == 3, "{line}");
            match words[0] {
                "HELP" => {
                    assert!(families.insert(words[1].to_owned()), "twice: {line}");
                    words[1].clone_into(&mut current);
                }
                "TYPE" => {
                    assert_eq!(words[1], current, "{line}");
                    assert!(["counter", "gauge", "info"].contains(&words[2]), "{line}");
                }
                other => panic!("{other} in {line}"),
            }
            continue;
        }
        let parts = line_of_values.captures(line).unwrap_or_else(|| panic!("no sample: {line:?}"));
        let of_family = [current.clone(), format!("{current}_total"), format!("{current}_info")];
        assert!(of_family.contains(&parts[1].to_owned()) && parts[1].starts_with("hinomi_"), "{line}");
        assert!(parts[3].parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(line.rsplit_once(' ').unwrap().0.to_owned()), "twice: {line}");
    }
    assert!(families.len() > 10, "{families:?}");
}

fn regex(pattern: &str) -> regex::Regex {
    regex::Regex::new(pattern).unwrap()
}

#[test]
fn a_page_in_a_browser_cannot_ask_and_nobody_can_change_anything() {
    let place = Place::new();
    let mut hinomi = place.start("");
    let port = hinomi.port().port();
    for host in ["evil.example", "evil.example:8730", "127.0.0.1.evil.example"] {
        let answer = hinomi.ask(&format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.code, 421, "{host}");
        assert!(!answer.body.contains("status"), "{}", answer.body);
    }
    assert_eq!(hinomi.ask("GET /healthz HTTP/1.0\r\n\r\n").code, 421, "without a host");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = format!("{method} /healthz HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(hinomi.ask(&request).code, 405, "{method}");
    }
    assert_eq!(hinomi.get("/").code, 404);
    assert_eq!(hinomi.get("/../../etc/passwd").code, 404);
    assert_eq!(hinomi.get("/%2e%2e/hinomi.toml").code, 404);
}

#[test]
fn an_address_that_others_can_reach_is_refused_before_anything_starts() {
    for (listen, lang, words) in
        [("0.0.0.0:8730", "en", "could be seen from outside"), ("[::]:8730", "ja", "ログインがない")]
    {
        let place = Place::with(&config(9).replace("127.0.0.1:0", listen));
        let output = Command::new(env!("CARGO_BIN_EXE_hinomi"))
            .args(["run", "--lang", lang, "--config"])
            .arg(place.path("hinomi.toml"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("hinomi.toml:2:") && said.contains(words) && said.contains(listen), "{said}");
        assert!(!place.path("hinomi.db").exists());
    }
}

#[test]
fn a_port_that_is_taken_is_said_and_the_watch_goes_on_until_it_is_free() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let place = Place::with(&config(9).replace("127.0.0.1:0", &address.to_string()));
    let mut hinomi = Running::of(&mut place.command());
    hinomi.wait_for("/healthz is not there");
    assert!(hinomi.lives() && hinomi.said.contains("Watching 1 companies"), "{}", hinomi.said);
    drop(holder);
    assert_eq!(hinomi.port(), address);
    assert_eq!(hinomi.get("/readyz").code, 200);
    assert!(hinomi.log().contains("health and metrics are not shown"));
}

#[test]
fn with_listen_off_nothing_listens() {
    let place = Place::with(&config(9).replace("127.0.0.1:0", "off"));
    let mut hinomi = Running::of(&mut place.command());
    hinomi.wait_for("Watching 1 companies");
    hinomi.signal("TERM");
    assert!(hinomi.end().0.success());
    assert!(!hinomi.rest().contains("http://"));
}
