//! Three of the five loops: look for trouble, send mails, tidy up. Each only calls a `_once` when it is time.
//!
//! A round that fails is reported and tried again with growing pauses; the loops do not know each other, so a source
//! that hangs never holds up a mail. The others visit sources (`visits.rs`) and listen to them (`listen.rs`).

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    health::Vitals,
    listen,
    pipeline::Pipeline,
    plan::Plan,
    service::Notice,
    shortage::Shortage,
    stage::Stage,
    supervise::{Fatal, supervise},
    visits,
    websub::Subscriptions,
};
use crate::{
    clock::Clock,
    model::{
        incident::EventKind,
        time::{Span, Timestamp},
    },
};

const DETECT_EVERY: Span = Span::minutes(1);
/// Mails that are due are looked for this often; a new one wakes the loop at once.
const DISPATCH_EVERY: Span = Span::seconds(10);
const TIDY_EVERY: Span = Span::days(1);
/// Pause after a round that failed, doubled up to the longest.
const PAUSE: Span = Span::seconds(1);
pub(super) const LONGEST_PAUSE: Span = Span::minutes(1);
/// Whoever waits for what is due shows this often that it can still wait. In real time, whatever the clock says.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// What the loops share.
pub(super) struct Shared {
    pub pipeline: Pipeline,
    /// Where to look; exchanged as a whole.
    pub plan: watch::Sender<Arc<Plan>>,
    pub clock: Arc<dyn Clock>,
    pub vitals: Arc<Vitals>,
    pub shortage: Shortage,
    /// No mail is begun any more.
    pub stopping: AtomicBool,
    pub notices: Option<mpsc::UnboundedSender<Notice>>,
    /// Why the process has to end.
    pub fatal: mpsc::UnboundedSender<Fatal>,
    pub mail_owed: Notify,
    /// Mentions were stored: there is something to look at before the minute is over.
    pub mentions_stored: Notify,
    /// Hubs that tell us of news.
    pub subscriptions: Subscriptions,
}

impl Shared {
    pub(super) fn tell(&self, notice: Notice) {
        if let Some(notices) = &self.notices {
            // Nobody looks on any longer: that is no reason to stop watching.
            let _gone = notices.send(notice);
        }
    }

    /// The process cannot go on.
    pub(super) fn give_up(&self, why: Fatal) {
        tracing::error!("giving up: {why}");
        // Nobody listens: the process is ending already.
        let _ending = self.fatal.send(why);
    }

    /// Waits until `then`, or until it is time to stop: true while the loop goes on.
    pub(super) async fn until(&self, then: Timestamp, stop: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => false,
            () = tokio::time::sleep(self.clock.wait(then)) => true,
        }
    }
}

/// Spawns all loops.
pub(super) fn start(tasks: &mut JoinSet<()>, shared: &Arc<Shared>, stop: &watch::Sender<bool>) {
    tasks.spawn(supervise(Stage::Visit, Arc::clone(shared), stop.subscribe(), visits::visit));
    tasks.spawn(supervise(Stage::Listen, Arc::clone(shared), stop.subscribe(), listen::listen));
    tasks.spawn(supervise(Stage::Detect, Arc::clone(shared), stop.subscribe(), detect));
    tasks.spawn(supervise(Stage::Dispatch, Arc::clone(shared), stop.subscribe(), dispatch));
    tasks.spawn(supervise(Stage::Tidy, Arc::clone(shared), stop.subscribe(), tidy));
}

/// Runs rounds; each says when the next one is due.
async fn rounds<F, R>(
    stage: Stage,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
    early: Option<&Notify>,
    mut round: F,
) where
    F: FnMut(Arc<Shared>, Timestamp) -> R,
    R: Future<Output = Result<Timestamp>>,
{
    let pulse = shared.vitals.pulse(stage);
    let mut next = shared.clock.now();
    loop {
        if next - shared.clock.now() > LONGEST_PAUSE {
            pulse.rest();
        }
        let goes_on = loop {
            tokio::select! {
                goes_on = shared.until(next, &mut stop) => break goes_on,
                () = woken(early) => break true,
                () = tokio::time::sleep(SIGN_OF_LIFE) => {
                    pulse.beat();
                    // The clock was set back, and what was due in a minute would come tomorrow.
                    if pulse.count().is_some() {
                        next = next.min(shared.clock.now() + LONGEST_PAUSE);
                    }
                }
            }
        };
        if !goes_on {
            pulse.rest();
            return;
        }
        pulse.work();
        let now = shared.clock.now();
        next = match round(Arc::clone(&shared), now).await {
            Ok(next) => {
                shared.vitals.round_worked(stage);
                next
            }
            Err(error) => {
                let failures = shared.vitals.round_failed(stage);
                let pause = PAUSE.times(1 << failures.min(6)).min(LONGEST_PAUSE);
                tracing::error!(task = stage.as_str(), pause = %pause, "{error:#}");
                let now = shared.clock.now();
                shared.shortage.failed(&error, now);
                now + pause
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
    rounds(Stage::Detect, shared, stop, Some(&bell.mentions_stored), async |shared, now| {
        fail::fail_point!("detect", |why| Err(anyhow::anyhow!("failpoint: {why:?}")));
        let report = shared.pipeline.detect_once(now).await?;
        shared.vitals.looked();
        for event in report.events {
            let incident = &event.incident;
            if event.kind == EventKind::Opened {
                shared.vitals.counters.opened(incident.level);
            }
            let level = incident.level.number();
            tracing::info!(incident.number, incident.level = level, "{}", event.kind);
            shared.tell(Notice::Event(Box::new(event)));
        }
        if !report.alerts.is_empty() {
            shared.mail_owed.notify_one();
        }
        Ok(now.floor(DETECT_EVERY) + DETECT_EVERY)
    })
    .await;
}

async fn dispatch(shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    let bell = Arc::clone(&shared);
    rounds(Stage::Dispatch, shared, stop, Some(&bell.mail_owed), async |shared, now| {
        fail::fail_point!("dispatch", |why| Err(anyhow::anyhow!("failpoint: {why:?}")));
        shared.pipeline.draft_once(now).await?;
        let mut sent = 0;
        // The mail under way may finish; none is begun once it is time to stop. Each goes at its own time, because the
        // one before it may have waited long for its server.
        while !shared.stopping.load(SeqCst) {
            match shared.pipeline.deliver_next(shared.clock.now()).await? {
                Some(taken) => sent += u32::from(taken),
                None => break,
            }
        }
        if sent > 0 {
            shared.tell(Notice::Sent(sent));
        }
        Ok(shared.clock.now() + DISPATCH_EVERY)
    })
    .await;
}

async fn tidy(shared: Arc<Shared>, stop: watch::Receiver<bool>) {
    rounds(Stage::Tidy, shared, stop, None, async |shared, now| {
        fail::fail_point!("tidy", |why| Err(anyhow::anyhow!("failpoint: {why:?}")));
        let kept = shared.plan.borrow().kept.clone();
        shared.pipeline.tidy_once(&kept, now).await?;
        Ok(now + TIDY_EVERY)
    })
    .await;
}
