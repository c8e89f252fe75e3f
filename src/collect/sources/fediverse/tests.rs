use super::{mastodon::Mastodon, misskey::Misskey, *};
use crate::{
    collect::{
        SourceBasics,
        kind::Field,
        source::{Page, Place, Question, Source},
    },
    model::{
        post::{Channel, SourceName, SourceType},
        secret::Secret,
        time::Timestamp,
    },
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_200_000);

fn basics() -> SourceBasics {
    let name = SourceName("fedi".into());
    SourceBasics { name, source_type: SourceType::Post, channel: Channel::Sns, poll_every: None }
}

fn fields(host: &str, tags: &[&str], query: &str) -> Fields {
    let tags = tags.iter().map(|t| (*t).to_owned()).collect();
    let fields = Fields::default().with("host", Field::Text(host.into())).with("tags", Field::Texts(tags));
    fields.with("query", Field::Text(query.into()))
}

fn answer(status: u16, body: &str) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

fn state() -> SourceState {
    SourceState::new(SourceName("fedi".into()), NOW)
}

fn url(source: &dyn Source, state: &SourceState) -> String {
    match source.request(state, NOW) {
        Question::Ask(crate::collect::source::Request { place: Place::Web(url), .. }) => url,
        other => panic!("{other:?}"),
    }
}

