//! One source, one visit: ask, read, remember. Decides nothing about posts and stores nothing.

use super::{
    CollectParams,
    fetch::{Fetch, FetchError},
    rhythm,
    schedule::{self, Failure, Hints, Outcome},
    source::{Hub, Next, Page, Place, Question, Request, Response, Source, SourceError},
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
    /// Who else tells of its news.
    pub hub: Option<Hub>,
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
        hub: None,
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
                    Ok(page) => {
                        if let Some(failure) = failure(page.failure.clone(), &response) {
                            // What it cost is known all the same.
                            (new.cursor, new.meter) = (page.cursor, page.meter.or(new.meter));
                            visit.outcome = fail(&mut new, failure);
                        } else {
                            new.moved = moved(source, state, response.moved_to.as_deref(), now);
                            (hints.update_every, hints.not_before) = (page.update_every, page.not_before);
                            new.habits.update_every = page.update_every;
                            if source.lists() {
                                rhythm::learn(&mut new.habits, page.posts.iter().filter_map(|p| p.published_at), now);
                                new.habits.items = u32::try_from(page.posts.len()).unwrap_or(u32::MAX);
                            }
                            hints.next = take(&mut new, &mut visit, page, response, full, now);
                        }
                    }
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
fn take(new: &mut SourceState, visit: &mut Visit, page: Page, response: Response, full: bool, now: Timestamp) -> Next {
    succeed(new, now);
    let first = new.warmed_up_at.is_none();
    let next = step(new, page.next);
    visit.warm_up = first;
    visit.outcome = Outcome::Read(page.posts.len());
    visit.posts = page.posts;
    visit.skipped = page.skipped;
    visit.withdrawn = page.withdrawn;
    visit.observed = page.observed;
    visit.hub = page.hub;
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
mod tests;
