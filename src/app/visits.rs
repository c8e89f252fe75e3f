//! The loop that visits sources: who is due, who shares a host, what came of it.
//!
//! # Invariants
//! A visit that panics or cannot be stored costs its own source a pause and nobody else anything. A plan that is
//! exchanged takes hold at once; visits under way finish and are stored.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::Result;
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};

use super::{
    health::free_beside,
    pipeline::PollReport,
    plan::{Plan, Planned},
    service::Notice,
    sites::{Advice, Closed, Sites},
    stage::Stage,
    tasks::{LONGEST_PAUSE, SIGN_OF_LIFE, Shared},
};
use crate::{
    collect::{
        fetch::{Fetch, FetchError},
        poll,
        schedule::{self, HostPace, Outcome},
        source::{Request, Response},
        sources::templates::Template,
    },
    model::{
        limits,
        post::SourceName,
        source::{Moved, SourceState},
        time::{Span, Timestamp},
    },
};

/// Nothing due: look again after this.
const IDLE: Span = Span::minutes(1);
/// The longest pause after visits that broke off.
const LONGEST_BREAK: Span = Span::minutes(30);

/// One way that has ended: at which host, how.
struct Ended {
    host: Option<String>,
    how: How,
}

enum How {
    Visited(Box<Result<PollReport>>),
    /// The site was asked for its `robots.txt`.
    Heard(Result<Response, FetchError>),
}

