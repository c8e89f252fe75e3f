use super::*;
use crate::model::post::{Channel, SourceName};

const V2_FRAMES: &str = include_str!("../../../../tests/fixtures/bluesky/v2.jsonl");
const V1_FRAMES: &str = include_str!("../../../../tests/fixtures/bluesky/v1.jsonl");
const NOW: Timestamp = Timestamp::from_seconds(1_795_200_000);

struct Hinomi;

impl Interest for Hinomi {
    fn may_name(&self, json: &str) -> bool {
        json.contains("つばめ電機") || json.contains("\\u3064\\u3070")
    }
    fn names(&self, text: &str) -> bool {
        text.contains("つばめ電機")
    }
}

fn jetstream(hosts: &[&str]) -> Jetstream {
    let name = SourceName("bluesky".into());
    let basics = SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None };
    Jetstream::new(basics, &hosts.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>())
}

fn all(frames: &str) -> Heard {
    let (source, mut whole) = (jetstream(&[]), Heard { cursor: Some(Cursor::default()), ..Heard::default() });
    for frame in frames.lines() {
        let at = whole.cursor.clone().unwrap_or_default();
        let heard = source.read(frame, &Hinomi, &at, NOW).unwrap_or_else(|e| panic!("{frame}: {e}"));
        whole.posts.extend(heard.posts);
        whole.withdrawn.extend(heard.withdrawn);
        whole.passed += heard.passed;
        whole.gap = whole.gap.or(heard.gap);
        whole.ended = whole.ended.or(heard.ended);
        whole.cursor = heard.cursor.or_else(|| source.place(frame, &at, NOW)).or(whole.cursor);
    }
    whole
}

#[test]
fn both_dialects_say_the_same() {
    let (new, old) = (all(V2_FRAMES), all(V1_FRAMES));
    assert_eq!(new.posts, old.posts);
    assert_eq!((&new.withdrawn, new.passed, &new.cursor), (&old.withdrawn, old.passed, &old.cursor));
    let texts: Vec<&str> = new.posts.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["つばめ電機のアプリが落ちた。①", "つばめ電機のアプリ、直ったみたい", "別の話にした"]);
    let post = &new.posts[0];
    assert_eq!(post.external_id, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3l3qo2vuowo2b");
    assert_eq!(
        post.url.as_deref(),
        Some("https://bsky.app/profile/did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/post/3l3qo2vuowo2b")
    );
    // The author's word beside the network's.
    assert_eq!(post.published_at, Timestamp::parse_rfc3339("2026-11-20T00:14:58.100Z"));
    assert_eq!(post.collected_at, Timestamp::parse_rfc3339("2026-11-20T00:15:00.329Z").unwrap());
    assert_eq!(
        new.withdrawn,
        [
            Withdrawn::Post("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3l3qo2vuowo2b".into()),
            Withdrawn::All("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/".into()),
        ]
    );
    assert_eq!(new.passed, 3);
}

#[test]
fn what_the_server_says_of_itself_is_understood() {
    let read = |frame: &str| jetstream(&[]).read(frame, &Hinomi, &Cursor::default(), NOW).unwrap();
    let slow = read(r#"{"$type":"error","error":"ConsumerTooSlow","message":"fell behind"}"#);
    assert_eq!(slow.ended, Some(SourceError::Unavailable("ConsumerTooSlow fell behind".into())));
    let info = |name: &str| {
        read(&format!(
            r#"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#info","name":"{name}","message":"resumed from 77"}}}}"#
        ))
    };
    assert_eq!(info("OutdatedCursor").gap.as_deref(), Some("resumed from 77"));
    assert_eq!(info("FutureCursor"), Heard::default());
    let source = jetstream(&[]);
    assert!(source.too_late(400, r#"{"error":"CursorTooOld"}"#) && !source.too_late(400, "bad kinds"));
    assert!(!source.too_late(404, ""));
}

#[test]
fn a_record_can_neither_move_our_place_nor_take_a_post_back() {
    let hostile = r#"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","collection":"app.bsky.feed.post","did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","operation":"create","record":{"operation":"delete","time":"2026-11-20T23:00:00Z","text":7,"account":{"active":false},"did":"did:plc:b"},"rev":"r","rkey":"k","seq":5,"time":"2026-11-20T00:00:00.000001Z"}}"#;
    let source = jetstream(&[]);
    for about in [&Hinomi as &dyn Interest, &Everybody] {
        let heard = source.read(hostile, about, &Cursor::default(), NOW).unwrap();
        assert!(heard.withdrawn.is_empty() && heard.posts.is_empty() && heard.passed == 1, "{heard:?}");
        let reached = heard.cursor.or_else(|| source.place(hostile, &Cursor::default(), NOW)).unwrap();
        assert_eq!(reached.0, "1795132800000000");
    }
}

struct Everybody;

impl Interest for Everybody {
    fn may_name(&self, _: &str) -> bool {
        true
    }
    fn names(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn our_place_never_goes_back_nor_ahead_of_the_clock() {
    let at = Cursor("1795133700329000".into());
    let back = reached(&at, Some(Timestamp::from_seconds(1_700_000_000)), NOW).unwrap();
    assert_eq!(back, at);
    let ahead = reached(&at, Some(NOW + Span::days(9000)), NOW).unwrap();
    assert_eq!(ahead.0, format!("{}000", NOW.millis()));
}

#[test]
fn each_server_is_called_in_both_dialects_a_little_before_where_we_were() {
    let source = jetstream(&["a.example", "wss://b.example/subscribe"]);
    let mut state = SourceState::new(SourceName("bluesky".into()), NOW);
    let mut url = |errors, cursor: &str| {
        (state.errors, state.cursor.0) = (errors, cursor.to_owned());
        source.hello(&state, NOW).url
    };
    let v2 = "wss://a.example/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&kinds=account&collections=app.bsky.feed.post";
    assert_eq!(url(0, ""), v2);
    assert_eq!(url(4, "1795133700329308"), format!("{v2}&cursor=1795133695329308"));
    assert_eq!(url(1, ""), "wss://a.example/subscribe?wantedCollections=app.bsky.feed.post");
    assert_eq!(url(2, ""), "wss://b.example/subscribe?wantedCollections=app.bsky.feed.post");
}

#[test]
fn what_is_no_server_is_said_where_it_stands() {
    use crate::collect::kind::Field;
    let wrong = |host: &str| wrong(&Fields::default().with("hosts", Field::Texts(vec![host.into()]))).map(|w| w.key);
    assert_eq!(wrong("jetstream.example"), None);
    assert_eq!(wrong("ws://127.0.0.1:6008"), None);
    for bad in ["https://jetstream.example", "wss://", "a b", "wss://user:pw@jetstream.example"] {
        assert_eq!(wrong(bad), Some("hosts"), "{bad}");
    }
}
