//! What others want of the process: to stop (Ctrl+C, SIGTERM), or to read its configuration anew (SIGHUP).
//!
//! From the moment the listener stands no such signal kills us any longer.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// To stop.
    Stop,
    /// To read the configuration anew.
    Reload,
}

/// Hears signals.
#[derive(Debug)]
pub struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Signals {
    /// Listens from now on. What the system does not let us hear is said and left alone.
    pub fn listen() -> Self {
        let hear = |kind, name| signal(kind).map_err(|error| tracing::warn!("cannot listen for {name}: {error}")).ok();
        Self {
            interrupt: hear(SignalKind::interrupt(), "SIGINT"),
            terminate: hear(SignalKind::terminate(), "SIGTERM"),
            hangup: hear(SignalKind::hangup(), "SIGHUP"),
        }
    }

    /// The next wish. None is lost if this is dropped and called again.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            biased;
            () = next(&mut self.interrupt) => Wish::Stop,
            () = next(&mut self.terminate) => Wish::Stop,
            () = next(&mut self.hangup) => Wish::Reload,
        }
    }

    /// The next wish to stop.
    pub async fn stop(&mut self) {
        while self.next().await != Wish::Stop {}
    }
}

async fn next(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Returns when somebody asks to stop. It listens from the call on and not from the first poll, so that who asks while
/// we still start is heard as well.
pub fn requested() -> impl Future<Output = ()> {
    let mut signals = Signals::listen();
    async move { signals.stop().await }
}
