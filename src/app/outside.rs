//! What looks outward while the loops run: the window for machines, and an eye on the clock.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{tasks::Shared, telemetry};
use crate::{
    model::time::Span,
    web::{Window, WindowError, Witness},
};

/// A port that is taken is tried again after this: the process before us may still be stopping.
const AGAIN: Duration = Duration::from_secs(5);
/// How often the clock is compared.
const TICK: Duration = Duration::from_secs(10);
/// A clock that is off by less has been set right, not wrong.
const JUMP: Span = Span::seconds(30);

/// Answers machines. A port that is taken is a warning and no end: an alert service must not die of it, and whoever
/// asks for its health and gets none has been told as well.
pub(super) async fn answer(
    listen: SocketAddr,
    witness: Arc<dyn Witness>,
    opened: impl Fn(Result<SocketAddr, WindowError>) + Send,
    mut stop: watch::Receiver<bool>,
) {
    let mut said = false;
    let window = loop {
        match Window::open(listen).await {
            Ok(window) => break window,
            Err(error) => {
                if !said {
                    tracing::warn!(
                        "health and metrics are not shown: {error}; watching goes on, and it is tried again"
                    );
                    opened(Err(error));
                    said = true;
                }
            }
        }
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            () = sleep(AGAIN) => {}
        }
    };
    opened(Ok(window.address().unwrap_or(listen)));
    window
        .serve(witness, async {
            // An error means that the other end is gone, and with it the reason to answer.
            let _stopped = stop.wait_for(|stopped| *stopped).await;
        })
        .await;
}

/// Compares the clock of the wall with one that nobody can set, and tells what the log held back.
pub(super) async fn watch_the_clock(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let (mut wall, mut steady) = (shared.clock.now(), Instant::now());
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => return,
            () = sleep(TICK) => {}
        }
        let (now, then) = (shared.clock.now(), Instant::now());
        let passed = Span::from_millis(i64::try_from((then - steady).as_millis()).unwrap_or(i64::MAX));
        let jump = Span::from_millis((now - wall).millis() - passed.millis());
        if jump.millis().abs() > JUMP.millis() {
            tracing::warn!(seconds = jump.as_seconds(), "the clock jumped");
            shared.vitals.clock_jumped(jump);
        }
        (wall, steady) = (now, then);
        telemetry::tell_suppressed();
    }
}
