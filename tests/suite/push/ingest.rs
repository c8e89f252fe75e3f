//! `POST /ingest`.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::{TOKEN, bearer, line, open_place, sql};
use crate::harness::{
    owing::GRAVE,
    process::{Place, sample},
};

const CALM: &str = "今日はよい天気";
const ABOUT: &str = "青空テレコムの窓口で2時間待たされた。対応がひどい";

fn numbers(said: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|n| said[n].as_u64().unwrap_or_else(|| panic!("{n} in {said}"))).collect()
}

#[test]
fn what_is_brought_is_stored_counted_and_known_when_it_comes_again() {
    let place = open_place();
    let mut hinomi = place.start("");
    let body = line("1", "aya", ABOUT) + "rubbish\n" + &line("2", "ken", CALM);
    let (code, said) = hinomi.push(&body);
    assert_eq!(
        (code, numbers(&said, &["accepted", "new", "duplicates", "about_watched", "refused"])),
        (200, vec![2, 2, 0, 1, 1])
    );
    assert_eq!(said["refusals"][0]["line"], 2);
    let (code, said) = hinomi.push(&body);
    assert_eq!(
        (code, numbers(&said, &["accepted", "new", "duplicates", "about_watched", "refused"])),
        (200, vec![2, 0, 2, 0, 1])
    );

    let rows = sql(&place, "select source, external_id from post");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let rows = sql(&place, "select source, status, visits from v_sources where source = 'vendor'");
    assert_eq!((rows[0]["status"].as_str(), rows[0]["visits"].as_i64()), (Some("ok"), Some(2)));
    let fates = sql(&place, "select fate, posts from v_fates where source = 'vendor' order by fate");
    assert!(fates.iter().any(|r| r["fate"] == "duplicate" && r["posts"] == 2), "{fates:?}");
    let metrics = hinomi.get("/metrics").body;
    for (name, value) in [
        ("hinomi_pushes_total{outcome=\"taken\"}", 2.0),
        ("hinomi_posts_ingested_total", 2.0),
        ("hinomi_matches_total", 1.0),
        ("hinomi_posts_rejected_total{reason=\"refused\"}", 2.0),
    ] {
        assert_eq!(sample(&metrics, name), Some(value), "{name} in {metrics}");
    }
}

