//! The store on a real SQLite file, and on a real PostgreSQL server where `HINOMI_TEST_POSTGRES` names one.

mod bad_days;
mod edits;
mod engines;
mod health;
mod networks;

use hinomi::{
    model::{
        alert::{Alert, Delivery, DeliveryState, Reason, Rendered},
        ids::{AlertId, IncidentId, PostId},
        incident::{Counts, DetectorName, EventKind, Finding, Incident, IncidentEvent, IncidentRole, Level, State},
        mention::{Category, Fate},
        post::SourceName,
        time::Span,
        watch::CompanyName,
    },
    store::{Detected, Ingest, Store, statements},
};
use sqlx::{AnyConnection, Connection, Executor, SqlSafeStr};

use crate::harness::store::{TestStore, judged, noon};

#[tokio::test]
async fn every_statement_prepares() {
    for t in TestStore::all().await {
        let file = format!("sqlite://{}?mode=rw", t.folder.path().join("hinomi.db").display());
        let address = t.params.server.as_ref().map_or(file.as_str(), |server| server.expose());
        let mut connection = AnyConnection::connect(address).await.unwrap();
        let all = statements();
        assert!(all.len() > 30, "the list of statements has shrunk to {}", all.len());
        for (name, text) in all {
            if let Err(error) = (&mut connection).prepare(text.into_sql_str()).await {
                panic!("{name}: {error}\n{text}");
            }
        }
    }
}

/// Others rely on these columns: a view may gain some and never lose one.
#[tokio::test]
async fn views_keep_their_columns() {
    for t in TestStore::all().await {
        let promised = [
            (
                "v_mentions",
                "mention_id company published_epoch published_jst collected_epoch delay_s channel source author \
                 author_followers url title text category score stance polarity evidence reach repost_of incident_id \
                 cluster_id is_duplicate",
            ),
            ("v_hourly", "company hour_epoch hour_jst category mentions authors firsthand"),
            ("v_daily", "company day_jst mentions authors negative praise leak complaint press max_reach"),
            (
                "v_incidents",
                "incident_id company category role level level_name state first_post_epoch first_post_jst detected_epoch \
                 detected_jst first_press_epoch first_press_jst peak_per_hour peak_ratio closed_jst mentions authors \
                 firsthand stated_count stated_source lead_min",
            ),
            ("v_incident_events", "incident_id at_epoch at_jst kind from_value to_value text"),
            ("v_alerts", "alert_id incident_id company sent_epoch sent_jst level state rule subject recipients"),
            ("v_stated_counts", "incident_id at_jst number source times_seen"),
            (
                "v_sources",
                "source channel status last_ok_jst last_error lag_p50_s lag_p95_s items_24h expected_24h quota_used \
                 quota_limit errors visits next_due_jst visits_24h failed_24h not_modified_24h bytes_24h saved_bytes_24h",
            ),
            ("v_fates", "source hour_jst hour_epoch fate posts"),
        ];
        for (view, columns) in promised {
            let answer = t.store.ask(&format!("select * from {view}")).await.unwrap();
            for column in columns.split_whitespace() {
                assert!(answer.columns.iter().any(|c| c == column), "{view} has lost {column}: {:?}", answer.columns);
            }
        }
    }
}

#[tokio::test]
async fn the_same_page_twice_counts_once() {
    for t in TestStore::all().await {
        let page = || {
            let mut elsewhere = judged("3", "ken", "天気がいい", 2);
            elsewhere.mentions.clear();
            vec![judged("1", "mei", "不正利用の連絡が来た", 0), judged("2", "aoi", "カードが使われた", 1), elsewhere]
        };
        let first = t.ingest(page()).await;
        assert_eq!((first.new, first.mentions, first.not_about_us, first.duplicates), (3, 2, 1, 0));
        let second = t.ingest(page()).await;
        assert_eq!((second.new, second.mentions, second.duplicates), (0, 0, 3));
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'all'").await, 2);
        assert_eq!(t.number("select count(*) from v_mentions").await, 2);
        // Fetched = sum of fates.
        assert_eq!(t.number("select sum(posts) from v_fates").await, 6);
    }
}

#[tokio::test]
async fn copies_and_chatterboxes_count_once() {
    for t in TestStore::all().await {
        t.ingest(vec![
            judged("1", "mei", "不正利用の連絡が来た", 0),
            judged("2", "bot", "不正利用の連絡が来た", 1),
            judged("3", "mei", "まだ返事がない", 10),
            judged("4", "mei", "一時間たっても返事がない", 61),
        ])
        .await;
        assert_eq!(
            t.words("select fate from v_mentions order by mention_id").await,
            "counted same_text same_author counted"
        );
        assert_eq!(t.number("select sum(originals) from v_hourly where category = 'leak'").await, 2);
        assert_eq!(t.number("select sum(mentions) from v_hourly where category = 'leak'").await, 4);
    }
}

