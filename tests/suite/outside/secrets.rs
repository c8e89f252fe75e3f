//! Planted secrets, searched for in everything the program lets out.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use hinomi::{
    clock::{Clock, SystemClock},
    model::{
        post::SourceName,
        source::{Cursor, Moved, SourceState},
        time::Span,
    },
    store::{Store, StoreParams},
};

use crate::harness::{
    mailserver::{MailServer, Manner},
    owing,
    process::{CANARY_PASSWORD, Place, WATCHLIST, config, contents},
};

const TOKEN: &str = "canary-token-8831";
const MOVED: &str = "canary-moved-2094";

/// A feed server that moves whoever comes, for good, to another address with a secret in it, and is broken there.
fn moving_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            let _headers = lines.take_while(|l| !l.is_empty()).count();
            let (mut stream, rss) = (stream, "<rss version=\"2.0\"><channel><title>t</title></channel></rss>");
            let answer = if first.contains("/old") {
                format!("HTTP/1.1 301 Moved\r\nLocation: /new?key={MOVED}\r\nContent-Length: 0\r\n\r\n")
            } else if first.contains("/new") {
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n\r\n{rss}",
                    rss.len()
                )
            } else {
                // Half a page: the connection fails with the address in the library's own words.
                "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<rss>".to_owned()
            };
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    port
}

/// The server has named the new address twice before, and for a week: the next time it is told.
async fn has_moved(database: &Path, web: u16) {
    let (store, now) = (Store::open(&StoreParams::at(database)).await.unwrap(), SystemClock.now());
    let to = format!("http://127.0.0.1:{web}/new?key={MOVED}");
    let new = SourceState::new(SourceName("old".into()), now);
    let cursor = Cursor(format!("http://127.0.0.1:{web}/old?token={TOKEN}"));
    let moved = Some(Moved { to, since: now - Span::days(8), times: 2 });
    store.reserve(&SourceState { cursor, moved, warmed_up_at: Some(now), ..new }).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_no_token_and_no_address_in_clear_gets_out() {
    for format in ["text", "json"] {
        let (server, web) = (MailServer::start(Manner::RepeatsThePassword), moving_server());
        let mut text = config(server.port)
            .replace("tls = \"none\"", "tls = \"none\"\nusername = \"hinomi\"\npassword_env = \"CANARY\"");
        for name in ["old", "broken"] {
            let source = format!(
                "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"http://127.0.0.1:{web}/{name}?token={TOKEN}\"\n\
                 source_type = \"news\"\n"
            );
            text.push_str(&source);
        }
        // Nobody listens there.
        let rest = format!(
            "[[source]]\nname = \"refused\"\nkind = \"feed\"\nurl = \"http://127.0.0.1:9/x?token={TOKEN}\"\nsource_type = \"news\"\n\
             [collect]\nallow = [\"127.0.0.1:{web}\", \"127.0.0.1:9\"]\nhost_spacing = \"1s\"\n\
             [log]\nlevel = \"trace\"\nformat = \"{format}\"\n"
        );
        text.push_str(&rest);
        let place = Place::with(&text);
        owing::owe(&place.path("hinomi.db"), WATCHLIST, &["sato.hanako@aozora.example"]).await;
        has_moved(&place.path("hinomi.db"), web).await;
        let mut hinomi =
            crate::harness::process::Running::of(place.command().env("CANARY", CANARY_PASSWORD).env("FAILPOINTS", ""));
        hinomi.until("/metrics", |a| {
            a.body.contains("hinomi_smtp_attempts_total{outcome=\"config\"} 1")
                && a.body.contains("source_kind=\"feed\",outcome=\"ok\"} 1")
                && a.body.contains("source_kind=\"feed\",outcome=\"failed\"} 2")
        });
        // A reload that is wrong repeats what is wrong, and only that.
        let wrong = text
            .replace("[collect]", "[collect]\npol_every = \"1m\"")
            .replace("http://127.0.0.1:9/", "http://user:userinfo-canary@127.0.0.1:9/");
        place.write("hinomi.toml", &wrong);
        hinomi.signal("HUP");
        hinomi.wait_for("stays in force");
        let shown = hinomi.get("/healthz").body + &hinomi.get("/metrics").body;
        hinomi.signal("TERM");
        assert!(hinomi.end().0.success());
        let (log, said) = (hinomi.log(), hinomi.rest());
        assert!(log.contains("moved for good") && log.contains("not accepted"), "the test looks at nothing:\n{log}");
        assert!(said.contains("pol_every") && said.contains("must not carry a user name"), "{said}");
        for (name, output) in [("log", &log), ("stdout", &said), ("health and metrics", &shown)] {
            for canary in [CANARY_PASSWORD, TOKEN, MOVED, "userinfo-canary", "sato", "対応したの私です"] {
                assert!(!output.contains(canary), "{canary} in the {name}:\n{output}");
            }
        }
        if format == "json" {
            for line in log.lines() {
                assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
            }
        }
        // Whoever gets hold of the database finds no password there, and no mail is written with one.
        for (path, bytes) in contents(place.folder.path()) {
            let found = bytes.windows(CANARY_PASSWORD.len()).any(|w| w == CANARY_PASSWORD.as_bytes());
            let is_reply = path.to_string_lossy().contains("hinomi.db");
            assert!(!found || is_reply, "{}", path.display());
        }
    }
}

#[test]
fn a_configuration_that_is_wrong_is_told_without_what_is_secret_in_it() {
    let place = Place::with(
        &config(9)
            .replace(
                "tls = \"none\"",
                &format!("tls = \"none\"\nusername = \"hinomi\"\npassword = \"{CANARY_PASSWORD}\""),
            )
            .replace(
                "[[source]]",
                &format!("[[source]]\nurl = \"https://me:{TOKEN}@news.example.jp/rss?token={TOKEN}\""),
            ),
    );
    for command in ["run", "check"] {
        for lang in ["ja", "en"] {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_hinomi"))
                .args([command, "--lang", lang, "--config"])
                .arg(place.path("hinomi.toml"))
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2));
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(said.contains("password") && said.contains("\"url\""), "{said}");
            assert!(!said.contains(CANARY_PASSWORD) && !said.contains(TOKEN), "{said}");
        }
    }
}
