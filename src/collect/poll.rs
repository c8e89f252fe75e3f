//! One source, one visit: ask, read, remember. Decides nothing about posts and stores nothing.

use super::{
    CollectParams,
    fetch::{Fetch, FetchError},
    rhythm,
    schedule::{self, Failure, Hints, Outcome},
    source::{Next, Page, Place, Question, Request, Response, Source, SourceError},
};
use crate::model::{
    limits,
    post::Post,
    source::{Moved, Observed, SourceState, Withdrawn},
    time::{Span, Timestamp},
};

/// What one visit brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// All posts of the page, seen before or not.
    pub posts: Vec<Post>,
    /// What is to be remembered, in the transaction that stores the posts.
    pub state: SourceState,
    /// For the log and the dashboard.
    pub outcome: Outcome,
    /// The first page of a source is history: it is stored and raises no alert.
    pub warm_up: bool,
    /// Entries that were left out.
    pub skipped: usize,
    /// A permanent new address, to be proposed to a person.
    pub moved_to: Option<String>,
    /// Until when the whole host wants to be left alone.
    pub host_pause: Option<Timestamp>,
    /// What is no longer to be kept.
    pub withdrawn: Vec<Withdrawn>,
    /// Numbers of the service's own.
    pub observed: Vec<Observed>,
}

/// What the world said, not yet read.
#[derive(Debug)]
pub struct Asked {
    answer: Answer,
    /// It was asked for unconditionally.
    full: bool,
}

#[derive(Debug)]
enum Answer {
    Came(Result<Response, FetchError>),
    /// Nothing was asked: nothing to ask before then.
    Waiting(Timestamp),
    /// Nothing was asked: the source must not.
    Blind(SourceError),
}

/// What is remembered of `source`. A new address under an old name starts anew: what was remembered (validators, that
/// it was gone, that its history has been taken in) is another place's.
pub fn remembered(source: &dyn Source, stored: Option<SourceState>, now: Timestamp) -> SourceState {
    stored
        .filter(|state| source.continues(state))
        .unwrap_or_else(|| SourceState::new(source.basics().name.clone(), now))
}

/// What to ask now. Once a day nothing is remembered aloud, because a broken server answers 304 for ever.
fn question(source: &dyn Source, state: &SourceState, now: Timestamp) -> Question {
    let fresh = state.last_full_at.is_some_and(|at| now - at < Span::days(1));
    match source.request(state, now) {
        Question::Ask(request) if !fresh => Question::Ask(request.unconditional()),
        other => other,
    }
}

/// The state to be written down before the question is asked, because asking costs; `None` where it does not.
pub fn reserved(source: &dyn Source, state: &SourceState, now: Timestamp) -> Option<SourceState> {
    let reservation = source.reserve(state, now)?;
    Some(SourceState { cursor: reservation.cursor, meter: Some(reservation.meter), ..state.clone() })
}

/// The host that the question of now goes to, if there is one.
pub fn host(source: &dyn Source, state: &SourceState, now: Timestamp) -> Option<String> {
    request(source, state, now)?.host()
}

/// The question of now, if there is one.
pub fn request(source: &dyn Source, state: &SourceState, now: Timestamp) -> Option<Request> {
    match source.request(state, now) {
        Question::Ask(request) => Some(request),
        Question::Wait(_) | Question::Blind(_) => None,
    }
}

/// Asks, and waits for the answer. [`settle`] reads it: that takes CPU time and belongs on a blocking thread.
pub async fn ask(source: &dyn Source, state: &SourceState, fetch: &dyn Fetch, now: Timestamp) -> Asked {
    let request = match question(source, state, now) {
        Question::Ask(request) => request,
        Question::Wait(until) => return Asked { answer: Answer::Waiting(until), full: false },
        Question::Blind(why) => return Asked { answer: Answer::Blind(why), full: false },
    };
    let full = request.etag.is_none() && request.last_modified.is_none();
    Asked { answer: Answer::Came(fetch.fetch(&request).await), full }
}

/// Asks and reads in one go, for a caller with one source at a time.
pub async fn visit(
    source: &dyn Source,
    state: &SourceState,
    fetch: &dyn Fetch,
    params: &CollectParams,
    now: Timestamp,
) -> Visit {
    let asked = ask(source, state, fetch, now).await;
    settle(source, state, asked, params, now)
}

