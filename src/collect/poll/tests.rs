use super::*;
use crate::{
    collect::{SourceBasics, source::SourceError, sources::feed::FeedSource},
    model::{
        post::{Channel, SourceName, SourceType},
        time::Zone,
    },
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn source() -> FeedSource {
    let name = SourceName("news".into());
    let basics = SourceBasics { name, source_type: SourceType::News, channel: Channel::News, poll_every: None };
    FeedSource::new(basics, "https://n.example.jp/rss", Zone::JST)
}

fn settle_at(state: &SourceState, answer: Result<Response, FetchError>, now: Timestamp) -> Visit {
    settle(&source(), state, Asked { answer: Answer::Came(answer), full: true }, &CollectParams::default(), now)
}

fn page(body: &str) -> Response {
    Response { status: 200, body: body.into(), etag: Some("\"v1\"".into()), ..Response::default() }
}

const FEED: &str = "<rss><channel><item><title>つばめ電機</title><guid>1</guid></item></channel></rss>";

fn new_state() -> SourceState {
    SourceState::new(SourceName("news".into()), NOW)
}

#[test]
fn only_the_first_page_that_works_is_history() {
    let failed = settle_at(&new_state(), Err(FetchError::Timeout), NOW);
    assert!(!failed.warm_up && failed.state.warmed_up_at.is_none());
    let first = settle_at(&failed.state, Ok(page(FEED)), NOW);
    assert!(first.warm_up && first.state.warmed_up_at == Some(NOW) && first.posts.len() == 1);
    assert!(!settle_at(&first.state, Ok(page(FEED)), NOW + Span::hours(1)).warm_up);
}

#[test]
fn a_web_page_where_a_feed_was_is_a_failure_and_keeps_nothing() {
    let before = settle_at(&new_state(), Ok(page(FEED)), NOW).state;
    let login = "<html><body>ログインしてください</body></html>";
    let answer = Ok(Response { etag: Some("\"login\"".into()), ..page(login) });
    let after = settle_at(&before, answer, NOW);
    assert_eq!(after.outcome, Outcome::Failed(Failure::Read(SourceError::WebPage)));
    assert_eq!(after.state.etag.as_deref(), Some("\"v1\""));
    assert_eq!((after.state.errors, after.state.last_ok_at), (1, Some(NOW)));
}

#[test]
fn nothing_new_is_success() {
    let failing = SourceState { errors: 4, last_error: Some("x".into()), ..new_state() };
    let visit = settle_at(&failing, Ok(Response { status: 304, not_modified: true, ..Response::default() }), NOW);
    assert_eq!((visit.outcome, visit.state.errors, visit.state.last_error), (Outcome::NotModified, 0, None));
}

fn list(n: usize) -> Response {
    let item = |i| format!("<item><title>つばめ電機 {i}</title><guid>{i}</guid></item>");
    let items: String = (0..n).map(item).collect();
    page(&format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>"))
}

#[test]
fn a_full_list_that_is_suddenly_empty_is_no_world_without_news() {
    let full = settle_at(&new_state(), Ok(list(20)), NOW).state;
    let empty = Response { etag: Some("\"empty\"".into()), ..list(0) };
    let first = settle_at(&full, Ok(empty.clone()), NOW + Span::minutes(15));
    assert_eq!(first.outcome, Outcome::Failed(Failure::Read(SourceError::Emptied(20))));
    // The next question is for all of it again, and soon.
    assert_eq!((first.state.etag.as_deref(), first.state.habits.items), (Some("\"v1\""), 20));
    assert!(first.state.last_error.as_deref().is_some_and(|e| e.contains("held 20 entries")));
    assert!(first.state.next_due_at < NOW + Span::minutes(35));
    let back = settle_at(&first.state, Ok(list(21)), NOW + Span::minutes(30));
    assert_eq!((back.outcome, back.state.errors), (Outcome::Read(21), 0));
    // After three days it is an empty list.
    let later = settle_at(&first.state, Ok(empty.clone()), NOW + Span::days(3));
    assert_eq!((later.outcome, later.state.habits.items), (Outcome::Read(0), 0));
    // One that was never full may be empty.
    let small = settle_at(&new_state(), Ok(list(2)), NOW).state;
    assert_eq!(settle_at(&small, Ok(empty), NOW).outcome, Outcome::Read(0));
}

#[test]
fn what_a_page_says_of_itself_is_not_forgotten_when_nothing_is_new() {
    let feed = FEED.replace("<channel>", "<channel><ttl>240</ttl>").replace("<rss>", "<rss version=\"2.0\">");
    let first = settle_at(&new_state(), Ok(page(&feed)), NOW).state;
    assert_eq!(first.habits.update_every, Some(Span::minutes(240)));
    let nothing = Response { status: 304, not_modified: true, ..Response::default() };
    let second = settle_at(&first, Ok(nothing), NOW).state;
    assert!(second.next_due_at >= NOW + Span::minutes(240));
}

#[test]
fn a_new_address_is_settled_when_it_was_named_three_times_in_a_week() {
    let named = |to: &str| Response { moved_to: Some(to.into()), ..page(FEED) };
    let mut state = new_state();
    for day in [0, 3, 6] {
        state = settle_at(&state, Ok(named("https://new.example.jp/rss")), NOW + Span::days(day)).state;
        assert!(!state.moved.clone().unwrap().is_settled(NOW + Span::days(day)));
    }
    let at = NOW + Span::days(7);
    let settled = settle_at(&state, Ok(named("https://new.example.jp/rss")), at).state;
    assert!(settled.moved.clone().unwrap().is_settled(at));
    // A failure takes nothing back; another address and none at all do.
    assert!(settle_at(&settled, Err(FetchError::Timeout), at).state.moved.unwrap().is_settled(at));
    let other = settle_at(&settled, Ok(named("https://other.example.jp/rss")), at).state.moved.unwrap();
    assert_eq!((other.times, other.is_settled(at)), (1, false));
    assert_eq!(settle_at(&settled, Ok(page(FEED)), at).state.moved, None);
}

#[test]
fn the_same_address_under_https_is_proposed_at_once() {
    let (open, closed) = ("http://n.example.jp/rss", "https://n.example.jp/rss");
    let source = FeedSource::new(source().basics().clone(), open, Zone::JST);
    let answer = Response { moved_to: Some(closed.into()), ..page(FEED) };
    let asked = Asked { answer: Answer::Came(Ok(answer)), full: true };
    let moved = settle(&source, &new_state(), asked, &CollectParams::default(), NOW).state.moved.unwrap();
    assert!(moved.to == closed && moved.is_settled(NOW));
}

#[test]
fn once_a_day_the_server_is_asked_without_memory() {
    let state = settle_at(&new_state(), Ok(page(FEED)), NOW).state;
    let etag = |now| match question(&source(), &state, now) {
        Question::Ask(request) => request.etag,
        other => panic!("{other:?}"),
    };
    assert_eq!(etag(NOW + Span::hours(23)).as_deref(), Some("\"v1\""));
    assert_eq!(etag(NOW + Span::hours(24)), None);
}

#[test]
fn an_address_that_a_person_changed_forgets_the_old_answers() {
    let known = settle_at(&new_state(), Ok(page(FEED)), NOW).state;
    assert_eq!(remembered(&source(), Some(known.clone()), NOW), known);
    let mut gone = SourceState { gone: true, ..known };
    gone.cursor.0 = "https://old.example.jp/rss".into();
    // Its first page is history again, and nothing is asked for conditionally.
    assert_eq!(
        remembered(&source(), Some(gone), NOW + Span::days(1)),
        SourceState::new(SourceName("news".into()), NOW + Span::days(1))
    );
}

#[test]
fn gone_is_visited_once_a_day_until_it_is_back() {
    let gone = settle_at(&new_state(), Err(FetchError::Gone), NOW).state;
    assert!(gone.gone && gone.last_error.is_some());
    assert!(gone.next_due_at >= NOW + Span::days(1) && gone.next_due_at < NOW + Span::hours(28));
    assert!(!settle_at(&gone, Ok(page(FEED)), NOW + Span::days(1)).state.gone);
    assert!(!settle_at(&gone, Err(FetchError::Timeout), NOW + Span::days(1)).state.gone);
}
