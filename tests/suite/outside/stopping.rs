//! Being asked to stop, and outputs that nobody takes.

use std::{fs::File, process::Stdio, time::Duration};

use hinomi::store::{Store, StoreParams};

use crate::harness::{
    mailserver::{MailServer, Manner},
    owing,
    process::{Place, WATCHLIST, config},
};

const PATIENCE: Duration = Duration::from_mins(1);

async fn undelivered(place: &Place) -> i64 {
    let store = Store::open(&StoreParams::at(place.path("hinomi.db"))).await.unwrap();
    let answer = store.ask("select sum(undelivered) from v_alerts").await.unwrap();
    store.close().await;
    answer.rows[0][0].as_i64().unwrap()
}

#[test]
fn asked_to_stop_it_stops_soon_and_well() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut hinomi = place.start("");
        hinomi.signal(signal);
        let (status, took) = hinomi.end();
        assert_eq!(status.code(), Some(0), "{}", hinomi.log());
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(hinomi.rest().contains("Stopping"));
        // The checkpoint was made: nothing is left in the write-ahead log.
        assert!(!place.path("hinomi.db-wal").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_hangs_after_the_body_does_not_hold_us_for_ten_seconds() {
    let server = MailServer::start(Manner::Hangs);
    let place = Place::with(&config(server.port));
    owing::owe(&place.path("hinomi.db"), WATCHLIST, &["pr@aozora.example"]).await;
    let mut hinomi = place.start("");
    server.bodies.recv_timeout(PATIENCE).unwrap();
    hinomi.signal("TERM");
    let (status, took) = hinomi.end();
    assert_eq!(status.code(), Some(0), "{}", hinomi.log());
    assert!(took < Duration::from_secs(10) && took > Duration::from_secs(6), "{took:?}");
    assert_eq!(undelivered(&place).await, 1, "it is still owed");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_twice_it_ends_at_once() {
    let server = MailServer::start(Manner::Hangs);
    let place = Place::with(&config(server.port));
    owing::owe(&place.path("hinomi.db"), WATCHLIST, &["pr@aozora.example"]).await;
    let mut hinomi = place.start("");
    server.bodies.recv_timeout(PATIENCE).unwrap();
    hinomi.signal("TERM");
    hinomi.wait_for("Stopping");
    hinomi.signal("TERM");
    let (status, took) = hinomi.end();
    assert_eq!(status.code(), Some(1));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(undelivered(&place).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_under_way_is_finished_and_written_down_and_the_next_is_not_begun() {
    let server = MailServer::start(Manner::TakesAfter(Duration::from_secs(2)));
    let place = Place::with(&config(server.port));
    let two = ["first@aozora.example", "second@aozora.example"];
    owing::owe(&place.path("hinomi.db"), WATCHLIST, &two).await;
    let mut hinomi = place.start("");
    server.bodies.recv_timeout(PATIENCE).unwrap();
    hinomi.signal("TERM");
    let (status, took) = hinomi.end();
    assert_eq!(status.code(), Some(0), "{}", hinomi.log());
    assert!(took < Duration::from_secs(6), "it waited for the one and not for the other: {took:?}");
    assert!(server.bodies.try_recv().is_err(), "a second mail was begun");
    assert_eq!(undelivered(&place).await, 1);
    // The next start sends the other one, once.
    let mut hinomi = place.start("");
    server.bodies.recv_timeout(PATIENCE).unwrap();
    hinomi.until("/metrics", |a| a.body.contains("hinomi_smtp_attempts_total{outcome=\"sent\"} 1"));
    hinomi.signal("TERM");
    assert!(hinomi.end().0.success());
    assert!(server.bodies.try_recv().is_err());
    assert_eq!(undelivered(&place).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_nobody_takes_do_not_stop_the_watch() {
    let server = MailServer::start(Manner::Takes);
    let place = Place::with(&(config(server.port) + "[log]\nlevel = \"trace\"\n"));
    owing::owe(&place.path("hinomi.db"), WATCHLIST, &["pr@aozora.example"]).await;
    // A full disk behind the log, a broken pipe behind the screen, and a panic that wants to be told.
    let mut child = place
        .command()
        .env("FAILPOINTS", "tidy=1*panic(boom)->off")
        .stdout(Stdio::piped())
        .stderr(Stdio::from(File::options().write(true).open("/dev/full").unwrap()))
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let taken = server.bodies.recv_timeout(PATIENCE);
    assert!(taken.is_ok(), "the mail never came; {:?}", child.try_wait());
    std::process::Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(undelivered(&place).await, 0);
}
