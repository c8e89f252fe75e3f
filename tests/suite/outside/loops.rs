//! Loops that panic, fail or stand still, and who hears of it.

use std::{
    os::unix::net::UnixDatagram,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hinomi::{
    alert::trouble::Trouble,
    app::{
        emergency::Emergency,
        service::{App, Ports},
        stage::Stage,
        supervise::Fatal,
    },
    model::time::Timestamp,
};

use crate::harness::{
    owing,
    process::{Place, Running, WATCHLIST, config, sample},
};

fn with_a_second_source() -> Place {
    let second = "[[source]]\nname = \"more\"\nkind = \"jsonl\"\npath = \"more.jsonl\"\nsource_type = \"blog\"\n";
    let place = Place::with(&(config(9) + second));
    place.write("more.jsonl", "");
    place
}

#[test]
fn a_visit_that_panics_costs_its_own_source_a_pause_and_nobody_else_anything() {
    let place = with_a_second_source();
    let mut hinomi = place.start("visit=1*panic(boom)->off");
    let polls = |outcome: &str| format!("hinomi_source_polls_total{{source_kind=\"jsonl\",outcome=\"{outcome}\"}}");
    hinomi.until("/metrics", |a| {
        sample(&a.body, &polls("panicked")) == Some(1.0) && sample(&a.body, &polls("ok")) == Some(1.0)
    });
    assert_eq!(hinomi.metric("hinomi_stage_restarts_total{stage=\"visit\"}"), None, "the loop itself lives");
    assert_eq!(hinomi.get("/readyz").code, 200);
    let log = hinomi.log();
    assert!(log.contains("a visit broke off") && log.contains("pause=1m"), "{log}");
}

#[test]
fn a_loop_that_panics_once_is_started_again_and_health_tells_of_it() {
    for stage in ["detect", "dispatch", "tidy"] {
        let place = Place::new();
        let mut hinomi = place.start(&format!("{stage}=1*panic(boom)->off"));
        let restarts = format!("hinomi_stage_restarts_total{{stage=\"{stage}\"}}");
        hinomi.until("/metrics", |a| sample(&a.body, &restarts) == Some(1.0));
        let health = hinomi.until("/healthz", |a| a.body.contains("stage_panicked"));
        assert_eq!(health.code, 200);
        let json: serde_json::Value = serde_json::from_str(&health.body).unwrap();
        assert_eq!(json["status"], "degraded", "{json}");
        // Two seconds later it is at work again.
        hinomi.until("/metrics", |a| sample(&a.body, "hinomi_detector_lag_seconds").is_some_and(|lag| lag < 60.0));
        hinomi.signal("TERM");
        assert!(hinomi.end().0.success(), "{stage}");
    }
}

#[test]
fn a_loop_that_panics_again_and_again_ends_the_process_for_the_supervisor_to_start_anew() {
    for stage in ["detect", "dispatch", "tidy"] {
        let place = Place::new();
        let mut hinomi = Running::of(place.command().env("FAILPOINTS", format!("{stage}=panic(boom)")));
        let (status, _) = hinomi.end();
        assert_eq!(status.code(), Some(1), "{stage}");
        let log = hinomi.log();
        assert!(log.contains(&format!("hinomi: {stage} broke off 3 times within ten minutes")), "{log}");
        assert!(log.contains("nothing that was stored is lost"), "{log}");
    }
}

#[test]
fn a_round_that_fails_is_tried_again_and_three_in_a_row_are_told() {
    let place = Place::new();
    let mut hinomi = place.start("detect=4*return(broken)->off");
    let health = hinomi.until("/healthz", |a| a.body.contains("stage_failing"));
    assert_eq!(health.code, 200);
    hinomi.until("/healthz", |a| !a.body.contains("stage_failing"));
}

#[test]
fn a_loop_that_stands_still_ends_the_process() {
    let place = Place::new();
    let mut hinomi = place.start("detect=sleep(600000);watchdog=return(15)");
    let (status, took) = hinomi.end();
    assert_eq!(status.code(), Some(1), "{}", hinomi.log());
    assert!(took < Duration::from_secs(45), "{took:?}");
    let log = hinomi.log();
    assert!(log.contains("a loop does not move") && log.contains("hinomi: detect does not move any longer"), "{log}");
}

#[test]
fn a_loop_that_has_nothing_to_do_does_not_stand_still() {
    let place = Place::new();
    let mut hinomi = place.start("watchdog=return(15)");
    hinomi.until("/metrics", |a| {
        let since = sample(&a.body, "hinomi_up_since_timestamp_seconds").unwrap();
        owing::now().seconds() as f64 - since > 25.0
    });
    assert!(hinomi.lives());
    assert!(!hinomi.get("/healthz").body.contains("stage_stuck"));
}

/// Writes down why.
#[derive(Default)]
struct Cries(Mutex<Vec<Trouble>>);

#[async_trait]
impl Emergency for Cries {
    async fn tell(&self, trouble: Trouble, detail: &str, _now: Timestamp) {
        assert!(detail.contains("3回"), "{detail}");
        self.0.lock().unwrap().push(trouble);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_road_to_a_person_is_taken_before_the_end() {
    fail::cfg("dispatch", "panic(boom)").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cries = Arc::new(Cries::default());
    let (ports, _sent) = owing::ports(owing::now());
    let ports = Ports { emergency: Some(Arc::clone(&cries) as Arc<dyn Emergency>), ..ports };
    let setup = owing::setup(&folder.path().join("hinomi.db"), WATCHLIST, &["pr@aozora.example"]);
    let mut app = App::build(setup, ports, None).await.unwrap();
    app.start();
    let why = app.failed().await;
    assert_eq!(why, Fatal::Panics(Stage::Dispatch));
    app.cry(why).await;
    assert_eq!(*cries.0.lock().unwrap(), [Trouble::PartStopped]);
    app.stop(Duration::from_secs(5)).await.unwrap();
    fail::remove("dispatch");
}

#[test]
fn systemd_hears_that_we_are_ready_alive_reloading_and_stopping() {
    let place = Place::new();
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut hinomi = Running::of(
        place.command().env("NOTIFY_SOCKET", place.path("notify")).env("FAILPOINTS", "watchdog=return(300)"),
    );
    let mut heard = String::new();
    let mut wait_for = |words: &str| {
        let mut buffer = [0; 4096];
        while !heard.contains(words) {
            let n = socket.recv(&mut buffer).unwrap_or_else(|why| panic!("{words}: {why}; heard {heard:?}"));
            heard += &String::from_utf8_lossy(&buffer[..n]);
            heard.push('\n');
        }
        heard.clear();
    };
    wait_for("READY=1");
    wait_for("WATCHDOG=1");
    hinomi.signal("HUP");
    wait_for("RELOADING=1\nMONOTONIC_USEC=");
    wait_for("READY=1");
    hinomi.signal("TERM");
    wait_for("STOPPING=1");
    assert!(hinomi.end().0.success());
}
