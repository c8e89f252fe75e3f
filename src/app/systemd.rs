//! What systemd is told, where it runs us (`Type=notify`). Elsewhere nobody hears it.

use sd_notify::NotifyState;

/// We watch.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// We read the configuration again; [`ready`] follows.
pub fn reloading() {
    // systemd wants to know since when, to tell this reload from the one before.
    match NotifyState::monotonic_usec_now() {
        Ok(since) => tell(&[NotifyState::Reloading, since]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// We stop.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Every loop moves.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd could not be told: {error}");
    }
}
