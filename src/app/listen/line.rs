//! One stream: called, listened to, stored, and called again.

use std::sync::Arc;

use anyhow::Result;
use tokio::{
    sync::{mpsc, watch},
    time::{Duration, MissedTickBehavior, interval},
};

use super::batch::{Batch, Ear};
use crate::{
    app::{
        health::free_beside,
        plan::{Plan, PlannedStream},
        service::Notice,
        tasks::{LONGEST_PAUSE, Shared},
        visits::has_room,
    },
    collect::stream::{Broken, Line, call_again},
    model::{
        limits,
        source::{Cursor, SourceState},
        time::{Span, Timestamp, Zone},
    },
    store::Ingest,
};

/// How often what was heard is stored.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// A line that says nothing is told to the store so often, and a line that lasted so long stood.
const STANDS: Span = Span::minutes(1);
/// A lost piece is told for so long.
const GAP_TOLD: Span = Span::hours(1);

/// Batches that wait to be stored; the server waits after them.
const BATCHES: usize = 4;

/// How listening ended.
enum End {
    /// Nobody wants to listen any more.
    HungUp,
    Broken(Broken),
    /// What was heard could not be stored; it will be heard again.
    NotStored(anyhow::Error),
}

/// One keeper and what it knows.
struct Keeper<'a> {
    shared: &'a Shared,
    planned: &'a PlannedStream,
    /// As it is stored.
    state: SourceState,
    /// When a piece was lost.
    gap_at: Option<Timestamp>,
    /// How far we had come when a frame was too large.
    huge_after: Option<Cursor>,
}

/// Keeps the line of one stream open until somebody hangs up.
pub(super) async fn keep(shared: &Shared, plan: &Plan, planned: &PlannedStream, mut hang_up: watch::Receiver<bool>) {
    let Some(state) = remembered(shared, planned, &mut hang_up).await else { return };
    let mut keeper = Keeper { shared, planned, state, gap_at: None, huge_after: None };
    // Calls in a row that gave no line that stood.
    let mut failures = 0;
    let mut due = keeper.state.next_due_at;
    loop {
        if !shared.until(due, &mut hang_up).await {
            return;
        }
        let called = shared.clock.now();
        if !has_room(shared).await {
            due = called + LONGEST_PAUSE;
            continue;
        }
        let end = keeper.call(plan, failures, &mut hang_up).await;
        let now = shared.clock.now();
        let stood = now - called >= STANDS;
        failures = if stood { 0 } else { failures.saturating_add(1) };
        let why = match end {
            End::HungUp => return,
            End::Broken(why) => why,
            End::NotStored(error) => {
                shared.vitals.counters.polled(planned.params.kind.word, "not_stored");
                shared.shortage.failed(&error, now);
                tracing::error!(source.name = %planned.name(), "what a stream said could not be stored, it will be heard again: {error:#}");
                due = now + LONGEST_PAUSE;
                continue;
            }
        };
        shared.vitals.counters.polled(planned.params.kind.word, "failed");
        due = call_again(planned.name(), keeper.state.visits, failures.saturating_sub(1), &why, now);
        keeper.lost(&why, failures, due, now).await;
    }
}

/// What is stored of the stream; `None` when somebody hung up before it could be read.
async fn remembered(
    shared: &Shared,
    planned: &PlannedStream,
    hang_up: &mut watch::Receiver<bool>,
) -> Option<SourceState> {
    loop {
        match shared.pipeline.store().source_states().await {
            Ok(states) => {
                let known = states.into_iter().find(|s| s.source == *planned.name());
                let new = || SourceState::new(planned.name().clone(), shared.clock.now());
                return Some(known.filter(|s| planned.stream.continues(s)).unwrap_or_else(new));
            }
            Err(error) => {
                tracing::error!(source.name = %planned.name(), "cannot read what is remembered of a stream: {error}");
                if !shared.until(shared.clock.now() + LONGEST_PAUSE, hang_up).await {
                    return None;
                }
            }
        }
    }
}

