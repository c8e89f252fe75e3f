//! What looks outward while the loops run: the window for machines, and an eye on the clock.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Result;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    push::{desk::Desk, house},
    tasks::Shared,
    telemetry,
};
use crate::{
    model::{secret::Secret, time::Span},
    web::{Behind, Window, WindowError, Witness, ingest::Gate, knock, websub::Subscriber},
};

/// A port that is taken is tried again after this: the process before us may still be stopping.
const AGAIN: Duration = Duration::from_secs(5);
/// How often the clock is compared.
const TICK: Duration = Duration::from_secs(10);
/// A clock that is off by less has been set right, not wrong.
const JUMP: Span = Span::seconds(30);

/// Where whoever comes from outside is let in, and how far.
pub(super) struct Door {
    pub listen: SocketAddr,
    pub token: Option<Secret>,
    pub desk: Desk,
    /// Hubs may bring news.
    pub web_sub: bool,
}

/// Answers machines. A port that is taken is a warning and no end: an alert service must not die of it, and whoever
/// asks for its health and gets none has been told as well.
///
/// Posts are taken from those who know the token, and from `import` on this machine.
pub(super) async fn answer(
    door: Door,
    shared: Arc<Shared>,
    opened: impl Fn(std::result::Result<SocketAddr, WindowError>) + Send,
    mut stop: watch::Receiver<bool>,
) {
    let Door { listen, token, desk, web_sub } = door;
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
    let address = window.address().unwrap_or(listen);
    let (gate, _note) = match gate(token.as_ref(), address, &shared, desk) {
        Ok((gate, note)) => (Some(Arc::new(gate)), note),
        Err(error) => {
            tracing::warn!("nobody can bring posts: {error:#}");
            (None, None)
        }
    };
    let subscriber = web_sub.then(|| Arc::clone(&shared) as Arc<dyn Subscriber>);
    opened(Ok(address));
    window
        .serve(Behind { witness: Arc::clone(&shared) as Arc<dyn Witness>, gate, subscriber }, async {
            // An error means that the other end is gone, and with it the reason to answer.
            let _stopped = stop.wait_for(|stopped| *stopped).await;
        })
        .await;
}

/// The gate for those who bring posts, and the note that tells `import` of it.
fn gate(
    token: Option<&Secret>,
    address: SocketAddr,
    shared: &Shared,
    desk: Desk,
) -> Result<(Gate, Option<house::Note>)> {
    let door = knock::Door { address, token: house::token()? };
    let note = house::Note::put(&shared.pipeline.store().params().path, &door);
    let note = note.inspect_err(|error| tracing::warn!("`hinomi import` will not find us: {error}"));
    Ok((Gate::new(token, &door.token, Arc::new(desk)), note.ok()))
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
