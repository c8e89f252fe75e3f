use super::*;
use crate::{
    collect::{
        budget::pacific_day,
        kind::{Field, Fields},
        source::{Next, Place},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        source::{Cursor, Withdrawn},
    },
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_140_000); // 2026-11-20 02:00 UTC
const SEARCH: &str = include_str!("../../../../tests/fixtures/youtube/search.json");
const VIDEOS: &str = include_str!("../../../../tests/fixtures/youtube/videos.json");
const COMMENTS: &str = include_str!("../../../../tests/fixtures/youtube/comments.json");
const QUOTA: &str = include_str!("../../../../tests/fixtures/youtube/quota-exceeded.json");
const MUTE: &str = include_str!("../../../../tests/fixtures/youtube/comments-disabled.json");
const KEY: &str = include_str!("../../../../tests/fixtures/youtube/key-invalid.json");

fn source() -> YoutubeSource {
    let name = SourceName("yt".into());
    let basics = SourceBasics { name, source_type: SourceType::Video, channel: Channel::Video, poll_every: None };
    let words = vec!["青空テレコム".to_owned(), "みどり屋通販".to_owned()];
    let fields =
        Fields::default().with("words", Field::Texts(words)).with("key", Field::Secret(Secret::new("the-key")));
    YoutubeSource::new(basics, &fields)
}

fn new_state() -> SourceState {
    SourceState::new(SourceName("yt".into()), NOW)
}

