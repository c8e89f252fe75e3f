//! Keeps the loops alive: one that panics is started again, one that panics again and again ends the process.
//!
//! Why end it: whoever starts us again (systemd, a container) begins with a fresh memory, and a person sees that
//! something ended. A process that lives on with a dead loop is silence that looks like calm.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use super::{stage::Stage, tasks::Shared};

/// So many panics of one loop within ten minutes are not mended by starting it again.
const PANICS: usize = 3;
/// Before a loop is started again; four times as long each time.
const PAUSE: Duration = Duration::from_secs(1);

/// Why this process cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fatal {
    /// A loop panicked three times within ten minutes.
    Panics(Stage),
    /// A loop did not move for five minutes.
    Stuck(Stage),
}

impl Fatal {
    /// For people who read Japanese.
    pub fn ja(&self) -> String {
        match self {
            Self::Panics(stage) => format!("{}が10分のうちに{PANICS}回異常終了しました", stage.ja()),
            Self::Stuck(stage) => format!("{}が動かなくなりました", stage.ja()),
        }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panics(stage) => write!(f, "{} broke off {PANICS} times within ten minutes", stage.as_str()),
            Self::Stuck(stage) => write!(f, "{} does not move any longer", stage.as_str()),
        }
    }
}

/// Runs a loop until it is time to stop.
pub(super) async fn supervise<F, R>(stage: Stage, shared: Arc<Shared>, stop: watch::Receiver<bool>, run: F)
where
    F: Fn(Arc<Shared>, watch::Receiver<bool>) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    loop {
        // Aborted with us.
        let mut running = JoinSet::new();
        running.spawn(run(Arc::clone(&shared), stop.clone()));
        let panicked = running.join_next().await.is_some_and(|ended| ended.is_err_and(|e| e.is_panic()));
        if !panicked {
            return;
        }
        let panics = shared.vitals.panicked(stage);
        if panics >= PANICS {
            shared.give_up(Fatal::Panics(stage));
            return;
        }
        let pause = PAUSE * 4_u32.pow(u32::try_from(panics - 1).unwrap_or(1));
        tracing::error!(task = stage.as_str(), panics, ?pause, "a loop broke off and is started again");
        let mut stop = stop.clone();
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