#[tokio::test]
async fn a_video_seen_again_with_more_views_is_a_snapshot_and_no_new_mention() {
    for t in TestStore::all().await {
        let video = |views: u64, minutes: i64| {
            let mut j = judged("v1", "channel", "荷物を投げる動画", minutes);
            j.post.views = Some(views);
            j
        };
        t.ingest(vec![video(1_000, 0)]).await;
        t.ingest(vec![video(1_020, 5)]).await;
        t.ingest(vec![video(2_500, 60)]).await;
        assert_eq!(t.number("select count(*) from v_mentions").await, 1);
        assert_eq!(t.number("select views from v_mentions").await, 2_500);
        let records = t.store.mentions_after(hinomi::model::ids::MentionId(0), 10).await.unwrap();
        let seen: Vec<_> = records.iter().map(|r| (r.fate, r.post.views)).collect();
        assert_eq!(seen, [(Fate::Counted, Some(1_000)), (Fate::Snapshot, Some(2_500))]);
    }
}

#[tokio::test]
async fn what_is_read_back_is_what_was_stored() {
    for t in TestStore::all().await {
        let stored = judged("1", "mei", "不正利用の連絡が来た", 0);
        t.ingest(vec![stored.clone()]).await;
        let records = t.store.mentions_after(hinomi::model::ids::MentionId(0), 10).await.unwrap();
        assert_eq!(records[0].post, stored.post);
        assert_eq!(records[0].mention, stored.mentions[0].0);
        assert_eq!((&records[0].author_key, &records[0].text_key), (&stored.author_key, &stored.text_key));
    }
}

#[tokio::test]
async fn a_time_without_any_visit_that_worked_is_unknown_and_not_calm() {
    for t in TestStore::all().await {
        for (minutes, ok) in [(0, true), (15, true), (30, false), (45, true), (45 + 180, true)] {
            let (source, now) = (SourceName("sns".into()), noon() + Span::minutes(minutes));
            let batch = Ingest { covered: Some(ok), ..Ingest::of(&source, now) };
            t.store.ingest(&batch, &t.ids).await.unwrap();
        }
        let now = noon() + Span::minutes(240);
        let blind = t.store.blind_buckets(noon(), now, Some(Span::hours(1))).await.unwrap();
        let minutes: Vec<i64> = blind.iter().map(|at| (*at - noon()).as_minutes()).collect();
        // The failed visit, and the three hours while nobody looked; a quarter of an hour between visits is nothing.
        assert_eq!(minutes.first_chunk(), Some(&[30, 50, 55]));
        assert_eq!((minutes.last(), minutes.len()), (Some(&220), 1 + 35));
        // Off since then: the time up to now is unknown too, also where nothing older is asked for.
        let much_later = now + Span::hours(48);
        let blind = t.store.blind_buckets(much_later - Span::hours(1), much_later, Some(Span::hours(1))).await.unwrap();
        assert_eq!(blind.len(), 12);
        assert!(t.store.blind_buckets(noon(), much_later, None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn questions_cannot_write() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        for attack in ["delete from mention", "drop view v_mentions", "pragma query_only = off; delete from mention"] {
            assert!(t.store.ask(attack).await.is_err() || t.number("select count(*) from v_mentions").await == 1);
        }
        assert_eq!(t.number("select count(*) from v_mentions").await, 1);
    }
}

fn incident(origin: PostId) -> Incident {
    Incident {
        id: IncidentId(7),
        number: 1,
        company: CompanyName("しらかば生命".into()),
        category: Category::LEAK,
        role: IncidentRole::Unknown,
        level: Level::Notice,
        state: State::New,
        finding: Finding {
            detector: DetectorName::Ember,
            category: Category::LEAK,
            at: noon(),
            observed: 3.0,
            expected: 0.0,
            window: Span::days(90),
            p_value: None,
            origin: None,
            why: "90日で別々の3人".into(),
        },
        origin_post: origin,
        origin_external_id: "1".into(),
        first_post_at: noon(),
        opened_at: noon(),
        last_seen_at: noon(),
        changed_at: noon(),
        closed_at: None,
        press_at: None,
        affected: None,
        counts: Counts { mentions: 1, originals: 1, ..Counts::default() },
        channels: Vec::new(),
        reasons: Vec::new(),
    }
}

fn alert(event: &IncidentEvent) -> Alert {
    Alert {
        id: AlertId(9),
        incident: event.incident.id,
        sequence: 1,
        reason: Reason::First,
        level: event.incident.level,
        state: event.incident.state,
        created_at: noon(),
        event: event.clone(),
        recipients: vec!["a@pr.example".into(), "b@pr.example".into()],
    }
}

#[tokio::test]
async fn an_alert_outlives_the_program_and_is_leased_to_one_mailer() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        let record = t.store.mentions_after(hinomi::model::ids::MentionId(0), 1).await.unwrap().remove(0);
        let event = IncidentEvent {
            at: noon(),
            kind: EventKind::Opened,
            reason: "別々の3人が訴え".into(),
            incident: incident(record.post_id),
        };
        let found = Detected {
            events: vec![event.clone()],
            attached: vec![(record.id, event.incident.id)],
            alerts: vec![alert(&event)],
            upto: record.id,
            ..Detected::default()
        };
        t.store.commit_detection(&found, &t.ids, noon()).await.unwrap();
        t.store.close().await;

        let store = Store::open(&t.params).await.unwrap();
        assert_eq!(store.detected_upto().await.unwrap(), record.id);
        assert_eq!(store.live_incidents(noon()).await.unwrap(), std::slice::from_ref(&event.incident));
        assert_eq!(store.owed().await.unwrap(), 1);

        let owed = store.undrafted(10).await.unwrap();
        assert_eq!(owed, [alert(&event)]);
        let mail =
            Rendered { message_id: "hn0001.n1@pr.example".into(), subject: "件名".into(), mime: b"X: 1\r\n".into() };
        store.save_rendered(&owed[0], &mail, &t.ids, noon()).await.unwrap();
        // Bytes, once stored, never change.
        let other = Rendered { mime: b"X: 2\r\n".into(), ..mail.clone() };
        store.save_rendered(&owed[0], &other, &t.ids, noon()).await.unwrap();

        let due = store.lease_deliveries(noon(), Span::minutes(5), 10).await.unwrap();
        assert_eq!(
            due.iter().map(|d| d.delivery.recipient.as_str()).collect::<Vec<_>>(),
            ["a@pr.example", "b@pr.example"]
        );
        assert!(due.iter().all(|d| d.mail == mail));
        assert!(store.lease_deliveries(noon(), Span::minutes(5), 10).await.unwrap().is_empty());
        // A mailer that died gives its deliveries back when the lease ends.
        assert_eq!(store.lease_deliveries(noon() + Span::minutes(6), Span::minutes(5), 10).await.unwrap().len(), 2);

        let sent = Delivery {
            state: DeliveryState::Sent,
            attempts: 1,
            sent_at: Some(noon()),
            reply: Some("250 ok".into()),
            ..due[0].delivery.clone()
        };
        store.record_delivery(&sent).await.unwrap();
        assert_eq!(store.owed().await.unwrap(), 1);
        let told = store.ask("select delivered, undelivered from v_alerts").await.unwrap();
        assert_eq!(told.rows, [[serde_json::json!(1), serde_json::json!(1)]]);
        assert_eq!(store.told(event.incident.id).await.unwrap().len(), 1);
        assert_eq!(store.told_event(event.incident.id, 1).await.unwrap(), Some(event));
    }
}

