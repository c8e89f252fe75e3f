//! Four loops: visit sources, look for trouble, send mails, tidy up. Each only calls a `_once` when it is time.
//!
//! A round that fails is reported and tried again with growing pauses; the loops do not know each other, so a source
//! that hangs never holds up a mail.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
};

use anyhow::Result;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    pipeline::{Pipeline, PollReport},
    service::Notice,
};
use crate::{
    clock::Clock,
    collect::{CollectParams, fetch::Fetch, poll, schedule::HostPace, source::Source},
    model::{
        limits,
        post::SourceName,
        source::SourceState,
        time::{Span, Timestamp},
    },
};

const DETECT_EVERY: Span = Span::minutes(1);
/// Mails that are due are looked for this often; a new one wakes the loop at once.
const DISPATCH_EVERY: Span = Span::seconds(10);
const TIDY_EVERY: Span = Span::days(1);
/// Nothing due: look again after this, in case a source was added.
const IDLE: Span = Span::minutes(1);
/// Pause after a round that failed, doubled up to the longest.
const PAUSE: Span = Span::seconds(1);
const LONGEST_PAUSE: Span = Span::minutes(1);

/// What the loops share.
pub(super) struct Shared {
    pub pipeline: Pipeline,
    pub sources: Vec<Arc<dyn Source>>,
    pub collect: CollectParams,
    pub clock: Arc<dyn Clock>,
    pub fetch: Arc<dyn Fetch>,
    pub notices: Option<mpsc::UnboundedSender<Notice>>,
    pub mail_owed: Notify,
    /// Mentions were stored: there is something to look at before the minute is over.
    pub mentions_stored: Notify,
}

impl Shared {
    fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            // Nobody looks on any longer: that is no reason to stop watching.
            let _gone = notices.send(notice);
        }
    }

    /// Waits until `then`, or until it is time to stop: true while the loop goes on.
    async fn until(&self, then: Timestamp, stop: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => false,
            () = tokio::time::sleep(self.clock.wait(then)) => true,
        }
    }
}

/// Spawns all loops.
pub(super) fn start(tasks: &mut JoinSet<()>, shared: &Arc<Shared>, stop: &watch::Sender<bool>) {
    tasks.spawn(visit(Arc::clone(shared), stop.subscribe()));
    tasks.spawn(detect(Arc::clone(shared), stop.subscribe()));
    tasks.spawn(dispatch(Arc::clone(shared), stop.subscribe()));
    tasks.spawn(tidy(Arc::clone(shared), stop.subscribe()));
}

/// Runs rounds; each says when the next one is due.
async fn rounds<F, R>(
    name: &str,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
    early: Option<&Notify>,
    mut round: F,
) where
    F: FnMut(Arc<Shared>, Timestamp) -> R,
    R: Future<Output = Result<Timestamp>>,
{
    let mut failures: u32 = 0;
    let mut next = shared.clock.now();
    loop {
        let goes_on = tokio::select! {
            goes_on = shared.until(next, &mut stop) => goes_on,
            () = woken(early) => true,
        };
        if !goes_on {
            return;
        }
        let now = shared.clock.now();
        next = match round(Arc::clone(&shared), now).await {
            Ok(next) => {
                failures = 0;
                next
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                let pause = PAUSE.times(1 << failures.min(6)).min(LONGEST_PAUSE);
                tracing::error!(task = name, pause = %pause, "{error:#}");
                shared.clock.now() + pause
            }
        };
    }
}

/// Returns when somebody rings; never where there is no bell.
async fn woken(bell: Option<&Notify>) {
    match bell {
        Some(bell) => bell.notified().await,
        None => std::future::pending().await,
    }
}

async fn detect(shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let bell = Arc::clone(&shared);
    rounds("detect", shared, stop, Some(&bell.mentions_stored), async |shared, now| {
        let report = shared.pipeline.detect_once(now).await?;
        for event in report.events {
            tracing::info!(
                incident.number = event.incident.number,
                incident.level = event.incident.level.number(),
                "{}",
                event.kind
            );
            shared.tell(Notice::Event(Box::new(event)));
        }
        if !report.alerts.is_empty() {
            shared.mail_owed.notify_one();
        }
        Ok(now.floor(DETECT_EVERY) + DETECT_EVERY)
    })
    .await;
}

async fn dispatch(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        let now = shared.clock.now();
        match shared.pipeline.dispatch_once(now).await {
            Ok(report) if report.sent > 0 => shared.tell(Notice::Sent(report.sent)),
            Ok(_) => {}
            Err(error) => tracing::error!(task = "dispatch", "{error:#}"),
        }
        let goes_on = tokio::select! {
            goes_on = shared.until(shared.clock.now() + DISPATCH_EVERY, &mut stop) => goes_on,
            () = shared.mail_owed.notified() => true,
        };
        if !goes_on {
            return;
        }
    }
}

