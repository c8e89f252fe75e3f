//! Our own pages, and the files of our own machine.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use hinomi::{
    app::ballast::Ballast,
    config::{self, Lang},
    model::limits,
};
use tokio::time::Instant;

use crate::harness::process::{Place, Running};

fn connect(hinomi: &mut Running) -> TcpStream {
    let stream = TcpStream::connect(hinomi.port()).unwrap();
    stream.set_read_timeout(Some(limits::WEB_WHOLE.to_std() * 3)).unwrap();
    stream
}

/// What comes back before the other side closes.
fn answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    // A reset is an end as well.
    let _cut = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn headers_of_a_question_are_read_up_to_their_limit() {
    let mut hinomi = Place::new().start("");
    let host = hinomi.port();
    let mut ask = |padding: usize| {
        let head = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX: ");
        let rest = "\r\n\r\n";
        let request = format!("{head}{}{rest}", "x".repeat(padding - head.len() - rest.len()));
        assert_eq!(request.len(), padding);
        let mut stream = connect(&mut hinomi);
        stream.write_all(request.as_bytes()).unwrap();
        answer(&mut stream)
    };
    assert!(ask(limits::WEB_HEADER_BYTES - 1).starts_with("HTTP/1.1 200"));
    assert!(!ask(limits::WEB_HEADER_BYTES * 2).starts_with("HTTP/1.1 200"));
}

#[test]
fn whoever_asks_slowly_is_let_go_and_makes_room_for_others() {
    let mut hinomi = Place::new().start("");
    let start = Instant::now();
    // All places are taken by clients that have begun and do not go on; one more is heard when they are let go.
    let mut idle: Vec<TcpStream> = (0..limits::WEB_CONNECTIONS).map(|_| connect(&mut hinomi)).collect();
    for stream in &mut idle {
        stream.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
    }
    assert_eq!(hinomi.get("/livez").code, 200);
    let waited = start.elapsed();
    assert!(waited >= limits::WEB_HEADERS.to_std() / 2 && waited < limits::WEB_WHOLE.to_std() * 2, "{waited:?}");
    for mut stream in idle {
        assert!(!answer(&mut stream).starts_with("HTTP/1.1 200"));
    }
    // With one place free nobody waits.
    let _idle: Vec<TcpStream> = (1..limits::WEB_CONNECTIONS).map(|_| connect(&mut hinomi)).collect();
    let start = Instant::now();
    assert_eq!(hinomi.get("/livez").code, 200);
    assert!(start.elapsed() < limits::WEB_HEADERS.to_std());
}

#[test]
fn the_room_that_is_kept_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hinomi.ballast");
    let ballast = Ballast::beside(&folder.path().join("hinomi.db"), limits::BALLAST_BYTES);
    ballast.keep().unwrap();
    assert_eq!(fs::metadata(&file).unwrap().len(), limits::BALLAST_BYTES);
    // A byte less is not the room that was meant.
    fs::File::options().write(true).open(&file).unwrap().set_len(limits::BALLAST_BYTES - 1).unwrap();
    ballast.keep().unwrap();
    assert_eq!(fs::metadata(&file).unwrap().len(), limits::BALLAST_BYTES);
}

#[test]
fn a_file_with_a_secret_has_a_size() {
    let place = Place::new();
    let settings = fs::read_to_string(place.path("hinomi.toml")).unwrap();
    let login = "[mail.smtp]\nusername = \"x\"\npassword_file = \"pw\"\n";
    place.write("hinomi.toml", &settings.replace("[mail.smtp]\n", login));
    let said = |bytes: u64| {
        place.write("pw", &"x".repeat(usize::try_from(bytes).unwrap()));
        let loaded = config::load_all(&place.path("hinomi.toml"), &|_| None);
        loaded.err().map(|mistakes| mistakes.to_text(Lang::En)).unwrap_or_default()
    };
    assert_eq!(said(limits::SECRET_FILE_BYTES), "");
    assert!(said(limits::SECRET_FILE_BYTES + 1).contains("larger than"));
}
