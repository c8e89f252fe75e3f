//! Another configuration while it runs: whole or not at all, and nothing that burns is forgotten.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use hinomi::{
    alert::notifier::{Class, Notifier, NotifyError, Receipt},
    app::service::{App, Ports},
    model::{
        alert::Rendered,
        incident::EventKind,
        time::{Span, Timestamp},
    },
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::harness::{
    owing::{self, GRAVE, post, take_in},
    process::{Place, WATCHLIST, config, sample},
};

const SECOND: &str = "[[source]]\nname = \"more\"\nkind = \"jsonl\"\npath = \"more.jsonl\"\nsource_type = \"blog\"\n";
const OK: &str = "hinomi_config_last_reload_success";

#[test]
fn a_wrong_configuration_is_not_taken_over_and_every_mistake_is_told() {
    let place = Place::new();
    let mut hinomi = place.start("");
    let broken = config(9).replace("port = 9", "prot = 9").replace("[alert]", "[alrt]");
    place.write("hinomi.toml", &broken);
    place.write("watchlist.toml", "[[company]]\nnames = \"青空テレコム\"\n");
    hinomi.signal("HUP");
    hinomi.wait_for("The old one stays in force");
    for mistake in [
        "hinomi.toml:7:1: unknown key \"prot\" — did you mean \"port\"",
        "\"alrt\"",
        "watchlist.toml:2:1: unknown key \"names\"",
    ] {
        hinomi.wait_for(mistake);
    }
    let health = hinomi.until("/healthz", |a| a.body.contains("config_reload_failed"));
    assert_eq!(health.code, 200);
    assert_eq!(hinomi.metric(OK), Some(0.0));
    assert_eq!(hinomi.get("/readyz").code, 200, "it watches by the old one");
    let log = hinomi.log();
    assert_eq!(log.matches("configuration not taken over").count(), 5, "once each:\n{log}");

    // Mended without a signal: the files are looked at.
    place.write("hinomi.toml", &config(9));
    place.write("watchlist.toml", WATCHLIST);
    hinomi.wait_for("Read the configuration again: 1 companies, 1 sources");
    hinomi.until("/healthz", |a| !a.body.contains("config_reload_failed"));
    assert_eq!(hinomi.metric(OK), Some(1.0));
}

#[test]
fn a_configuration_that_cannot_run_is_as_wrong_as_one_that_cannot_be_read() {
    let place = Place::new();
    let mut hinomi = place.start("");
    let nowhere = config(9);
    place.write("hinomi.toml", nowhere.split("[[source]]").next().unwrap());
    hinomi.wait_for("The old one stays in force");
    hinomi.wait_for("there is nowhere to look");
    assert_eq!(hinomi.metric(OK), Some(0.0));
}

#[test]
fn sources_and_companies_are_taken_over_and_what_needs_a_restart_is_said() {
    let place = Place::new();
    let mut hinomi = place.start("");
    let visited = |body: &str| body.matches("hinomi_source_last_success_timestamp_seconds{").count();
    hinomi.until("/metrics", |a| visited(&a.body) == 1);
    place.write("more.jsonl", "");
    place.write("watchlist.toml", &(WATCHLIST.to_owned() + "[[company]]\nname = \"みどり屋通販\"\n"));
    let changed = config(9).replace("127.0.0.1:0", "127.0.0.1:8731") + SECOND + "[store]\npath = \"elsewhere.db\"\n";
    place.write("hinomi.toml", &changed);
    hinomi.signal("HUP");
    hinomi.wait_for("Read the configuration again: 2 companies, 2 sources");
    hinomi.wait_for("[store] path needs a restart");
    hinomi.wait_for("[web] listen needs a restart");
    hinomi.until("/metrics", |a| visited(&a.body) == 2);
    assert!(!place.path("elsewhere.db").exists());

    // An editor that writes a new file and moves it over the old one; the first source leaves.
    let only_the_second =
        config(9).replace("name = \"voices\"", "name = \"more\"").replace("posts.jsonl", "more.jsonl");
    place.write("hinomi.toml.new", &only_the_second);
    std::fs::rename(place.path("hinomi.toml.new"), place.path("hinomi.toml")).unwrap();
    hinomi.wait_for("Read the configuration again: 2 companies, 1 sources");
    hinomi.until("/metrics", |a| visited(&a.body) == 1);
    assert_eq!(sample(&hinomi.get("/metrics").body, OK), Some(1.0));
}

/// An app with one open incident, and what was sent for it.
async fn burning(folder: &tempfile::TempDir, at: Timestamp) -> (App, UnboundedReceiver<String>) {
    let (ports, mut sent) = owing::ports(at);
    let setup = owing::setup(&folder.path().join("hinomi.db"), WATCHLIST, &["old@aozora.example"]);
    let app = App::build(setup, ports, None).await.unwrap();
    take_in(&app, vec![post("grave", "aya", GRAVE, at)], at).await;
    assert_eq!(app.pipeline().detect_once(at).await.unwrap().events.len(), 1);
    assert_eq!(app.pipeline().dispatch_once(at).await.unwrap().sent, 1);
    assert_eq!(sent.try_recv().unwrap(), "old@aozora.example");
    (app, sent)
}