impl Keeper<'_> {
    /// One call, from the first word to the last.
    async fn call(&mut self, plan: &Plan, failures: u32, hang_up: &mut watch::Receiver<bool>) -> End {
        let now = self.shared.clock.now();
        self.state.visits = self.state.visits.saturating_add(1);
        let hello = self.planned.stream.hello(&SourceState { errors: failures, ..self.state.clone() }, now);
        let called = tokio::select! {
            called = plan.fetch.listen(&hello) => called,
            () = super::rung(hang_up) => return End::HungUp,
        };
        let line = match called {
            Ok(line) => line,
            Err(why) => {
                if let Broken::Answered { status, body } = &why
                    && !self.state.cursor.0.is_empty()
                    && self.planned.stream.too_late(*status, body)
                {
                    self.mark_gap(body, now);
                    self.state.cursor = Cursor::default();
                }
                return End::Broken(why);
            }
        };
        tracing::info!(source.name = %self.planned.name(), "a stream is heard");
        let (tell, told) = mpsc::channel(BATCHES);
        let judge = Arc::clone(&self.shared.pipeline.rules().judge);
        let ear = Ear::new(Arc::clone(&self.planned.stream), judge, self.state.cursor.clone());
        let (heard, stored) = tokio::join!(hear(self.shared, line, ear, tell, hang_up), self.store(told));
        match (stored, heard) {
            (Err(error), _) => End::NotStored(error),
            (Ok(()), Some(why)) => {
                if why == Broken::TooLarge {
                    let met = self.huge_after.replace(self.state.cursor.clone());
                    if met.as_ref() == Some(&self.state.cursor) && !self.state.cursor.0.is_empty() {
                        // It would be met at every call, and nothing behind it be heard.
                        self.mark_gap("a frame that is too large", self.shared.clock.now());
                        self.state.cursor = Cursor::default();
                    }
                }
                End::Broken(why)
            }
            (Ok(()), None) => End::HungUp,
        }
    }

    fn mark_gap(&mut self, why: &str, now: Timestamp) {
        let since = self.state.last_ok_at.map_or_else(String::new, |at| format!(" since {}", at.rfc3339(Zone::JST)));
        let told = format!("posts were lost{since}: {why}");
        tracing::warn!(source.name = %self.planned.name(), "{told}");
        self.state.last_error = Some(told.chars().take(limits::ERROR_CHARS).collect());
        self.gap_at = Some(now);
    }

    /// Stores batches in their order until there are no more.
    async fn store(&mut self, mut told: mpsc::Receiver<Batch>) -> Result<()> {
        let mut covered_at = None;
        while let Some(batch) = told.recv().await {
            let now = self.shared.clock.now();
            if let Some(why) = &batch.gap {
                self.mark_gap(why, now);
            }
            let minute = now.floor(STANDS);
            let covered = (covered_at != Some(minute)).then_some(true);
            self.keep_batch(batch, covered, now).await?;
            covered_at = Some(minute);
        }
        Ok(())
    }

    async fn keep_batch(&mut self, batch: Batch, covered: Option<bool>, now: Timestamp) -> Result<()> {
        let told = self.gap_at.is_some_and(|at| now - at < GAP_TOLD);
        let state = SourceState {
            cursor: batch.cursor,
            errors: 0,
            last_error: self.state.last_error.clone().filter(|_| told),
            last_ok_at: Some(now),
            // What a stream says is news from its first word on.
            warmed_up_at: self.state.warmed_up_at.or(Some(now)),
            next_due_at: now,
            ..self.state.clone()
        };
        let pipeline = &self.shared.pipeline;
        let posts = pipeline.judge(batch.posts, false).await?;
        let ingest = Ingest {
            state: Some(&state),
            covered,
            network: self.planned.stream.network(),
            posts,
            passed: batch.passed,
            withdrawn: &batch.withdrawn,
            ..Ingest::of(self.planned.name(), now)
        };
        let ingested = pipeline.store().ingest(&ingest, &pipeline.ids).await?;
        self.state = state;
        let counters = &self.shared.vitals.counters;
        counters.fetched(batch.bytes);
        counters.ingested(ingested.new, ingested.mentions);
        counters.unread(ingested.unread + batch.unread);
        if covered.is_some() {
            counters.polled(self.planned.params.kind.word, "ok");
        }
        self.shared.shortage.stored(None);
        self.shared.tell(Notice::Visited { source: self.planned.name().clone(), ingested });
        if ingested.mentions > 0 {
            self.shared.mentions_stored.notify_one();
        }
        Ok(())
    }

    /// The line is lost: says so to the store, so that whoever looks sees it and no silence is taken for calm.
    async fn lost(&mut self, why: &Broken, failures: u32, due: Timestamp, now: Timestamp) {
        let told: String = why.to_string().chars().take(limits::ERROR_CHARS).collect();
        tracing::warn!(source.name = %self.planned.name(), source.errors = failures, "a stream is lost: {told}");
        self.state.errors = failures.max(1);
        if self.gap_at.is_none_or(|at| now - at >= GAP_TOLD) {
            self.state.last_error = Some(told);
        }
        self.state.next_due_at = due;
        let ingest = Ingest { state: Some(&self.state), covered: Some(false), ..Ingest::of(self.planned.name(), now) };
        let pipeline = &self.shared.pipeline;
        match pipeline.store().ingest(&ingest, &pipeline.ids).await {
            Ok(_) => self.shared.shortage.stored(free_beside(&pipeline.store().params().path)),
            Err(error) => self.shared.shortage.failed(&error.into(), now),
        }
    }
}

/// Reads frames until the line is lost, why; `None` when somebody hung up, or nobody stores any longer.
async fn hear(
    shared: &Shared,
    mut line: Box<dyn Line>,
    mut ear: Ear,
    tell: mpsc::Sender<Batch>,
    hang_up: &mut watch::Receiver<bool>,
) -> Option<Broken> {
    let mut tick = interval(STORE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told_at = shared.clock.now();
    loop {
        let mut lost = None;
        let mut seal = false;
        tokio::select! {
            biased;
            () = super::rung(hang_up) => {
                line.close().await;
                let _nobody = tell.send(ear.seal(line.frame(), Arc::clone(&shared.pipeline.rules().judge), shared.clock.now())).await;
                return None;
            }
            _ = tick.tick() => seal = !ear.batch().is_empty() || shared.clock.now() - told_at >= STANDS,
            came = line.next() => match came {
                Ok(()) => lost = ear.hear(line.frame(), shared.clock.now()).err().map(Broken::from),
                Err(why) => lost = Some(why),
            },
        }
        if seal || lost.is_some() || ear.batch().is_full() {
            let judge = Arc::clone(&shared.pipeline.rules().judge);
            told_at = shared.clock.now();
            let batch = ear.seal(line.frame(), judge, told_at);
            // A line that was lost before it said anything covers nothing.
            if !(lost.is_some() && batch.is_empty()) && tell.send(batch).await.is_err() {
                return None;
            }
        }
        if lost.is_some() {
            return lost;
        }
    }
}