#[test]
fn a_grave_post_that_is_brought_wakes_detection_at_once() {
    let place = open_place();
    let mut hinomi = place.start("");
    hinomi.until("/metrics", |a| sample(&a.body, "hinomi_detector_lag_seconds").is_some_and(|lag| lag < 60.0));
    assert_eq!(hinomi.push(&line("g", "aya", GRAVE)).0, 200);
    let start = tokio::time::Instant::now();
    hinomi.wait_for("HN-0001");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn the_same_post_two_weeks_old_is_history_and_raises_nothing() {
    let place = open_place();
    let mut hinomi = place.start("");
    let old = hinomi::model::time::Span::days(14);
    let then = (crate::harness::owing::now() - old).rfc3339(hinomi::model::time::Zone::JST);
    let mut post: Value = serde_json::from_str(&line("g", "aya", GRAVE)).unwrap();
    post["published_at"] = then.into();
    let (code, said) = hinomi.push(&post.to_string());
    assert_eq!((code, numbers(&said, &["accepted", "history", "about_watched"])), (200, vec![1, 1, 1]));
    // Whoever asks for it gets the same for a new one.
    let answer = hinomi.bring("?history=1", &bearer(TOKEN), line("h", "ken", GRAVE).as_bytes());
    assert!(answer.body.contains("\"history\":1"), "{answer:?}");
    let fates = sql(&place, "select fate, published_epoch from v_mentions order by published_epoch");
    assert!(fates.iter().all(|r| r["fate"] == "warm_up" || r["fate"] == "same_text"), "{fates:?}");
    // In its own hour, not in the one where claims end.
    let age = crate::harness::owing::now().seconds() - fates[0]["published_epoch"].as_i64().unwrap();
    assert!((14 * 86_400..14 * 86_400 + 600).contains(&age), "{age}");
    // The next look is over, and nothing was opened.
    let looked = "hinomi_detector_lag_seconds";
    hinomi.until("/metrics", |a| sample(&a.body, looked).is_some_and(|lag| lag < 5.0));
    assert!(sql(&place, "select * from v_incidents").is_empty());
}

#[test]
fn nobody_comes_in_without_the_right_token() {
    let place = open_place();
    let mut hinomi = place.start("");
    let body = line("1", "aya", ABOUT);
    for head in [
        String::new(),
        bearer(""),
        bearer("wrong"),
        bearer(TOKEN.strip_suffix('9').unwrap()),
        bearer(&format!("{TOKEN}0")),
        format!("Authorization: Basic {TOKEN}\r\n"),
        format!("X-Token: {TOKEN}\r\n"),
    ] {
        let answer = hinomi.bring("", &head, body.as_bytes());
        assert_eq!(answer.code, 401, "{head}: {answer:?}");
        assert!(answer.head.contains("www-authenticate: bearer") && answer.body.contains("\"ja\""), "{answer:?}");
    }
    // Neither by its address: those are written to logs.
    assert_eq!(hinomi.bring(&format!("?token={TOKEN}"), "", body.as_bytes()).code, 401);
    assert_eq!(hinomi.get("/ingest").code, 405);
    assert_eq!(hinomi.metric("hinomi_posts_ingested_total"), Some(0.0));
    assert!(!hinomi.log().contains(TOKEN));
}

#[test]
fn without_a_token_in_the_configuration_the_path_is_closed_and_says_how_to_open_it() {
    let place = Place::new();
    let mut hinomi = place.start("");
    for head in [String::new(), bearer("anything-at-all-0123456789"), bearer("")] {
        let answer = hinomi.bring("", &head, line("1", "aya", ABOUT).as_bytes());
        assert_eq!(answer.code, 404);
        assert!(answer.body.contains("ingest_token_env"), "{answer:?}");
    }
}

#[test]
fn lists_single_objects_gzip_and_another_name_are_understood() {
    let place = open_place();
    let mut hinomi = place.start("");
    let (one, two) = (line("1", "aya", CALM), line("2", "ken", CALM));
    let list = format!("[{},{}]", one.trim(), two.trim());
    assert_eq!(numbers(&hinomi.push(&list).1, &["new"]), [2]);
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<Value>(&line("3", "mio", CALM)).unwrap()).unwrap();
    assert_eq!(numbers(&hinomi.push(&pretty).1, &["new", "refused"]), [1, 0]);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(list.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let gzip = bearer(TOKEN) + "Content-Encoding: gzip\r\n";
    let answer = hinomi.bring("", &gzip, &packed);
    assert!(answer.code == 200 && answer.body.contains("\"duplicates\":2"), "{answer:?}");
    let answer = hinomi.bring(
        "?source=%E9%9B%86%E3%82%81%E3%82%8B%E4%BA%BA",
        &bearer(TOKEN),
        line("4", "aya", ABOUT).as_bytes(),
    );
    assert_eq!(answer.code, 200, "{answer:?}");
    assert_eq!(sql(&place, "select source from post")[0]["source"], "集める人");
    // What makes no sense is said, and takes nothing.
    for (query, head, body, code) in [
        ("", gzip.clone(), &b"no gzip"[..], 400),
        ("", gzip.clone(), &packed[..packed.len() / 2], 400),
        ("", bearer(TOKEN) + "Content-Encoding: br\r\n", b"x", 415),
        ("?name=x", bearer(TOKEN), b"{}", 400),
        ("", bearer(TOKEN), b"rubbish", 422),
        ("", bearer(TOKEN), b"[{},{}]", 422),
        ("", bearer(TOKEN), b"", 200),
    ] {
        let answer = hinomi.bring(query, &head, body);
        assert_eq!(answer.code, code, "{answer:?}");
    }
}

#[test]
fn nobody_writes_under_the_name_of_a_source_that_is_visited() {
    let place = open_place();
    let mut hinomi = place.start("");
    let (code, said) = hinomi.push(&(line("1", "aya", ABOUT).replace("vendor", "voices") + &line("2", "ken", ABOUT)));
    assert_eq!((code, numbers(&said, &["accepted", "refused"])), (200, vec![1, 1]));
    assert!(said["refusals"][0]["reason"].as_str().unwrap().contains("voices"), "{said}");
    assert_eq!(hinomi.bring("?source=voices", &bearer(TOKEN), line("3", "mio", ABOUT).as_bytes()).code, 422);
    assert!(sql(&place, "select * from post where source = 'voices'").is_empty());
}

#[test]
fn where_the_store_takes_no_more_nothing_is_acknowledged_and_the_same_body_can_be_sent_again() {
    let place = open_place();
    // The first transaction works, the second finds the disk full.
    let mut hinomi = place.start("push_store=1*off->1*return->off");
    let body = line("1", "aya", ABOUT) + &line("2", "ken", ABOUT).replace("vendor", "wire");
    let answer = hinomi.bring("", &bearer(TOKEN), body.as_bytes());
    assert_eq!(answer.code, 503, "{answer:?}");
    assert!(answer.head.contains("retry-after: 30") && answer.body.contains("the disk is full"), "{answer:?}");
    assert!(!answer.body.contains("hinomi.db") && !answer.body.contains("accepted"), "{answer:?}");
    assert_eq!(sql(&place, "select source from post").len(), 1);
    let (code, said) = hinomi.push(&body);
    assert_eq!((code, numbers(&said, &["accepted", "new", "duplicates"])), (200, vec![2, 1, 1]));
    assert!(hinomi.log().contains("what was brought could not be stored"));
}

#[test]
fn a_delivery_that_trips_the_program_costs_nobody_else_anything() {
    let place = open_place();
    let mut hinomi = place.start("push=1*panic(boom)->off");
    assert_eq!(hinomi.bring("", &bearer(TOKEN), line("1", "aya", ABOUT).as_bytes()).code, 503);
    assert_eq!(numbers(&hinomi.push(&line("1", "aya", ABOUT)).1, &["new"]), [1]);
    assert_eq!(hinomi.get("/readyz").code, 200);
}

#[test]
fn killed_before_or_after_the_commit_nothing_is_acknowledged_and_nothing_is_lost_or_doubled() {
    for (point, known) in [("c1_before", 0), ("c1_after", 1)] {
        let place = open_place();
        // The first transaction is the visit of the place's own source, the second is ours.
        let mut hinomi = place.start(&format!("{point}=1*off->return"));
        let visited = "hinomi_source_polls_total{source_kind=\"jsonl\",outcome=\"ok\"}";
        hinomi.until("/metrics", |a| sample(&a.body, visited) == Some(1.0));
        let answer = hinomi.bring("", &bearer(TOKEN), line("1", "aya", ABOUT).as_bytes());
        assert_eq!(answer.code, 0, "{point}: {answer:?}");
        assert!(!hinomi.end().0.success());
        let mut hinomi = place.start("");
        let (code, said) = hinomi.push(&line("1", "aya", ABOUT));
        assert_eq!((code, numbers(&said, &["accepted", "duplicates"])), (200, vec![1, known]), "{point}");
        assert_eq!(sql(&place, "select * from post").len(), 1, "{point}");
    }
}