fn body(source: &dyn Source, state: &SourceState) -> serde_json::Value {
    match source.request(state, NOW) {
        Question::Ask(request) => serde_json::from_str(request.payload.unwrap().body.expose()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn texts(page: &Page) -> Vec<&str> {
    page.posts.iter().map(|p| p.text.as_str()).collect()
}

const TIMELINE: &str = include_str!("../../../../tests/fixtures/mastodon/tag.json");
const NOTES: &str = include_str!("../../../../tests/fixtures/misskey/tag.json");

#[test]
fn a_tag_timeline_is_read_as_people_see_it() {
    let source = Mastodon::new(basics(), &fields("m.example.jp", &["つばめ電機"], ""));
    let page = source.read(&answer(200, TIMELINE), &state(), NOW).unwrap();
    assert_eq!(
        texts(&page),
        [
            "愚痴\nつばめ電機の修理、まだ？",
            "愚痴\nつばめ電機の修理、まだ？",
            "つばめ電機の新型 #つばめ電機\nもう壊れた"
        ]
    );
    let [boost, remote, own] = page.posts.as_slice() else { panic!("{page:?}") };
    assert_eq!(boost.repost_of.as_deref(), Some("https://n.example.net/notes/9abc"));
    assert_eq!(
        (remote.external_id.as_str(), remote.author.as_deref()),
        ("https://n.example.net/notes/9abc", Some("aya@n.example.net"))
    );
    assert_eq!((own.author.as_deref(), own.author_followers), (Some("mei@m.example.jp"), Some(42)));
    assert_eq!(page.skipped, 1, "what is not public is not ours to read");
    let search = Mastodon::new(basics(), &fields("m.example.jp", &[], "つばめ電機"));
    let found = include_str!("../../../../tests/fixtures/mastodon/search.json");
    assert_eq!(search.read(&answer(200, found), &state(), NOW).unwrap().posts[0].external_id, own.external_id);
    assert!(url(&search, &state()).starts_with("https://m.example.jp/api/v2/search?limit=40&q=%E3%81%A4"));
}

#[test]
fn notes_are_read_as_people_see_them_and_one_post_has_one_name_on_both() {
    let source = Misskey::new(basics(), &fields("n.example.net", &["つばめ電機", "#つばめ"], ""));
    let page = source.read(&answer(200, NOTES), &state(), NOW).unwrap();
    assert_eq!(texts(&page), ["愚痴\nつばめ電機の修理、まだ？", "つばめ電機のアプリ、また落ちた #つばめ電機"]);
    let mastodon = Mastodon::new(basics(), &fields("m.example.jp", &["つばめ電機"], ""));
    let there = mastodon.read(&answer(200, TIMELINE), &state(), NOW).unwrap();
    assert_eq!(page.posts[0].external_id, there.posts[1].external_id);
    assert_eq!(page.posts[0].author, there.posts[1].author);
    assert_eq!(page.posts[1].url.as_deref(), Some("https://o.example.org/@mio/1"));
    assert_eq!(body(&source, &state()), serde_json::json!({"query": [["つばめ電機"], ["つばめ"]], "limit": 100}));
}

#[test]
fn pages_are_followed_forward_and_tags_take_turns_by_four() {
    let source = Mastodon::new(basics(), &fields("m.example.jp", &["a", "b", "c", "d", "#e"], ""));
    let mut state = state();
    let first = "https://m.example.jp/api/v1/timelines/tag/a?limit=40&any%5B%5D=b&any%5B%5D=c&any%5B%5D=d";
    assert_eq!(url(&source, &state), first);
    let status = |id: usize| serde_json::json!({"id": id.to_string(), "uri": format!("https://m.example.jp/{id}"), "content": "x", "account": {"acct": "mei"}});
    let read = |ids: std::ops::Range<usize>, state: &mut SourceState| {
        let list: Vec<_> = ids.rev().map(status).collect();
        let page = source.read(&answer(200, &serde_json::to_string(&list).unwrap()), state, NOW).unwrap();
        state.cursor = page.cursor;
        page.next
    };
    // The first answer is history, and its past is left alone.
    assert_eq!(read(980..1020, &mut state), Next::AtOnce);
    assert_eq!(url(&source, &state), "https://m.example.jp/api/v1/timelines/tag/e?limit=40");
    assert_eq!(read(0..0, &mut state), Next::Usual);
    assert_eq!(url(&source, &state), format!("{first}&min_id=1019"));
    // A full page has more behind it.
    assert_eq!(read(1020..1060, &mut state), Next::AtOnce);
    assert_eq!(url(&source, &state), format!("{first}&min_id=1059"));
    assert_eq!(read(1060..1061, &mut state), Next::AtOnce);
    assert_eq!(read(0..0, &mut state), Next::Usual);
    // Other tags are another question.
    assert!(source.continues(&state));
    assert!(!Mastodon::new(basics(), &fields("m.example.jp", &["a"], "")).continues(&state));
    assert!(!Mastodon::new(basics(), &fields("x.example.jp", &["a", "b", "c", "d", "e"], "")).continues(&state));
}

#[test]
fn notes_are_followed_forward_by_their_ids() {
    let source = Misskey::new(basics(), &fields("n.example.net", &["つばめ電機"], ""));
    let mut state = state();
    state.cursor = source.read(&answer(200, NOTES), &state, NOW).unwrap().cursor;
    assert_eq!(body(&source, &state)["sinceId"], "9abf");
}

#[test]
fn what_a_server_refuses_is_said_in_words_that_help() {
    let tags = Mastodon::new(basics(), &fields("m.example.jp", &["a"], ""));
    let said = |source: &dyn Source, status, body: &str| source.read(&answer(status, body), &state(), NOW).unwrap_err();
    let closed = r#"{"error":"This method requires an authenticated user"}"#;
    let SourceError::Credential(why) = said(&tags, 401, closed) else { panic!() };
    assert!(why.contains("requires an authenticated user") && why.contains("token_env"), "{why}");
    assert!(matches!(said(&tags, 404, "<html>"), SourceError::Unavailable(_)));
    assert_eq!(said(&tags, 200, "<!doctype html>"), SourceError::WebPage);
    let search = Misskey::new(basics(), &fields("n.example.net", &[], "つばめ電機"));
    let off = r#"{"error":{"message":"Search of notes unavailable.","code":"UNAVAILABLE","id":"0b44998d"}}"#;
    let SourceError::Unavailable(why) = said(&search, 400, off) else { panic!() };
    assert!(why.contains("no search"), "{why}");
    let private = r#"{"error":{"message":"Credential required.","code":"CREDENTIAL_REQUIRED","id":"1384"}}"#;
    assert!(matches!(said(&search, 401, private), SourceError::Credential(_)));
}

#[test]
fn a_token_goes_where_each_server_wants_it_and_nowhere_else() {
    let with = |query: &str| fields("m.example.jp", &[], query).with("token", Field::Secret(Secret::new("s3cret")));
    let Question::Ask(request) = Mastodon::new(basics(), &with("x")).request(&state(), NOW) else { panic!() };
    assert_eq!(request.secrets, [("authorization", Secret::new("Bearer s3cret"))]);
    assert!(!format!("{request:?}").contains("s3cret"));
    assert_eq!(body(&Misskey::new(basics(), &with("x")), &state())["i"], "s3cret");
}

#[test]
fn settings_that_ask_nothing_or_two_things_are_refused() {
    let key = |host, tags: &[&str], query| wrong(&fields(host, tags, query)).map(|w| w.key);
    assert_eq!(key("m.example.jp", &["a"], ""), None);
    assert_eq!(key("https://m.example.jp/", &[], "x"), None);
    assert_eq!(key("m.example.jp", &["#"], " "), Some("host"));
    assert_eq!(key("m.example.jp", &["a"], "x"), Some("query"));
    for bad in ["", "ftp://m.example.jp", "m.example.jp/about", "u:p@m.example.jp"] {
        assert_eq!(key(bad, &["a"], ""), Some("host"), "{bad}");
    }
}
