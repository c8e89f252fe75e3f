//! What others bring: how much, how many at once, how long, under which names, from when.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use flate2::{Compression, write::GzEncoder};
use hinomi::{
    collect::sources::jsonl,
    model::{
        limits,
        time::{Span, Zone},
    },
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    harness::{owing, process::Running},
    push::{TOKEN, bearer, line, open_place, sql},
};

const ABOUT: &str = "青空テレコムの料金";

fn fits_and_beyond(hinomi: &mut Running, body: impl Fn(usize) -> Vec<u8>, head: &str, most: usize, good: u16) {
    let head = bearer(TOKEN) + head;
    let answer = hinomi.bring("", &head, &body(most));
    assert_eq!(answer.code, good, "{answer:?}");
    let answer = hinomi.bring("", &head, &body(most + 1));
    assert_eq!(answer.code, 413, "{answer:?}");
    assert!(answer.body.contains("nothing was taken"), "{answer:?}");
}

#[test]
fn a_delivery_has_so_many_bytes_packed_or_not() {
    let place = open_place();
    let mut hinomi = place.start("");
    let post = line("1", "aya", ABOUT);
    let plain = |bytes: usize| (post.clone() + &" ".repeat(bytes - post.len())).into_bytes();
    fits_and_beyond(&mut hinomi, plain, "", limits::INGEST_BYTES, 200);
    let packed = |bytes: usize| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&plain(bytes)).unwrap();
        packed.finish().unwrap()
    };
    fits_and_beyond(&mut hinomi, packed, "Content-Encoding: gzip\r\n", limits::INGEST_BYTES, 200);
    // Without a length in advance it is counted as it comes.
    let host = hinomi.port();
    let mut endless =
        format!("POST /ingest HTTP/1.1\r\nHost: {host}\r\n{}Transfer-Encoding: chunked\r\n\r\n", bearer(TOKEN));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    endless += &chunk.repeat(limits::INGEST_BYTES / 0x10000 + 1);
    assert_eq!(hinomi.ask(&endless).code, 413);
    // What a small packet would unfold to is not unfolded.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..32).for_each(|_| bomb.write_all(&zeros).unwrap());
    let start = Instant::now();
    let answer = hinomi.bring("", &(bearer(TOKEN) + "Content-Encoding: gzip\r\n"), &bomb.finish().unwrap());
    assert!(answer.code == 413 && start.elapsed().as_secs() < 5, "{answer:?}");
}

#[test]
fn a_delivery_has_so_many_posts_in_lines_or_in_a_list() {
    let mut hinomi = open_place().start("");
    let lines = |n: usize| "{}\n".repeat(n).into_bytes();
    fits_and_beyond(&mut hinomi, lines, "", limits::INGEST_POSTS, 422);
    let list = |n: usize| format!("[{}]", vec!["{}"; n].join(",")).into_bytes();
    fits_and_beyond(&mut hinomi, list, "", limits::INGEST_POSTS, 422);
}

#[test]
fn so_many_refused_lines_are_named_and_all_are_counted() {
    let mut hinomi = open_place().start("");
    for (bad, named) in
        [(limits::INGEST_REFUSALS, limits::INGEST_REFUSALS), (limits::INGEST_REFUSALS + 1, limits::INGEST_REFUSALS)]
    {
        let (code, said) = hinomi.push(&("rubbish\n".repeat(bad) + &line("1", "aya", "x")));
        assert_eq!(
            (code, said["refused"].as_u64(), said["refusals"].as_array().unwrap().len()),
            (200, Some(bad as u64), named)
        );
    }
}

#[test]
fn a_line_and_a_name_have_a_size() {
    let mut hinomi = open_place().start("");
    let padded = |bytes: usize| {
        let post = line("1", "aya", "x").trim().replace('}', ",\"more\":\"\"}");
        let post = post.replace("\"more\":\"\"", &format!("\"more\":\"{}\"", "x".repeat(bytes - post.len())));
        assert_eq!(post.len(), bytes);
        post + "\n"
    };
    assert_eq!(hinomi.push(&padded(limits::LINE_BYTES)).1["accepted"], 1);
    assert_eq!(hinomi.push(&padded(limits::LINE_BYTES + 1)).0, 422);
    let named = |bytes: usize| line("1", "aya", "x").replace("vendor", &"n".repeat(bytes));
    assert_eq!(hinomi.push(&named(limits::SOURCE_BYTES)).1["accepted"], 1);
    assert_eq!(hinomi.push(&named(limits::SOURCE_BYTES + 1)).0, 422);
}

#[test]
fn others_use_so_many_names_and_known_ones_stay_welcome() {
    let place = open_place();
    let mut hinomi = place.start("");
    let of = |n: usize| line("1", "aya", "x").replace("vendor", &format!("vendor-{n}"));
    let all: String = (0..=limits::PUSHED_SOURCES).map(of).collect();
    let (_, said) = hinomi.push(&all);
    assert_eq!((said["accepted"].as_u64(), said["refused"].as_u64()), (Some(limits::PUSHED_SOURCES as u64), Some(1)));
    assert_eq!(hinomi.push(&of(limits::PUSHED_SOURCES)).0, 422);
    assert_eq!(hinomi.push(&of(0)).1["duplicates"], 1);
    let rows = sql(&place, "select count(*) as n from v_sources where source like 'vendor-%'");
    assert_eq!(rows[0]["n"].as_u64(), Some(limits::PUSHED_SOURCES as u64));
}

