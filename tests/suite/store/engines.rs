//! Both engines hold the same: every view gives the same answer over the same posts.

use hinomi::{
    model::{
        alert::{Delivery, DeliveryState, Rendered},
        incident::{EventKind, IncidentEvent, Level, State},
        post::{Channel, SourceName},
        source::SourceState,
        time::Span,
    },
    store::{Detected, Held, Ingest, Store, StoreParams},
};

use super::{alert, incident};
use crate::harness::store::{ServerDatabase, TestStore, judged, noon};

/// Whatever a column may hold: letters that a comparison may fold, numbers that a division may round, nothing at all.
async fn fill(t: &TestStore) {
    let mut page = vec![
        judged("1", "mei", "不正利用の連絡が来た", 0),
        judged("2", "Bot", "不正利用の連絡が来た", 1),
        judged("3", "mei", "まだ返事がない \"引用\" \\ と\nタブ\t", 10),
        judged("4", "aoi", "一時間後", 61),
        judged("v", "channel", "荷物を投げる動画", 70),
    ];
    page[1].post.title = Some("タイトル".into());
    page[2].mentions[0].0.affected_count = Some(12_345);
    page[3].post.channel = Channel::News;
    page[3].mentions[0].0.evidence.clear();
    page[4].post.views = Some(1_000);
    page[4].post.author_followers = None;
    t.ingest(page).await;
    let mut again = judged("v", "channel", "荷物を投げる動画", 200);
    again.post.views = Some(5_000);
    let mut edited = judged("3", "mei", "編集した", 10);
    edited.mentions[0].0.affected_count = Some(23_456);
    t.ingest(vec![again, edited]).await;

    let source = SourceName("sns".into());
    let state = SourceState { errors: 2, last_error: Some("503".into()), ..SourceState::new(source.clone(), noon()) };
    let batch = Ingest { state: Some(&state), covered: Some(false), known: 3, ..Ingest::of(&source, noon()) };
    t.store.ingest(&batch, &t.ids).await.unwrap();

    let records = t.store.mentions_after(hinomi::model::ids::MentionId(0), 99).await.unwrap();
    let mut burning = incident(records[0].post_id);
    burning.counts.peak_hour = 7;
    burning.counts.normal_hour = 0.3;
    burning.press_at = Some(noon() + Span::minutes(90));
    let event =
        IncidentEvent { at: noon(), kind: EventKind::Opened, reason: "別々の3人".into(), incident: burning };
    let raised = IncidentEvent {
        at: noon() + Span::minutes(5),
        kind: EventKind::Raised,
        incident: hinomi::model::incident::Incident {
            level: Level::Warning,
            state: State::Growing,
            ..event.incident.clone()
        },
        ..event.clone()
    };
    let held = Held {
        incident: event.incident.id,
        at: noon() + Span::minutes(6),
        kind: EventKind::Moved,
        mute: hinomi::model::alert::Mute::ALL[0],
    };
    let found = Detected {
        attached: records.iter().map(|r| (r.id, event.incident.id)).collect(),
        alerts: vec![alert(&event)],
        held: vec![held],
        upto: records.last().unwrap().id,
        events: vec![event, raised],
        ..Detected::default()
    };
    t.store.commit_detection(&found, &t.ids, noon()).await.unwrap();
    let owed = t.store.undrafted(10).await.unwrap();
    let mail = Rendered { message_id: "hn0001.n1@pr.example".into(), subject: "件名".into(), mime: b"X: 1".into() };
    t.store.save_rendered(&owed[0], &mail, &t.ids, noon()).await.unwrap();
    for due in t.store.lease_deliveries(noon(), Span::minutes(5), 10).await.unwrap() {
        let done = Delivery {
            state: DeliveryState::Sent,
            attempts: 1,
            sent_at: Some(noon() + Span::seconds(3)),
            reply: Some("250 ok".into()),
            ..due.delivery
        };
        t.store.record_delivery(&done).await.unwrap();
    }
}

const VIEWS: [&str; 9] = [
    "v_mentions",
    "v_hourly",
    "v_daily",
    "v_incidents",
    "v_incident_events",
    "v_alerts",
    "v_stated_counts",
    "v_sources",
    "v_fates",
];

#[tokio::test]
async fn every_view_answers_the_same_on_every_engine() {
    let stores = TestStore::all().await;
    for t in &stores {
        fill(t).await;
    }
    for view in VIEWS {
        let mut answers = Vec::new();
        for t in &stores {
            let mut answer = t.store.ask(&format!("select * from {view}")).await.unwrap();
            assert!(!answer.rows.is_empty(), "{view} is empty on {}", t.params.shown());
            answer.rows.sort_by_key(|row| serde_json::to_string(row).unwrap());
            answers.push((t.params.shown(), answer));
        }
        let ((_, first), rest) = answers.split_first().unwrap();
        for (place, other) in rest {
            assert_eq!(other.columns, first.columns, "{view} on {place}");
            for (a, b) in first.rows.iter().zip(&other.rows) {
                assert_eq!(b, a, "{view} on {place}");
            }
            assert_eq!(other.rows.len(), first.rows.len(), "{view} on {place}");
        }
    }
}

#[tokio::test]
async fn a_server_is_held_by_one_hinomi_and_free_when_that_one_is_gone() {
    let Some(database) = ServerDatabase::new().await else {
        println!("HINOMI_TEST_POSTGRES names no server");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let params =
        StoreParams { server: Some(database.address.clone()), ..StoreParams::at(folder.path().join("hinomi.db")) };
    let first = Store::open(&params).await.unwrap();
    let refused = Store::open(&params).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    assert!(refused.contains("stop that one first"), "{refused}");
    // Questions need no claim.
    assert!(Store::open_to_read(&params).await.unwrap().ask("select * from v_fates").await.is_ok());
    first.close().await;
    Store::open(&params).await.unwrap().close().await;
}

#[tokio::test]
async fn sums_that_people_ask_for_are_numbers_on_every_engine() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        let answer =
            t.store.ask("select sum(mentions) as n, avg(mentions) as x, max(company) as c from v_hourly").await;
        let row = answer.unwrap().rows.remove(0);
        assert_eq!((row[0].as_i64(), row[1].as_f64(), row[2].as_str()), (Some(2), Some(1.0), Some("しらかば生命")));
    }
}

#[tokio::test]
async fn a_letter_that_one_engine_cannot_hold_does_not_hold_up_a_page() {
    for t in TestStore::all().await {
        let mut odd = judged("1", "mei", "不正利用\0の連絡", 0);
        odd.post.title = Some("\0".into());
        assert_eq!(t.ingest(vec![odd.clone(), judged("2", "aoi", "カードが使われた", 1)]).await.new, 2);
        assert_eq!(t.ingest(vec![odd]).await.duplicates, 1);
        assert_eq!(t.words("select title from v_mentions where title is not null").await, "\u{fffd}");
    }
}