/// What the loop knows of its visits.
#[derive(Default)]
struct Round {
    states: BTreeMap<SourceName, SourceState>,
    /// Visits in a row that broke off or could not be stored.
    broken: BTreeMap<SourceName, u32>,
    under_way: HashMap<Id, (SourceName, &'static str)>,
    pace: HostPace,
    sites: Sites,
    /// Those that are being asked for their `robots.txt`.
    asking: HashMap<Id, String>,
}

impl Round {
    /// Takes in what is remembered: also which hosts wanted to be left alone before a restart.
    fn resume(&mut self, plan: &Plan, states: BTreeMap<SourceName, SourceState>, now: Timestamp) {
        self.states = states;
        for planned in &plan.sources {
            let Some(state) = self.states.get(planned.name()) else { continue };
            let until = state.host_pause_until.filter(|until| *until > now);
            let host = until.and_then(|_| poll::host(planned.source.as_ref(), state, now));
            hold(self, host, until);
        }
    }
}

pub(super) async fn visit(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut plans = shared.plan.subscribe();
    let mut plan = plans.borrow_and_update().clone();
    let mut round = Round::default();
    loop {
        match states(&shared, &plan).await {
            Ok(states) => {
                round.resume(&plan, states, shared.clock.now());
                break;
            }
            Err(error) => {
                shared.vitals.round_failed(Stage::Visit);
                tracing::error!(task = "visit", "cannot read what is remembered of the sources: {error:#}");
                shared.vitals.pulse(Stage::Visit).work();
                if !shared.until(shared.clock.now() + LONGEST_PAUSE, &mut stop).await {
                    return;
                }
            }
        }
    }
    shared.vitals.round_worked(Stage::Visit);
    let mut visits: JoinSet<Ended> = JoinSet::new();
    loop {
        shared.vitals.pulse(Stage::Visit).work();
        let next = if has_room(&shared).await {
            depart(&shared, &plan, &mut round, &mut visits)
        } else {
            shared.clock.now() + LONGEST_PAUSE
        };
        tokio::select! {
            goes_on = shared.until(next, &mut stop) => if !goes_on { break },
            () = tokio::time::sleep(SIGN_OF_LIFE) => {}
            Some(ended) = visits.join_next_with_id() => arrive(&shared, &mut round, ended),
            changed = plans.changed() => {
                // The sender lives in `shared`, so it is there.
                if changed.is_ok() {
                    plan = plans.borrow_and_update().clone();
                    adopt(&shared, &plan, &mut round).await;
                }
            }
        }
    }
    shared.vitals.pulse(Stage::Visit).rest();
    visits.shutdown().await;
}

/// Nobody is asked for pages that cannot be kept.
pub(super) async fn has_room(shared: &Shared) -> bool {
    if !shared.shortage.is_full() {
        return true;
    }
    let (store, now) = (shared.pipeline.store(), shared.clock.now());
    match store.probe(now).await {
        Ok(()) => {
            shared.shortage.stored(free_beside(&store.params().path));
            true
        }
        Err(error) => {
            shared.shortage.failed(&error.into(), now);
            false
        }
    }
}

/// Sends out who is due, and says when somebody is due next.
fn depart(shared: &Arc<Shared>, plan: &Arc<Plan>, round: &mut Round, visits: &mut JoinSet<Ended>) -> Timestamp {
    let now = shared.clock.now();
    let mut next = now + IDLE;
    for planned in &plan.sources {
        let name = planned.name();
        let away = round.under_way.values().any(|(n, _)| n == name);
        let Some(state) = round.states.get(name).filter(|_| !away) else { continue };
        let request = poll::request(planned.source.as_ref(), state, now);
        let host = request.as_ref().and_then(Request::host);
        let due = state.next_due_at.max(host.as_deref().map_or(now, |h| round.pace.free_at(h, now)));
        if due > now || visits.len() >= limits::FETCHES {
            next = next.min(due.max(now + Span::from_millis(10)));
            continue;
        }
        let advice = request.map_or(Advice::Go(Span::ZERO), |request| round.sites.advice(&request, now));
        let pause = match &advice {
            Advice::AskFirst(place) => {
                // The answer wakes the loop.
                if !round.asking.values().any(|known| known == place) {
                    round.pace.book(host.as_deref().unwrap_or_default(), plan.collect.host_spacing, now);
                    let asked = visits.spawn(hear(Arc::clone(plan), place.clone(), host));
                    round.asking.insert(asked.id(), place.clone());
                }
                continue;
            }
            Advice::Go(pause) => {
                let service = host.as_deref().map_or(Span::ZERO, Template::apart);
                plan.collect.host_spacing.max(*pause).max(service)
            }
            Advice::Stay(_) => Span::ZERO,
        };
        if let Some(host) = &host {
            round.pace.book(host, pause, now);
        }
        let source = Arc::clone(&planned.source);
        // Again here: a visit that ended after the plan was exchanged may have left the state of another address.
        let state = poll::remembered(source.as_ref(), Some(state.clone()), now);
        let (shared, plan) = (Arc::clone(shared), Arc::clone(plan));
        let visit = visits.spawn(async move {
            fail::fail_point!("visit", |why| Ended {
                host: host.clone(),
                how: How::Visited(Box::new(Err(anyhow::anyhow!("failpoint: {why:?}")))),
            });
            let now = shared.clock.now();
            let closed = match advice {
                Advice::Stay(why) => Some(Closed(why)),
                _ => None,
            };
            let fetch = closed.as_ref().map_or(plan.fetch.as_ref(), |closed| closed as &dyn Fetch);
            let report = shared.pipeline.poll_once(&source, &state, fetch, &plan.collect, now).await;
            Ended { host, how: How::Visited(Box::new(report)) }
        });
        round.under_way.insert(visit.id(), (name.clone(), planned.kind));
    }
    next
}

/// Asks a site what it asks of programs.
async fn hear(plan: Arc<Plan>, place: String, host: Option<String>) -> Ended {
    Ended { host, how: How::Heard(plan.fetch.fetch(&Request::bare(&place)).await) }
}

fn arrive(shared: &Shared, round: &mut Round, ended: Result<(Id, Ended), JoinError>) {
    let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
    let (asked, visited) = (round.asking.remove(&id), round.under_way.remove(&id));
    let (host, outcome) = match ended {
        Ok((_, Ended { host, how: How::Heard(answer) })) => {
            let now = shared.clock.now();
            if let Some(place) = asked {
                round.sites.learn(place, &answer, now);
            }
            let limited = answer.err().map(|error| Outcome::Failed(error.into()));
            let pause = limited.and_then(|outcome| schedule::host_pause(&outcome, 1, now));
            return hold(round, host, pause);
        }
        Ok((_, Ended { host, how: How::Visited(outcome) })) => (host, *outcome),
        Err(error) => (None, Err(error.into())),
    };
    let Some((name, kind)) = visited else { return };
    let pause = outcome.as_ref().ok().and_then(|report| report.host_pause);
    hold(round, host, pause);
    settle(shared, round, &name, kind, outcome);
}

fn hold(round: &mut Round, host: Option<String>, until: Option<Timestamp>) {
    if let Some((host, until)) = host.zip(until) {
        round.pace.hold(&host, until);
    }
}

/// A visit whose posts could not be stored leaves the old state in force and is made again soon, and later each time.
fn settle(shared: &Shared, round: &mut Round, name: &SourceName, kind: &'static str, outcome: Result<PollReport>) {
    match outcome {
        Ok(PollReport { state, ingested, hub, .. }) => {
            if let Some(hub) = hub {
                shared.subscriptions.offer(name, &hub.url, &hub.topic, shared.clock.now());
            }
            round.broken.remove(name);
            shared.shortage.stored(None);
            let counters = &shared.vitals.counters;
            counters.polled(kind, if state.errors > 0 { "failed" } else { "ok" });
            counters.ingested(ingested.new, ingested.mentions);
            counters.unread(ingested.unread);
            shared.tell(Notice::Visited { source: name.clone(), ingested });
            if ingested.mentions > 0 {
                shared.mentions_stored.notify_one();
            }
            let now = shared.clock.now();
            // Said once: when it was not yet so at the visit before.
            let said = |moved: &Moved| {
                let before = round.states.get(name);
                let known = before.and_then(|b| b.moved.as_ref()).filter(|known| known.to == moved.to);
                known.zip(before.and_then(|b| b.last_ok_at)).is_some_and(|(known, at)| known.is_settled(at))
            };
            if let Some(moved) = state.moved.as_ref().filter(|moved| moved.is_settled(now) && !said(moved)) {
                let address: String = moved.to.chars().take(limits::ERROR_CHARS).collect();
                tracing::info!(source.name = %name, "it has moved for good; write url = {address:?} into the configuration");
            }
            if let Some(error) = &state.last_error
                && round.states.get(name).is_some_and(|before| before.last_error.as_ref() != Some(error))
            {
                tracing::warn!(source.name = %name, source.errors = state.errors, "{error}");
            }
            // A source that was taken off the list meanwhile is stored and forgotten.
            if let Some(remembered) = round.states.get_mut(name) {
                *remembered = state;
            }
        }
        Err(error) => {
            let panicked = error.chain().any(|e| e.downcast_ref::<JoinError>().is_some_and(JoinError::is_panic));
            shared.vitals.counters.polled(kind, if panicked { "panicked" } else { "not_stored" });
            shared.shortage.failed(&error, shared.clock.now());
            let broken = round.broken.entry(name.clone()).or_default();
            *broken = broken.saturating_add(1);
            let pause = LONGEST_PAUSE.times(1 << (*broken - 1).min(5)).min(LONGEST_BREAK);
            if panicked {
                let panics = shared.vitals.visit_panicked(name);
                tracing::error!(source.name = %name, panics, %pause, "a visit broke off: {error:#}");
            } else {
                tracing::error!(source.name = %name, %pause, "a page could not be stored, it will be fetched again: {error:#}");
            }
            if let Some(state) = round.states.get_mut(name) {
                state.next_due_at = shared.clock.now() + pause;
            }
        }
    }
}

/// Sources that stay keep what is known of them; new ones are looked up, in case they were here before.
async fn adopt(shared: &Shared, plan: &Plan, round: &mut Round) {
    let stored = shared.pipeline.store().source_states().await.unwrap_or_else(|error| {
        // Whoever is new is due at once, which costs one unconditional request.
        tracing::error!(task = "visit", "cannot read what is remembered of new sources: {error}");
        Vec::new()
    });
    let mut known: BTreeMap<_, _> = stored.into_iter().map(|s| (s.source.clone(), s)).collect();
    known.append(&mut round.states);
    round.states = of_plan(plan, known, shared.clock.now());
    let listed = &round.states;
    round.broken.retain(|name, _| listed.contains_key(name));
}

async fn states(shared: &Shared, plan: &Plan) -> Result<BTreeMap<SourceName, SourceState>> {
    let stored = shared.pipeline.store().source_states().await?;
    let known = stored.into_iter().map(|s| (s.source.clone(), s)).collect();
    Ok(of_plan(plan, known, shared.clock.now()))
}

fn of_plan(
    plan: &Plan,
    mut known: BTreeMap<SourceName, SourceState>,
    now: Timestamp,
) -> BTreeMap<SourceName, SourceState> {
    let of = |planned: &Planned| {
        let name = planned.name();
        (name.clone(), poll::remembered(planned.source.as_ref(), known.remove(name), now))
    };
    plan.sources.iter().map(of).collect()
}
