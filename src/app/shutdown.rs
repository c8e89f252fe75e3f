//! When to stop: Ctrl+C, or SIGTERM from whoever supervises.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when somebody asks to stop.
pub async fn requested() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!("cannot listen for SIGTERM: {error}");
            interrupted().await;
            return;
        }
    };
    tokio::select! {
        () = interrupted() => {}
        _ = terminate.recv() => {}
    }
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!("cannot listen for Ctrl+C: {error}");
        std::future::pending::<()>().await;
    }
}