#[test]
fn history_lies_so_far_back_at_most_and_is_never_of_this_moment() {
    let place = open_place();
    let mut hinomi = place.start("");
    let now = owing::now();
    let at = |id: &str, ago: Span| {
        let then = (now - ago).rfc3339(Zone::UTC);
        json!({"id": id, "source": "vendor", "text": format!("{ABOUT} {id}"), "published_at": then}).to_string()
    };
    let old = [
        at("in", limits::HISTORY + Span::days(-1)),
        at("out", limits::HISTORY + Span::days(1)),
        at("far", now - jsonl_epoch()),
    ];
    assert_eq!(hinomi.push(&old.join("\n")).1["history"], 3);
    let fresh = hinomi.bring("?history=1", &bearer(TOKEN), at("now", Span::ZERO).as_bytes());
    assert_eq!(fresh.code, 200);
    let rows = sql(&place, "select text, collected_epoch from v_mentions");
    let age = |id: &str| {
        let row =
            rows.iter().find(|r| r["text"].as_str().unwrap().ends_with(id)).unwrap_or_else(|| panic!("{id}: {rows:?}"));
        Span::seconds(owing::now().seconds() - row["collected_epoch"].as_i64().unwrap())
    };
    let about = |id: &str, ago: Span| assert!(age(id) >= ago && age(id) < ago + Span::minutes(5), "{id}: {}", age(id));
    about("in", limits::HISTORY + Span::days(-1));
    about("out", limits::HISTORY);
    about("far", limits::HISTORY);
    about("now", limits::HISTORY_LAG);
}

/// A date that no post of the web can have.
fn jsonl_epoch() -> hinomi::model::time::Timestamp {
    let line = json!({"id": 1, "source": "x", "text": "x", "published_at": "0001-01-01T00:00:00Z"}).to_string();
    jsonl::parse_line(&line).unwrap().collected_at
}

/// A request whose answer is read by nobody yet.
fn begin(hinomi: &mut Running, head: &str, body: &str, length: usize) -> TcpStream {
    let host = hinomi.port();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(limits::INGEST_WHOLE.to_std() * 3)).unwrap();
    write!(stream, "POST /ingest HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{head}\r\n{body}").unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    let _cut = stream.read_to_string(&mut answer);
    answer
}

/// Waits for the longest bound there is.
#[test]
fn a_flood_of_deliveries_is_turned_away_and_holds_up_nobody_else() {
    let place = open_place();
    let mut hinomi = place.start("push=sleep(60000)");
    let start = Instant::now();
    let body = line("1", "aya", ABOUT);
    let heard: Vec<_> = (0..limits::INGEST_AT_ONCE + 2)
        .map(|_| begin(&mut hinomi, &bearer(TOKEN), &body, body.len()))
        .map(|stream| thread::spawn(move || (answer(stream), start.elapsed())))
        .collect();
    assert_eq!(hinomi.get("/livez").code, 200);
    assert!(start.elapsed() < limits::INGEST_BODY.to_std(), "{:?}", start.elapsed());
    let heard: Vec<_> = heard.into_iter().map(|thread| thread.join().unwrap()).collect();
    let (turned, waited): (Vec<_>, Vec<_>) = heard.into_iter().partition(|(said, _)| said.starts_with("HTTP/1.1 429"));
    assert_eq!((turned.len(), waited.len()), (2, limits::INGEST_AT_ONCE), "{turned:?} {waited:?}");
    for (said, after) in turned {
        assert!(said.contains("retry-after: 1\r\n") && after < limits::INGEST_BODY.to_std(), "{after:?} {said}");
    }
    let most = limits::INGEST_WHOLE.to_std();
    for (said, after) in waited {
        assert!(said.starts_with("HTTP/1.1 503") && said.contains("send it again"), "{said}");
        assert!(after + limits::INGEST_BODY.to_std() >= most && after < most + limits::WEB_WHOLE.to_std(), "{after:?}");
    }
}

#[test]
fn a_body_that_does_not_come_is_waited_for_so_long() {
    let mut hinomi = open_place().start("");
    let start = Instant::now();
    let said = answer(begin(&mut hinomi, &bearer(TOKEN), "{", 100));
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let waited = start.elapsed();
    assert!(waited >= limits::INGEST_BODY.to_std() && waited < limits::WEB_WHOLE.to_std(), "{waited:?}");
}

#[test]
fn whoever_has_no_token_gets_no_more_time_than_for_any_other_question() {
    let mut hinomi = open_place().start("");
    let start = Instant::now();
    let said = answer(begin(&mut hinomi, &bearer("wrong"), "{", 100));
    assert!(said.starts_with("HTTP/1.1 401"), "{said}");
    assert!(start.elapsed() < limits::WEB_WHOLE.to_std() && said.contains(Value::from("token").to_string().as_str()));
}
