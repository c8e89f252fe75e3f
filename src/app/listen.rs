//! The loop that listens: one line a stream, kept open for as long as the plan names it.
//!
//! # Invariants
//! A cursor is stored with what it covers, so a line that is lost goes on where it ended; what is sent twice by that
//! is stored once. Reading waits for storing: a server that sends more than can be kept is not read any further. A
//! line that breaks, and a reader that trips, cost their own source a pause and nobody else anything.

mod batch;
mod line;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{Duration, sleep, timeout},
};

use super::{
    plan::{Plan, PlannedStream},
    stage::Stage,
    tasks::{LONGEST_PAUSE, SIGN_OF_LIFE, Shared},
};

/// For storing what was heard last, when a line is given up.
const FAREWELL: Duration = Duration::from_secs(5);

/// The lines of one plan.
struct Lines {
    plan: Arc<Plan>,
    hang_up: watch::Sender<bool>,
    open: JoinSet<()>,
    /// Which task keeps which stream.
    keepers: HashMap<Id, PlannedStream>,
}

impl Lines {
    fn open(shared: &Arc<Shared>, plan: Arc<Plan>) -> Self {
        let streams = plan.streams.clone();
        let mut lines = Self { plan, hang_up: watch::channel(false).0, open: JoinSet::new(), keepers: HashMap::new() };
        for stream in streams {
            lines.keep(shared, stream, Duration::ZERO);
        }
        lines
    }

    fn keep(&mut self, shared: &Arc<Shared>, stream: PlannedStream, after: Duration) {
        let (shared, plan, hang_up) = (Arc::clone(shared), Arc::clone(&self.plan), self.hang_up.subscribe());
        let kept = stream.clone();
        let task = self.open.spawn(async move {
            sleep(after).await;
            line::keep(&shared, &plan, &kept, hang_up).await;
        });
        self.keepers.insert(task.id(), stream);
    }

    /// A keeper never ends by itself: it broke off, and is started again.
    fn again(&mut self, shared: &Arc<Shared>, id: Id) {
        let Some(stream) = self.keepers.remove(&id) else { return };
        shared.vitals.counters.polled(stream.params.kind.word, "panicked");
        let panics = shared.vitals.visit_panicked(stream.name());
        tracing::error!(source.name = %stream.name(), panics, "a line broke off and is opened again");
        self.keep(shared, stream, LONGEST_PAUSE.to_std());
    }

    /// What was heard is stored.
    async fn close(mut self) {
        self.hang_up.send_replace(true);
        if timeout(FAREWELL, async { while self.open.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!("a line did not end in time; what it heard last is heard again");
        }
    }
}

/// Returns once the bell has been rung, or nobody is there to ring it.
async fn rung(bell: &mut watch::Receiver<bool>) {
    let _nobody = bell.wait_for(|rung| *rung).await.is_err();
}

pub(super) async fn listen(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let pulse = shared.vitals.pulse(Stage::Listen);
    let mut plans = shared.plan.subscribe();
    let mut lines = Lines::open(&shared, plans.borrow_and_update().clone());
    loop {
        if lines.plan.streams.is_empty() {
            pulse.rest();
        } else {
            pulse.work();
        }
        tokio::select! {
            () = rung(&mut stop) => break,
            () = sleep(SIGN_OF_LIFE) => {}
            Some(ended) = lines.open.join_next_with_id() => {
                let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                lines.again(&shared, id);
            }
            changed = plans.changed() => {
                // The sender lives in `shared`, so it is there.
                let plan = plans.borrow_and_update().clone();
                if changed.is_ok() && !plan.same_lines(&lines.plan) {
                    lines.close().await;
                    lines = Lines::open(&shared, plan);
                }
            }
        }
    }
    lines.close().await;
    pulse.rest();
}