async fn tidy(shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    rounds("tidy", shared, stop, None, async |shared, now| {
        shared.pipeline.tidy_once(now).await?;
        Ok(now + TIDY_EVERY)
    })
    .await;
}

/// One visit that has ended: whose, at which host, how.
type Ended = (SourceName, Option<String>, Result<PollReport>);

async fn visit(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut states = loop {
        match states(&shared).await {
            Ok(states) => break states,
            Err(error) => {
                tracing::error!(task = "visit", "cannot read what is remembered of the sources: {error:#}");
                if !shared.until(shared.clock.now() + LONGEST_PAUSE, &mut stop).await {
                    return;
                }
            }
        }
    };
    let mut pace = HostPace::default();
    let mut visits: JoinSet<Ended> = JoinSet::new();
    let mut under_way: BTreeSet<SourceName> = BTreeSet::new();
    loop {
        let now = shared.clock.now();
        let mut next = now + IDLE;
        for source in &shared.sources {
            let name = &source.basics().name;
            let Some(state) = states.get(name).filter(|_| !under_way.contains(name)) else { continue };
            let host = source.request(state).and_then(|r| r.host());
            let due = state.next_due_at.max(host.as_deref().map_or(now, |h| pace.free_at(h, now)));
            if due > now || visits.len() >= limits::FETCHES {
                next = next.min(due.max(now + Span::from_millis(10)));
                continue;
            }
            if let Some(host) = &host {
                pace.book(host, shared.collect.host_spacing, now);
            }
            under_way.insert(name.clone());
            let (shared, source, state) = (Arc::clone(&shared), Arc::clone(source), state.clone());
            visits.spawn(async move {
                let now = shared.clock.now();
                let report =
                    shared.pipeline.poll_once(&source, &state, shared.fetch.as_ref(), &shared.collect, now).await;
                (state.source, host, report)
            });
        }
        tokio::select! {
            goes_on = shared.until(next, &mut stop) => if !goes_on { break },
            Some(ended) = visits.join_next() => match ended {
                Ok((name, host, outcome)) => {
                    under_way.remove(&name);
                    let pause = outcome.as_ref().ok().and_then(|report| report.host_pause);
                    if let Some((host, until)) = host.zip(pause) {
                        pace.hold(&host, until);
                    }
                    settle(&shared, &mut states, name, outcome);
                }
                Err(error) => {
                    // Why clear: the name is lost with the task, and a source must not wait for ever.
                    tracing::error!(task = "visit", "a visit broke off: {error}");
                    under_way.clear();
                }
            },
        }
    }
    visits.shutdown().await;
}

async fn states(shared: &Shared) -> Result<BTreeMap<SourceName, SourceState>> {
    let stored = shared.pipeline.store().source_states().await?;
    let mut stored: BTreeMap<_, _> = stored.into_iter().map(|s| (s.source.clone(), s)).collect();
    let now = shared.clock.now();
    let of = |source: &Arc<dyn Source>| {
        let name = &source.basics().name;
        (name.clone(), poll::remembered(source.as_ref(), stored.remove(name), now))
    };
    Ok(shared.sources.iter().map(of).collect())
}

/// A visit whose posts could not be stored leaves the old state in force and is made again soon.
fn settle(
    shared: &Shared,
    states: &mut BTreeMap<SourceName, SourceState>,
    name: SourceName,
    outcome: Result<PollReport>,
) {
    match outcome {
        Ok(PollReport { state, ingested, moved_to, .. }) => {
            shared.tell(Notice::Visited { source: name.clone(), ingested });
            if ingested.mentions > 0 {
                shared.mentions_stored.notify_one();
            }
            if let Some(address) = moved_to {
                tracing::info!(source.name = %name, "the server says it has moved for good to {address}");
            }
            if let Some(error) = &state.last_error
                && states.get(&name).is_some_and(|before| before.last_error.as_ref() != Some(error))
            {
                tracing::warn!(source.name = %name, source.errors = state.errors, "{error}");
            }
            states.insert(name, state);
        }
        Err(error) => {
            tracing::error!(source.name = %name, "a page could not be stored, it will be fetched again: {error:#}");
            if let Some(state) = states.get_mut(&name) {
                state.next_due_at = shared.clock.now() + LONGEST_PAUSE;
            }
        }
    }
}
