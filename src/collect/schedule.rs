//! When to look again: pure, from what is remembered, what happened and what the server wishes.
//!
//! # Invariants
//! Never sooner than a server asked for, never later than [`LONGEST`] for a source that is merely failing: nothing is
//! given up, because the day it comes back may be the day that matters.

use std::collections::BTreeMap;

use super::{
    CollectParams, SourceBasics,
    fetch::{FetchError, RetryAfter},
    rhythm,
    source::{Next, SourceError},
};
use crate::{
    clock::jitter,
    model::{
        limits,
        source::SourceState,
        time::{Span, Timestamp},
    },
};

/// The longest way between two visits.
pub const LONGEST: Span = limits::INTERVAL;
/// A network that fails costs the server nothing, so we look more often.
const LONGEST_OFFLINE: Span = Span::minutes(30);
/// Looking whether there is money again costs nothing, and an incident that opens meanwhile may use what was kept back.
const LONGEST_SPENT: Span = Span::hours(1);
/// Nobody is asked twice within this, whatever anybody configured.
const SHORTEST: Span = Span::seconds(10);
/// A page that wants to sleep is let sleep, but not for a whole weekend: an alert cannot wait for Monday.
const LONGEST_SLEEP: Span = Span::hours(2);
/// Not found so often is not found for a reason, and looked at once a day.
const MISSING: u32 = 3;
/// A host that says «too many» without saying for how long is left alone for this, and twice as long each time.
const BREATH: Span = Span::minutes(1);
/// The longest of these breaths.
const LONGEST_BREATH: Span = Span::hours(1);
/// The share of the interval over which visits are spread.
const SPREAD: f64 = 0.1;

/// What a visit came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A page with so many posts; how many of them are new only the store knows.
    Read(usize),
    /// The server has nothing new.
    NotModified,
    /// Nobody was asked, because there was nothing to ask yet.
    Waited,
    /// No page.
    Failed(Failure),
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It did not come.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] SourceError),
}

/// How often server and page say that something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// The answer stays fresh for so long.
    pub fresh_for: Option<Span>,
    /// The page's own word.
    pub update_every: Option<Span>,
    /// The page would rather not be visited before this.
    pub not_before: Option<Timestamp>,
    /// What the source itself knows of it.
    pub next: Next,
}

