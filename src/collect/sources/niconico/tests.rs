use super::*;
use crate::{
    collect::{kind::Field, source::Place},
    model::post::{Channel, SourceName},
};

const SEARCH: &str = include_str!("../../../../tests/fixtures/niconico/search.json");

fn source() -> NiconicoSource {
    let name = SourceName("nico".into());
    let basics = SourceBasics { name, source_type: SourceType::Video, channel: Channel::Video, poll_every: None };
    let words = vec!["青空テレコム".to_owned(), "みどり屋通販".to_owned()];
    NiconicoSource::new(basics, &Fields::default().with("words", Field::Texts(words)))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn said(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

fn url(state: &SourceState, now: Timestamp) -> Result<String, Timestamp> {
    match source().request(state, now) {
        Question::Ask(request) => match request.place {
            Place::Web(url) => Ok(url),
            Place::File { .. } => panic!("a file"),
        },
        Question::Wait(until) => Err(until),
        Question::Blind(why) => panic!("{why}"),
    }
}

#[test]
fn it_is_asked_when_the_index_is_new_and_once_more_and_never_oftener() {
    let mut now = at("2026-11-20T03:00:00+09:00");
    let mut state = SourceState::new(SourceName("nico".into()), now);
    let mut asked = Vec::new();
    while now < at("2026-11-23T00:00:00+09:00") {
        if url(&state, now).is_ok() {
            asked.push(now.short(Zone::JST));
            state.cursor = source().read(&said(200, SEARCH), &state, now).unwrap().cursor;
        }
        now = now + Span::minutes(10);
    }
    // The first time at once, because a person wants to see whether it works.
    assert_eq!(
        asked,
        ["11/20 3:00", "11/20 6:00", "11/20 12:00", "11/21 6:00", "11/21 12:00", "11/22 6:00", "11/22 12:00"]
    );
}

#[test]
fn markup_and_tags_become_words() {
    let now = at("2026-11-20T12:00:00+09:00");
    let state = SourceState::new(SourceName("nico".into()), now);
    let asked = url(&state, now).unwrap();
    for part in
        ["_context=hinomi", "filters%5BstartTime%5D%5Bgte%5D=2026-11-13T12%3A00%3A00%2B09%3A00", "+OR+", "_offset=0"]
    {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let page = source().read(&said(200, SEARCH), &state, now).unwrap();
    assert_eq!((page.posts.len(), page.skipped), (2, 1));
    assert_eq!(page.posts[0].text, "つながらない。\n再起動してもだめ\n#青空テレコム #レビュー");
    assert_eq!(page.posts[0].url.as_deref(), Some("https://www.nicovideo.jp/watch/sm40000001"));
    assert_eq!((page.posts[0].views, page.posts[1].views), (Some(1234), Some(77)));
    assert_eq!(page.next, Next::At(at("2026-11-21T06:00:00+09:00")));
}

#[test]
fn pages_end_though_the_service_promises_more() {
    let now = at("2026-11-20T06:00:00+09:00");
    let mut state = SourceState::new(SourceName("nico".into()), now);
    let one = |n: usize| serde_json::json!({"contentId": format!("sm{n}"), "title": "青空テレコム"});
    let full: Vec<Value> = (0..PAGE).map(one).collect();
    let body = serde_json::json!({"meta": {"status": 200, "totalCount": 999_999}, "data": full}).to_string();
    let mut pages = 0;
    while url(&state, now).is_ok() {
        state.cursor = source().read(&said(200, &body), &state, now).unwrap().cursor;
        pages += 1;
    }
    assert_eq!(pages, PAGES);
}

#[test]
fn a_refusal_is_told_in_the_services_own_words() {
    let now = at("2026-11-20T06:00:00+09:00");
    let state = SourceState::new(SourceName("nico".into()), now);
    let error = |status, body: &str| source().read(&said(status, body), &state, now).unwrap_err().to_string();
    let refused = error(400, include_str!("../../../../tests/fixtures/niconico/query-error.json"));
    assert!(refused.contains("400") && refused.contains("QUERY_PARSE_ERROR"), "{refused}");
    assert!(error(500, "<html>").contains("500"));
    for broken in ["", "{}", r#"{"meta":{"status":200}}"#, r#"{"meta":{"status":"200"},"data":null}"#] {
        assert!(source().read(&said(200, broken), &state, now).is_err(), "{broken}");
    }
}

#[test]
fn other_words_are_asked_for_at_once() {
    let now = at("2026-11-20T12:00:00+09:00");
    let mut state = SourceState::new(SourceName("nico".into()), now);
    state.cursor = source().read(&said(200, SEARCH), &state, now).unwrap().cursor;
    assert!(url(&state, now + Span::hours(1)).is_err());
    state.cursor.0 = state.cursor.0.replace("みどり屋通販", "しらかば生命");
    assert!(url(&state, now + Span::hours(1)).is_ok());
    state.cursor.0 = "rubbish".into();
    assert!(url(&state, now + Span::hours(1)).is_ok());
}