/// Makes posts and a new state out of an answer.
pub fn settle(source: &dyn Source, state: &SourceState, asked: Asked, params: &CollectParams, now: Timestamp) -> Visit {
    let Asked { answer, full } = asked;
    let mut new = SourceState { visits: state.visits.saturating_add(1), ..state.clone() };
    let mut visit = Visit {
        posts: Vec::new(),
        state: state.clone(),
        outcome: Outcome::NotModified,
        warm_up: false,
        skipped: 0,
        moved_to: None,
        host_pause: None,
        withdrawn: Vec::new(),
        observed: Vec::new(),
    };
    let mut hints = Hints::default();
    match answer {
        Answer::Waiting(until) => {
            (hints.next, visit.outcome) = (Next::At(until), Outcome::Waited);
        }
        Answer::Blind(why) => visit.outcome = fail(&mut new, why.into()),
        Answer::Came(Ok(response)) => {
            hints.fresh_for = response.fresh_for;
            visit.moved_to.clone_from(&response.moved_to);
            if response.not_modified {
                succeed(&mut new, now);
                hints.update_every = new.habits.update_every;
                new.moved = moved(source, state, response.moved_to.as_deref(), now);
            } else {
                match source.read(&response, state, now).and_then(|page| believable(source, state, page, now)) {
                    Ok(page) => match failure(page.failure.clone(), &response) {
                        Some(failure) => {
                            // What it cost is known all the same.
                            (new.cursor, new.meter) = (page.cursor, page.meter.or(new.meter));
                            visit.outcome = fail(&mut new, failure);
                        }
                        None => {
                            new.moved = moved(source, state, response.moved_to.as_deref(), now);
                            (hints.update_every, hints.not_before) = (page.update_every, page.not_before);
                            new.habits.update_every = page.update_every;
                            if source.lists() {
                                rhythm::learn(&mut new.habits, page.posts.iter().filter_map(|p| p.published_at), now);
                                new.habits.items = u32::try_from(page.posts.len()).unwrap_or(u32::MAX);
                            }
                            hints.next = take(&mut new, &mut visit, page, response, full, now);
                        }
                    },
                    Err(error) => {
                        let failure = failure(Some(error), &response);
                        visit.outcome = failure.map_or(Outcome::NotModified, |failure| fail(&mut new, failure));
                    }
                }
            }
        }
        Answer::Came(Err(error)) => visit.outcome = fail(&mut new, error.into()),
    }
    new.next_due_at = schedule::next_due(&new, &visit.outcome, hints, params, source.basics(), now);
    visit.host_pause = schedule::host_pause(&visit.outcome, new.errors, now);
    new.host_pause_until = visit.host_pause;
    visit.state = new;
    visit
}

/// What is wrong with an answer that was read. A server that wants a pause gets it, whatever stands in its refusal —
/// unless that says that there will be nothing for much longer.
fn failure(read: Option<SourceError>, response: &Response) -> Option<Failure> {
    let limited = matches!(response.status, 429 | 503)
        .then_some(FetchError::RateLimited { status: response.status, retry_after: response.retry_after });
    match (read, limited) {
        (Some(spent @ SourceError::Spent { .. }), _) => Some(spent.into()),
        (_, Some(limited)) => Some(limited.into()),
        (read, None) => read.map(Failure::Read),
    }
}

/// Takes in what stood on a page, and says when its source wants to go on.
fn take(
    new: &mut SourceState,
    visit: &mut Visit,
    page: Page,
    response: Response,
    full: bool,
    now: Timestamp,
) -> Next {
    succeed(new, now);
    let first = new.warmed_up_at.is_none();
    let next = step(new, page.next);
    visit.warm_up = first;
    visit.outcome = Outcome::Read(page.posts.len());
    visit.posts = page.posts;
    visit.skipped = page.skipped;
    visit.withdrawn = page.withdrawn;
    visit.observed = page.observed;
    // Why here: validators of a page that was not read would hide it for ever.
    new.cursor = page.cursor;
    new.etag = response.etag;
    new.last_modified = response.last_modified;
    new.meter = page.meter.or(new.meter);
    // A history of several pages ends with the last of them.
    if first && next != Next::AtOnce {
        new.warmed_up_at = Some(now);
    }
    if full {
        new.last_full_at = Some(now);
    }
    next
}

/// Fewer entries than this come and go.
const LIST: u32 = 3;
/// A list that has been empty for so long is one without entries.
const EMPTY_FOR: Span = Span::days(3);

/// An empty list where there was a full one is more often a broken server than a world without news. Nothing of it is
/// remembered, so that the next visit asks for all of it again.
fn believable(source: &dyn Source, state: &SourceState, page: Page, now: Timestamp) -> Result<Page, SourceError> {
    let before = state.habits.items;
    let lately = state.last_ok_at.is_some_and(|at| now - at < EMPTY_FOR);
    let emptied = page.posts.is_empty() && page.skipped == 0 && page.next == Next::Usual;
    if source.lists() && emptied && before >= LIST && lately {
        return Err(SourceError::Emptied(before));
    }
    Ok(page)
}

/// What is known of a new address after an answer that named `to`, or none.
fn moved(source: &dyn Source, state: &SourceState, to: Option<&str>, now: Timestamp) -> Option<Moved> {
    let to = to.filter(|to| to.len() <= limits::FIELD_BYTES)?;
    let asked = match source.request(state, now) {
        Question::Ask(Request { place: Place::Web(url), .. }) => url,
        _ => String::new(),
    };
    // The same address under https is no question of trust, and worth writing down at once.
    let closed = to.strip_prefix("https://").is_some_and(|to| asked.strip_prefix("http://") == Some(to));
    match &state.moved {
        _ if closed => Some(Moved { to: to.to_owned(), since: now - Moved::STANDS, times: Moved::TIMES }),
        Some(known) if known.to == to => Some(Moved { times: known.times.saturating_add(1), ..known.clone() }),
        _ => Some(Moved { to: to.to_owned(), since: now, times: 1 }),
    }
}

/// Counts questions without a pause between them: a service that always promises more must not keep us for ever.
fn step(state: &mut SourceState, next: Next) -> Next {
    if next == Next::AtOnce && state.steps < limits::STEPS {
        state.steps += 1;
        return next;
    }
    state.steps = 0;
    if next == Next::AtOnce { Next::Usual } else { next }
}

fn succeed(state: &mut SourceState, now: Timestamp) {
    state.errors = 0;
    state.last_error = None;
    state.gone = false;
    state.last_ok_at = Some(now);
}

fn fail(state: &mut SourceState, failure: Failure) -> Outcome {
    state.errors = state.errors.saturating_add(1);
    state.steps = 0;
    state.last_error = Some(failure.to_string().chars().take(limits::ERROR_CHARS).collect());
    state.gone = failure == Failure::Fetch(FetchError::Gone);
    Outcome::Failed(failure)
}

#[cfg(test)]
mod tests {
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
}
