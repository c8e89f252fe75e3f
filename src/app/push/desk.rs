//! `/ingest` while Hinomi runs: deliveries wait in a short line and are worked on one at a time, so that a flood of
//! them never starves the visits.
//!
//! # Invariants
//! A delivery that is being stored is stored to its end, whether or not somebody still waits for the answer.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{JoinSet, spawn_blocking},
};

use super::{
    super::{tasks::Shared, visits::has_room},
    Intake,
    body::{self, Contents, Terms, TooMany},
};
use crate::{
    model::{limits, time::Span},
    store::{Ingested, StoreError},
    web::ingest::{Delivery, Inbox, Tally, Turned},
};

/// When a database that is full, or shut, is worth another try.
const SOON: Span = Span::seconds(30);

type Answer = Result<Tally, Turned>;
type Job = (Delivery, oneshot::Sender<Answer>);

/// Where deliveries are handed in.
pub(in crate::app) struct Desk {
    line: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// Where they come out.
pub(in crate::app) type Line = mpsc::Receiver<Job>;

impl Desk {
    /// A desk, and the line behind it for [`work`].
    pub(in crate::app) fn new(shared: Arc<Shared>) -> (Self, Line) {
        let (line, jobs) = mpsc::channel(limits::INGEST_AT_ONCE);
        (Self { line, shared }, jobs)
    }
}

#[async_trait]
impl Inbox for Desk {
    async fn take(&self, delivery: Delivery) -> Answer {
        let (tell, told) = oneshot::channel();
        // Whoever works on it has tripped, or we are stopping.
        if self.line.send((delivery, tell)).await.is_err() {
            return Err(stopping());
        }
        told.await.unwrap_or_else(|_| Err(stopping()))
    }

    fn ended(&self, outcome: &'static str) {
        self.shared.vitals.counters.pushed(outcome);
    }
}

fn stopping() -> Turned {
    Turned::Unavailable {
        wait: Span::seconds(5),
        ja: "取り込めませんでした。Hinomi が止まるところか、取り込みの途中で失敗しました。もう一度送ってください"
            .to_owned(),
        en: "it could not be taken in: Hinomi is stopping, or tripped over it; send it again".to_owned(),
    }
}

/// Works on deliveries until it is time to stop.
pub(in crate::app) async fn work(shared: Arc<Shared>, mut line: Line, mut stop: watch::Receiver<bool>) {
    loop {
        let job = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => return,
            job = line.recv() => job,
        };
        let Some((delivery, tell)) = job else { return };
        // A task of its own: one that panics answers nobody and costs nobody else anything.
        let mut one = JoinSet::new();
        let worker = Arc::clone(&shared);
        one.spawn(async move {
            let answer = take(&worker, delivery).await;
            // Nobody waits any longer: what is stored will be known when it comes again.
            let _unheard = tell.send(answer);
        });
        let stopped = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => true,
            ended = one.join_next() => {
                if let Some(Err(error)) = ended {
                    tracing::error!("a delivery broke off: {error}");
                }
                false
            }
        };
        if stopped {
            // What was committed stays, the rest is rolled back, and nobody was told that it is stored.
            one.shutdown().await;
            return;
        }
    }
}

async fn take(shared: &Shared, delivery: Delivery) -> Answer {
    fail::fail_point!("push", |_| Err(stopping()));
    // The place is kept to the end of this function.
    let Delivery { body, source, history, place: _place } = delivery;
    if !has_room(shared).await {
        return Err(unavailable(&StoreError::Full));
    }
    let now = shared.clock.now();
    let terms = Terms { source, history };
    let read = spawn_blocking(move || body::read(&body, &terms, now)).await;
    let Contents { posts, refused } = match read {
        Ok(Ok(contents)) => contents,
        Ok(Err(TooMany)) => return Err(Turned::TooMany),
        Err(error) => {
            tracing::error!("a delivery could not be read: {error}");
            return Err(stopping());
        }
    };
    let (mut tally, mut stored) = (Tally::default(), Ingested::default());
    for (line, reason) in refused {
        tally.refuse(line, reason);
    }
    let visited: BTreeSet<_> = shared.plan.borrow().sources.iter().map(|p| p.name().clone()).collect();
    let pipeline = &shared.pipeline;
    let judge = Arc::clone(&pipeline.rules().judge);
    let intake = Intake { store: pipeline.store(), ids: &pipeline.ids, judge, visited };
    let ended = intake.take(posts, now, &mut tally, &mut stored).await;
    // Also of one that broke off: what was committed is there and is looked at.
    if stored.mentions > 0 {
        shared.mentions_stored.notify_one();
    }
    let counters = &shared.vitals.counters;
    counters.ingested(stored.new, stored.mentions);
    counters.unread(stored.unread);
    counters.refused(tally.refused);
    match ended {
        Ok(()) => {
            shared.shortage.stored(None);
            tally.refusals.sort_by_key(|r| r.line);
            Ok(tally)
        }
        Err(error) => {
            tracing::error!("what was brought could not be stored; whoever brought it was told so: {error:#}");
            shared.shortage.failed(&error, shared.clock.now());
            Err(error.chain().find_map(|e| e.downcast_ref::<StoreError>()).map_or_else(stopping, unavailable))
        }
    }
}

fn unavailable(why: &StoreError) -> Turned {
    let (ja, en) = match why {
        // Whoever asks from outside need not know where the database lies.
        StoreError::Full => ("ディスクがいっぱいで", "the disk is full"),
        StoreError::Busy | StoreError::Away(_) => ("データベースがいま応じず", "the database does not answer now"),
        _ => ("データベースに書けず", "the database takes nothing"),
    };
    Turned::Unavailable {
        wait: SOON,
        ja: format!("{ja}記録できませんでした。後でもう一度送ってください"),
        en: format!("{en}, so it was not stored; send it again later"),
    }
}