fn said(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

fn reserved(state: &SourceState, now: Timestamp) -> Option<SourceState> {
    let r = source().reserve(state, now)?;
    Some(SourceState { cursor: r.cursor, meter: Some(r.meter), ..state.clone() })
}

fn url(state: &SourceState, now: Timestamp) -> String {
    match source().request(state, now) {
        Question::Ask(Request { place: Place::Web(url), secrets, .. }) => {
            assert!(!url.contains("the-key") && secrets.iter().any(|s| s.0 == "x-goog-api-key"), "{url}");
            url
        }
        other => panic!("{other:?}"),
    }
}

/// One question of the kind `path`, and its answer.
fn round(state: &mut SourceState, path: &str, status: u16, body: &str, now: Timestamp) -> Page {
    *state = reserved(state, now).expect("something to ask");
    let asked = url(state, now);
    assert!(asked.contains(path), "{asked}");
    let page = source().read(&said(status, body), state, now).unwrap();
    (state.cursor, state.meter) = (page.cursor.clone(), page.meter);
    page
}

fn memory(state: &SourceState, now: Timestamp) -> Memory {
    Memory::of(state, &source().params, now)
}

/// A state in which the search and the first look are done.
fn known() -> SourceState {
    let mut state = new_state();
    round(&mut state, "/search?", 200, SEARCH, NOW);
    if memory(&state, NOW).paging.is_some() {
        round(&mut state, "/search?", 200, r#"{"items":[]}"#, NOW);
    }
    state
}

#[test]
fn a_search_finds_and_a_look_brings_the_words() {
    let mut state = new_state();
    let found = round(&mut state, "q=%E9%9D%92%E7%A9%BA%E3%83%86%E3%83%AC%E3%82%B3%E3%83%A0%7C", 200, SEARCH, NOW);
    assert_eq!((found.posts.len(), found.skipped, found.next), (0, 2, Next::AtOnce));
    // One of 2099 does not hide what comes before.
    assert!(memory(&state, NOW).newest <= NOW);
    let mut state = known();
    let page = round(&mut state, "/videos?", 200, VIDEOS, NOW);
    assert_eq!(page.posts.len(), 2);
    let post = &page.posts[0];
    assert_eq!(post.title.as_deref(), Some("青空テレコムのアプリ&回線、正直レビュー"));
    assert_eq!((post.views, post.url.as_deref()), (Some(3456), Some("https://www.youtube.com/watch?v=AbCdEfGhIjK")));
    assert!(post.text.contains("後半は電話のはなし"));
    // Hidden numbers are no numbers.
    assert_eq!(page.posts[1].views, None);
}

#[test]
fn comments_are_read_only_under_videos_that_name_a_word() {
    let mut state = known();
    round(&mut state, "/videos?", 200, VIDEOS, NOW);
    let page = round(&mut state, "/commentThreads?", 200, COMMENTS, NOW);
    let said: Vec<_> = page.posts.iter().map(|p| (p.external_id.as_str(), p.text.as_str(), p.source_type)).collect();
    assert_eq!(
        said,
        [
            ("AbCdEfGhIjK/UgAAA", "青空テレコム、通知が来ない\n困る", SourceType::Comment),
            ("AbCdEfGhIjK/UgAAA.r1", "同じく & 電話も\nだめ", SourceType::Comment),
        ]
    );
    assert!(page.posts[0].url.as_deref().unwrap().ends_with("watch?v=AbCdEfGhIjK&lc=UgAAA"));
    assert_eq!(page.skipped, 1);
    // The second page has nothing; the other video is not about us.
    let page = round(&mut state, "pageToken=QURT", 200, r#"{"items":[]}"#, NOW);
    assert!(matches!(page.next, Next::At(_)), "{:?}", page.next);
}

#[test]
fn a_video_without_comments_is_asked_once() {
    let mut state = known();
    round(&mut state, "/videos?", 200, VIDEOS, NOW);
    let page = round(&mut state, "/commentThreads?", 403, MUTE, NOW);
    assert_eq!(page.failure, None);
    let later = NOW + Span::hours(5);
    let mut state = SourceState { cursor: quiet(&state, later), ..state };
    round(&mut state, "/videos?", 200, &VIDEOS.replace("\"38\"", "\"99\""), later);
    assert!(reserved(&state, later).is_none());
}

/// The same, with the next search far away.
fn quiet(state: &SourceState, now: Timestamp) -> Cursor {
    let mut memory = memory(state, now);
    memory.search_at = now + Span::days(9);
    memory.cursor()
}

#[test]
fn a_video_that_is_missing_twice_is_gone_with_all_that_was_said_under_it() {
    let mut state = known();
    round(&mut state, "/videos?", 200, VIDEOS, NOW);
    let mut now = NOW;
    let mut gone = Vec::new();
    for _ in 0..2 {
        now = now + Span::hours(7);
        state.cursor = quiet(&state, now);
        gone.push(round(&mut state, "/videos?", 200, r#"{"items":[]}"#, now).withdrawn);
    }
    // One that was found and never seen is missing for the second time here.
    assert!(!gone[0].contains(&Withdrawn::Post("AbCdEfGhIjK".into())));
    assert!(gone[1].contains(&Withdrawn::Post("AbCdEfGhIjK".into())));
    assert!(gone[1].contains(&Withdrawn::All("AbCdEfGhIjK/".into())));
    assert_eq!(memory(&state, now).videos, []);
}

#[test]
fn a_quota_that_is_gone_is_gone_until_midnight_in_california() {
    let mut state = new_state();
    let page = round(&mut state, "/search?", 403, QUOTA, NOW);
    let until = pacific_day(NOW).1;
    assert_eq!(page.failure, Some(SourceError::Spent { until }));
    let meter = state.meter.unwrap();
    assert_eq!((format!("{} of {}", meter.used, meter.limit), meter.resets_at), ("100 of 100".into(), until));
    assert_eq!(source().request(&state, NOW), Question::Blind(SourceError::Spent { until }));
    // The next day it is asked again.
    assert!(matches!(source().request(&state, until), Question::Ask(_)));
}

#[test]
fn a_wrong_key_is_named_as_such() {
    let mut state = new_state();
    let page = round(&mut state, "/search?", 400, KEY, NOW);
    assert!(matches!(page.failure, Some(SourceError::Credential(why)) if why.contains("API key not valid")));
    let mut state = new_state();
    let page = round(&mut state, "/search?", 400, "not even JSON", NOW);
    assert!(matches!(page.failure, Some(SourceError::Malformed(_))));
    for broken in ["", "{}", "[]", r#"{"items":null}"#, r#"{"items":{}}"#] {
        assert!(source().read(&said(200, broken), &reserved(&new_state(), NOW).unwrap(), NOW).is_err(), "{broken}");
    }
}

#[test]
fn a_service_that_repeats_its_pages_does_not_keep_us() {
    let mut state = new_state();
    let mut asked = 0;
    while let Some(written) = reserved(&state, NOW) {
        let path = url(&written, NOW);
        let body = match path.as_str() {
            p if p.contains("/search?") => SEARCH,
            p if p.contains("/videos?") => VIDEOS,
            _ => COMMENTS,
        };
        state.cursor = source().read(&said(200, body), &written, NOW).unwrap().cursor;
        asked += 1;
        assert!(asked < 20, "it does not end: {path}");
    }
}

#[test]
fn the_day_is_not_used_twice_when_the_cursor_cannot_be_read() {
    let mut state = new_state();
    round(&mut state, "/search?", 403, QUOTA, NOW);
    state.cursor = Cursor("rubbish".into());
    assert!(memory(&state, NOW).searches.used() >= 100);
    let other = Memory::of(&new_state(), &source().params, NOW);
    assert_eq!(other.searches.used(), 0);
}