/// When to go there again. `state` is the new one, with this visit's count of errors already in it.
pub fn next_due(
    state: &SourceState,
    outcome: &Outcome,
    hints: Hints,
    params: &CollectParams,
    basics: &SourceBasics,
    now: Timestamp,
) -> Timestamp {
    let usual = || rhythm::pause(&state.habits, params.poll_every, now);
    let own = basics.poll_every.unwrap_or_else(usual).max(SHORTEST);
    let wait = match outcome {
        // The spacing of the host, which others share, stands between the steps.
        Outcome::Read(_) if hints.next == Next::AtOnce => return now,
        Outcome::Waited | Outcome::Read(_) if matches!(hints.next, Next::At(_)) => {
            let Next::At(then) = hints.next else { return now };
            (then - now).clamp(SHORTEST, LONGEST)
        }
        Outcome::Read(_) | Outcome::NotModified | Outcome::Waited => {
            let wish = hints.fresh_for.max(hints.update_every).unwrap_or(Span::ZERO);
            let asleep = hints.not_before.map_or(Span::ZERO, |then| (then - now).min(LONGEST_SLEEP));
            own.max(wish.min(LONGEST)).max(asleep)
        }
        Outcome::Failed(Failure::Fetch(FetchError::Gone | FetchError::Robots)) => LONGEST,
        Outcome::Failed(Failure::Fetch(FetchError::Status(404))) if state.errors > MISSING => LONGEST,
        // The server is well, and the day on which the list fills again must not be missed.
        Outcome::Failed(Failure::Read(SourceError::Emptied(_) | SourceError::FormChanged)) => own,
        Outcome::Failed(Failure::Read(SourceError::Spent { until })) => (*until - now).clamp(SHORTEST, LONGEST_SPENT),
        Outcome::Failed(Failure::Fetch(
            FetchError::Timeout | FetchError::Transport(_) | FetchError::RobotsUnread(_),
        )) => {
            // However seldom it speaks: who cannot be reached must be known as such soon.
            let again = own.min(basics.poll_every.unwrap_or(params.poll_every));
            back_off(again, state.errors, LONGEST_OFFLINE.max(again))
        }
        Outcome::Failed(failure) => back_off(own, state.errors, LONGEST.max(own)).max(pause(failure, now)),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a tenth of a week in milliseconds is far below 2^52")]
    let spread = (wait.millis() as f64 * SPREAD * jitter(&[&state.source.0, &state.visits.to_string()])) as i64;
    now + wait + Span::from_millis(spread)
}

/// Twice as long after each further failure.
fn back_off(own: Span, errors: u32, longest: Span) -> Span {
    const DOUBLINGS: u32 = 16;
    own.times(1_i64 << errors.saturating_sub(1).min(DOUBLINGS)).min(longest)
}

/// How long a server wants to be left alone.
fn pause(failure: &Failure, now: Timestamp) -> Span {
    let Failure::Fetch(FetchError::RateLimited { retry_after: Some(retry_after), .. }) = failure else {
        return Span::ZERO;
    };
    let pause = match *retry_after {
        RetryAfter::In(span) => span,
        RetryAfter::At(then) => then - now,
    };
    pause.clamp(Span::ZERO, limits::PAUSE)
}

/// Until when nobody of ours asks this host, if it asked for that. The pause is the host's, not the feed's. `errors`
/// are those in a row at this source, this one included.
pub fn host_pause(outcome: &Outcome, errors: u32, now: Timestamp) -> Option<Timestamp> {
    let Outcome::Failed(failure) = outcome else { return None };
    let pause = match failure {
        // 503 without a word is one page's trouble; 429 is said to all of us.
        Failure::Fetch(FetchError::RateLimited { status: 429, retry_after: None }) => {
            back_off(BREATH, errors, LONGEST_BREATH)
        }
        _ => pause(failure, now),
    };
    (pause > Span::ZERO).then(|| now + pause)
}

/// Keeps requests to one host apart, however many sources live there.
#[derive(Debug, Clone, Default)]
pub struct HostPace {
    free_at: BTreeMap<String, Timestamp>,
}

impl HostPace {
    /// Takes the next free place at `host` and says when it is. The one after it is `spacing` later.
    pub fn book(&mut self, host: &str, spacing: Span, now: Timestamp) -> Timestamp {
        // What is past binds nobody, and a list of all hosts ever asked would only grow.
        self.free_at.retain(|_, at| *at > now);
        let start = self.free_at.get(host).copied().unwrap_or(now).max(now);
        self.free_at.insert(host.to_owned(), start + spacing);
        start
    }

    /// Nobody asks `host` before `until`.
    pub fn hold(&mut self, host: &str, until: Timestamp) {
        let at = self.free_at.entry(host.to_owned()).or_insert(until);
        *at = (*at).max(until);
    }

    /// When `host` may be asked next.
    pub fn free_at(&self, host: &str, now: Timestamp) -> Timestamp {
        self.free_at.get(host).copied().unwrap_or(now).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::post::{Channel, SourceName, SourceType};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn wait(outcome: &Outcome, hints: Hints, errors: u32) -> Span {
        let name = SourceName("news".into());
        let basics = SourceBasics {
            name: name.clone(),
            source_type: SourceType::News,
            channel: Channel::News,
            poll_every: None,
        };
        let state = SourceState { errors, visits: 3, ..SourceState::new(name, NOW) };
        next_due(&state, outcome, hints, &CollectParams::default(), &basics, NOW) - NOW
    }

    fn minutes(outcome: &Outcome, hints: Hints, errors: u32) -> std::ops::Range<i64> {
        let wait = wait(outcome, hints, errors).millis();
        // The jitter is at most a tenth, so the wait without it is known up to that.
        (wait * 10 / 11 / 60_000)..(wait / 60_000 + 1)
    }

    fn failed(error: FetchError) -> Outcome {
        Outcome::Failed(Failure::Fetch(error))
    }

    #[test]
    fn success_keeps_the_own_interval_and_the_servers_wish() {
        assert!(minutes(&Outcome::NotModified, Hints::default(), 0).contains(&15));
        let hints = Hints { fresh_for: Some(Span::hours(1)), update_every: Some(Span::minutes(5)), ..Hints::default() };
        assert!(minutes(&Outcome::Read(3), hints, 0).contains(&60));
        let greedy = Hints { fresh_for: Some(Span::days(300)), ..Hints::default() };
        assert!(minutes(&Outcome::Read(3), greedy, 0).contains(&(24 * 60)));
    }

    #[test]
    fn failures_double_the_way_up_to_a_day() {
        let at = |errors| minutes(&failed(FetchError::Status(404)), Hints::default(), errors);
        assert!(at(1).contains(&15) && at(2).contains(&30) && at(3).contains(&60));
        assert!(at(60).contains(&(24 * 60)));
    }

    #[test]
    fn what_is_not_found_three_times_is_looked_for_daily_and_never_given_up() {
        let at = |errors| minutes(&failed(FetchError::Status(404)), Hints::default(), errors);
        assert!(at(3).contains(&60) && at(4).contains(&(24 * 60)));
        assert!(minutes(&failed(FetchError::Status(500)), Hints::default(), 4).contains(&120));
        assert!(minutes(&failed(FetchError::Robots), Hints::default(), 1).contains(&(24 * 60)));
        // An empty list is looked at as often as a full one.
        let emptied = Outcome::Failed(Failure::Read(SourceError::Emptied(20)));
        assert!(minutes(&emptied, Hints::default(), 40).contains(&15));
    }

    #[test]
    fn a_page_that_wants_to_sleep_is_woken_after_two_hours() {
        let asleep = |span| Hints { not_before: Some(NOW + span), ..Hints::default() };
        assert!(minutes(&Outcome::Read(3), asleep(Span::minutes(40)), 0).contains(&40));
        assert!(minutes(&Outcome::Read(3), asleep(Span::days(2)), 0).contains(&120));
        assert!(minutes(&Outcome::Read(3), asleep(Span::hours(-1)), 0).contains(&15));
    }

    #[test]
    fn a_dead_network_is_tried_every_half_hour() {
        for error in [FetchError::Timeout, FetchError::Transport("refused".into())] {
            assert!(minutes(&failed(error), Hints::default(), 50).contains(&30));
        }
    }

    #[test]
    fn a_pause_is_kept_for_the_whole_host() {
        let limited = |retry_after| failed(FetchError::RateLimited { status: 429, retry_after });
        let hour = limited(Some(RetryAfter::In(Span::hours(1))));
        assert!(wait(&hour, Hints::default(), 1) >= Span::hours(1));
        assert_eq!(host_pause(&hour, 1, NOW), Some(NOW + Span::hours(1)));
        let date = limited(Some(RetryAfter::At(NOW + Span::hours(2))));
        assert!(wait(&date, Hints::default(), 1) >= Span::hours(2));
        let absurd = limited(Some(RetryAfter::In(Span::days(3000))));
        assert_eq!(host_pause(&absurd, 1, NOW), Some(NOW + limits::PAUSE));
        assert_eq!(host_pause(&limited(None), 1, NOW), Some(NOW + Span::minutes(1)));
        assert_eq!(host_pause(&limited(None), 4, NOW), Some(NOW + Span::minutes(8)));
        assert_eq!(host_pause(&limited(None), 50, NOW), Some(NOW + Span::hours(1)));
        assert_eq!(host_pause(&failed(FetchError::RateLimited { status: 503, retry_after: None }), 3, NOW), None);
        assert_eq!(host_pause(&limited(Some(RetryAfter::At(NOW - Span::hours(2)))), 1, NOW), None);
    }

    #[test]
    fn two_sources_of_one_host_wait_for_each_other() {
        let mut pace = HostPace::default();
        let gap = Span::seconds(2);
        assert_eq!(pace.book("a", gap, NOW), NOW);
        assert_eq!(pace.book("a", gap, NOW), NOW + gap);
        assert_eq!(pace.book("b", gap, NOW), NOW);
        pace.hold("b", NOW + Span::hours(1));
        pace.hold("b", NOW + Span::minutes(1));
        assert_eq!(pace.free_at("b", NOW), NOW + Span::hours(1));
        assert_eq!(pace.book("a", gap, NOW + Span::hours(3)), NOW + Span::hours(3));
    }

    proptest! {
        #[test]
        fn no_host_is_asked_sooner_than_it_wishes(
            seconds in 0..2_000_000_i64, date: bool, status in prop_oneof![Just(429_u16), Just(503)], errors in 1..50_u32,
        ) {
            let span = Span::seconds(seconds);
            let retry_after = Some(if date { RetryAfter::At(NOW + span) } else { RetryAfter::In(span) });
            let outcome = failed(FetchError::RateLimited { status, retry_after });
            let kept = span.min(limits::PAUSE);
            prop_assert!(wait(&outcome, Hints::default(), errors) >= kept.max(SHORTEST));
            prop_assert_eq!(host_pause(&outcome, errors, NOW), (kept > Span::ZERO).then(|| NOW + kept));
        }

        #[test]
        fn two_visits_of_one_host_are_apart_whatever_was_asked(
            steps in proptest::collection::vec((0..5_u8, 0..7_200_i64, any::<bool>()), 1..40), gap in 1..60_i64,
        ) {
            let (mut pace, gap) = (HostPace::default(), Span::seconds(gap));
            let mut last = BTreeMap::<String, Timestamp>::new();
            let mut held = BTreeMap::<String, Timestamp>::new();
            let mut now = NOW;
            for (host, seconds, hold) in steps {
                let host = format!("h{host}.example");
                if hold {
                    let until = now + Span::seconds(seconds);
                    pace.hold(&host, until);
                    let known = held.entry(host).or_insert(until);
                    *known = (*known).max(until);
                } else {
                    let at = pace.book(&host, gap, now);
                    prop_assert!(at >= now && held.get(&host).is_none_or(|until| at >= *until));
                    prop_assert!(last.get(&host).is_none_or(|before| at >= *before + gap));
                    last.insert(host, at);
                    now = now + Span::seconds(seconds % 30);
                }
            }
        }

        #[test]
        fn nothing_is_given_up(errors in any::<u32>(), status in 400_u16..600) {
            let wait = wait(&failed(FetchError::Status(status)), Hints::default(), errors);
            prop_assert!(wait > Span::ZERO && wait <= LONGEST + Span::minutes(145));
        }
    }
}