#[tokio::test]
async fn names_of_authors_outside_open_incidents_are_dropped_and_their_pseudonyms_stay() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        assert_eq!(t.words("select author from v_mentions").await, "mei");
        t.store.tidy(noon() + Span::days(3)).await.unwrap();
        assert_eq!(t.words("select author from v_mentions").await, "key of mei");
    }
}

#[tokio::test]
async fn texts_are_dropped_after_ninety_days_and_what_was_found_in_them_stays() {
    for t in TestStore::all().await {
        t.ingest(vec![judged("1", "mei", "不正利用の連絡が来た", 0)]).await;
        t.store.tidy(noon() + Span::days(89)).await.unwrap();
        assert_eq!(t.words("select text from v_mentions").await, "不正利用の連絡が来た");
        t.store.tidy(noon() + Span::days(91)).await.unwrap();
        assert_eq!(t.words("select text from v_mentions").await, "");
        assert_eq!(t.words("select evidence_detail from v_mentions").await, "[]");
        assert_eq!(t.words("select category from v_mentions").await, "leak");
    }
}

#[tokio::test]
async fn what_an_operator_lets_us_keep_for_a_week_is_gone_after_a_week_also_when_its_source_is_gone() {
    for t in TestStore::all().await {
        let mut video = judged("1", "mei", "不正利用の連絡が来た", 0);
        (video.post.views, video.post.title) = (Some(300), Some("題名".into()));
        video.post.source = SourceName("week".into());
        t.ingest(vec![video, judged("2", "sora", "また不正利用の連絡が来た", 1)]).await;
        let kept = [(SourceName("week".into()), Some(Span::days(7))), (SourceName("sns".into()), None)];
        t.store.keep_for(&kept).await.unwrap();
        let texts = "select body from post order by external_id";
        t.store.tidy(noon() + Span::days(6)).await.unwrap();
        assert_eq!(t.words(texts).await, "不正利用の連絡が来た また不正利用の連絡が来た");
        // From here on nobody speaks of that source any more.
        t.store.keep_for(&[]).await.unwrap();
        t.store.tidy(noon() + Span::days(8)).await.unwrap();
        assert_eq!(t.words(texts).await, " また不正利用の連絡が来た");
        let left = "select count(*) from post where title is not null or views is not null or author_followers is null";
        assert_eq!(t.number(left).await, 1);
        assert_eq!(t.number("select count(*) from mention where evidence = '[]'").await, 1);
        assert_eq!(t.number("select count(*) from mention where category = 'leak'").await, 2);
        // The operator thought better of it: the usual time holds again, for what is still there.
        t.store.keep_for(&[(SourceName("week".into()), None)]).await.unwrap();
        assert_eq!(t.number("select count(*) from retention").await, 0);
    }
}
