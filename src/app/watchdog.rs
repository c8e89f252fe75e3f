//! Looks after the loops from a thread of its own: ends the process when one stands still, and tells systemd that we
//! live as long as none does.
//!
//! Why a thread: a loop that blocks its thread can take the runtime with it, and whoever lives inside could not see it.
//!
//! # Invariants
//! Time is counted in ticks of a clock that nobody can set and that stands while the machine sleeps.

use std::{
    process,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{health::Vitals, stage::Stage, supervise::Fatal, systemd};

/// How often it looks.
const TICK: Duration = Duration::from_secs(5);
/// Seconds without progress after which a loop is taken for dead.
const LIMIT: u64 = 300;
/// For the ordinary end after that; then the process is ended from here.
const GRACE: Duration = Duration::from_secs(40);

/// The thread ends when this is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    _ends_when_dropped: Sender<()>,
}

/// Counts how long each loop has stood still. Pure.
#[derive(Debug, Default)]
struct Stillness {
    seen: [Option<u64>; Stage::COUNT],
    seconds: [u64; Stage::COUNT],
}

impl Stillness {
    /// `tick` seconds later, the signs of life are these; returns how long that loop has stood still.
    fn look(&mut self, stage: Stage, beats: Option<u64>, tick: u64) -> u64 {
        let (seen, seconds) = (&mut self.seen[stage as usize], &mut self.seconds[stage as usize]);
        *seconds = if beats.is_some() && *seen == beats { *seconds + tick } else { 0 };
        *seen = beats;
        *seconds
    }
}

/// Starts the thread. `None` where the system gives none; systemd then hears nothing and ends us in its own way.
pub(super) fn start(vitals: Arc<Vitals>, fatal: mpsc::UnboundedSender<Fatal>) -> Option<Guard> {
    let (keep, ended) = channel();
    let watch = move || watch(&vitals, &fatal, &ended);
    match thread::Builder::new().name("watchdog".into()).spawn(watch) {
        Ok(_) => Some(Guard { _ends_when_dropped: keep }),
        Err(error) => {
            tracing::error!("nobody looks after the loops: {error}");
            None
        }
    }
}

fn watch(vitals: &Vitals, fatal: &mpsc::UnboundedSender<Fatal>, ended: &Receiver<()>) {
    let mut stillness = Stillness::default();
    let (tick, limit) = hurried();
    while matches!(ended.recv_timeout(tick), Err(RecvTimeoutError::Timeout)) {
        let mut stuck = None;
        for stage in Stage::ALL {
            let still = stillness.look(stage, vitals.pulse(stage).count(), tick.as_secs());
            vitals.stands_still(stage, still);
            stuck = stuck.or((still >= limit).then_some(stage));
        }
        let Some(stage) = stuck else {
            systemd::alive();
            continue;
        };
        tracing::error!(task = stage.as_str(), "a loop does not move; giving up");
        let heard = fatal.send(Fatal::Stuck(stage)).is_ok();
        let ended = heard && !matches!(ended.recv_timeout(GRACE), Err(RecvTimeoutError::Timeout));
        if !ended {
            // Whoever should have ended us stands still as well.
            process::exit(1);
        }
    }
}

/// Five minutes are long in a test of the whole program.
fn hurried() -> (Duration, u64) {
    fail::fail_point!("watchdog", |seconds| {
        (Duration::from_secs(1), seconds.and_then(|s| s.parse().ok()).unwrap_or(LIMIT))
    });
    (TICK, LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loop_that_has_work_and_does_not_move_stands_still() {
        let mut s = Stillness::default();
        let mut look = |beats| s.look(Stage::Detect, beats, 5);
        assert_eq!([look(Some(1)), look(Some(1)), look(Some(1))], [0, 5, 10]);
        assert_eq!(look(Some(2)), 0, "it moved");
        assert_eq!([look(None), look(None)], [0, 0], "it has nothing to do");
        assert_eq!([look(Some(2)), look(Some(2))], [0, 5]);
    }

    #[test]
    fn each_loop_is_watched_for_itself() {
        let mut s = Stillness::default();
        for tick in 0..61 {
            assert_eq!(s.look(Stage::Visit, Some(tick), 5), 0);
            s.look(Stage::Dispatch, Some(7), 5);
        }
        assert_eq!(s.seconds[Stage::Dispatch as usize], 300);
    }
}