/// Looks every ten minutes until the incident is over; returns what was told.
async fn burn_down(app: &App, from: Timestamp) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    for step in 1..(10 * 24 * 6) {
        let at = from + Span::minutes(10).times(step);
        let report = app.pipeline().detect_once(at).await.unwrap();
        kinds.extend(report.events.iter().map(|e| e.kind));
        app.pipeline().dispatch_once(at).await.unwrap();
        if app.pipeline().store().standing().await.unwrap().open.is_empty() {
            return kinds;
        }
    }
    panic!("it never ended: {kinds:?}");
}

#[tokio::test]
async fn a_company_that_leaves_while_it_burns_is_watched_to_the_end_and_those_who_know_hear_of_it() {
    let (folder, at) = (tempfile::tempdir().unwrap(), owing::now());
    let (app, _) = burning(&folder, at).await;
    let (ports, mut sent) = owing::ports(at);
    let other = "[[company]]\nname = \"みどり屋通販\"\nrecipients = [\"others\"]\n";
    app.adopt(owing::setup(&folder.path().join("hinomi.db"), other, &["new@aozora.example"]), ports).await.unwrap();

    // Nobody looks for posts of it any longer.
    let later = at + Span::minutes(5);
    take_in(&app, vec![post("second", "ken", &GRAVE.replace("サポート", "窓口"), later)], later).await;
    assert!(app.pipeline().detect_once(later).await.unwrap().events.is_empty());
    let kinds = burn_down(&app, later).await;
    assert!(!kinds.contains(&EventKind::Opened), "{kinds:?}");
    let mut told = Vec::new();
    while let Ok(recipient) = sent.try_recv() {
        told.push(recipient);
    }
    assert!(!told.is_empty() && told.iter().all(|r| r == "old@aozora.example"), "{told:?}");
}

#[tokio::test]
async fn what_was_seen_before_a_reload_is_known_after_it() {
    let (folder, at) = (tempfile::tempdir().unwrap(), owing::now());
    let (app, _) = burning(&folder, at).await;
    let (ports, mut sent) = owing::ports(at);
    let more = WATCHLIST.to_owned() + "budget = 2.0\n[[company]]\nname = \"みどり屋通販\"\n";
    let database = folder.path().join("hinomi.db");
    app.adopt(owing::setup(&database, &more, &["new@aozora.example"]), ports).await.unwrap();
    let report = app.pipeline().detect_once(at + Span::minutes(1)).await.unwrap();
    assert!(report.events.is_empty(), "the fire is raised a second time: {:?}", report.events);
    // The new company is found from now on, and the new address is told of what changes.
    let later = at + Span::minutes(2);
    take_in(&app, vec![post("m", "mio", &GRAVE.replace("青空テレコム", "みどり屋通販"), later)], later).await;
    let report = app.pipeline().detect_once(later).await.unwrap();
    assert_eq!(report.events.iter().map(|e| e.incident.company.0.as_str()).collect::<Vec<_>>(), ["みどり屋通販"]);
    app.pipeline().dispatch_once(later).await.unwrap();
    assert_eq!(sent.try_recv().unwrap(), "other@aozora.example");
    burn_down(&app, later).await;
    let told: BTreeSet<String> = std::iter::from_fn(|| sent.try_recv().ok()).collect();
    assert_eq!(told, ["new@aozora.example".to_owned(), "other@aozora.example".to_owned()].into());
}

/// A login that is wrong.
struct Refuses;

#[async_trait]
impl Notifier for Refuses {
    async fn send(&self, _mail: &Rendered, _recipient: &str) -> Result<Receipt, NotifyError> {
        Err(NotifyError { class: Class::Config, reply: "535 no".into() })
    }
}

#[tokio::test]
async fn a_mail_server_that_was_mended_gets_what_is_held_at_once() {
    let (folder, at) = (tempfile::tempdir().unwrap(), owing::now());
    let database = folder.path().join("hinomi.db");
    let setup = || owing::setup(&database, WATCHLIST, &["pr@aozora.example"]);
    let (ports, _) = owing::ports(at);
    let app = App::build(setup(), Ports { notifier: Arc::new(Refuses), ..ports }, None).await.unwrap();
    take_in(&app, vec![post("grave", "aya", GRAVE, at)], at).await;
    app.pipeline().detect_once(at).await.unwrap();
    assert_eq!(app.pipeline().dispatch_once(at).await.unwrap().failed, 1);
    let soon = at + Span::seconds(1);
    assert_eq!(app.pipeline().dispatch_once(soon).await.unwrap().failed, 0, "held");
    let standing = app.pipeline().store().standing().await.unwrap();
    assert_eq!((standing.held, standing.outbox.len(), standing.open.len()), (1, 1, 1));

    let (ports, mut sent) = owing::ports(soon);
    app.adopt(setup(), ports).await.unwrap();
    assert_eq!(app.pipeline().dispatch_once(soon).await.unwrap().sent, 1);
    assert_eq!(sent.try_recv().unwrap(), "pr@aozora.example");
    assert_eq!(app.pipeline().store().standing().await.unwrap().held, 0);
    app.stop(Duration::from_secs(5)).await.unwrap();
}
