//! A window for machines: `/livez`, `/readyz`, `/healthz` and `/metrics`, and a door for posts that others bring,
//! `/ingest` and `/websub/…`; on this machine only.
//!
//! Not a dashboard: nobody signs in here, so nothing is shown that a person on this machine may not see. No post, no
//! company, no recipient, no address of a source.
//!
//! # Invariants
//! - Only loopback addresses are bound, and only requests that name one as their host are answered: a page in a
//!   browser cannot reach us under a name of its own (DNS rebinding).
//! - Nothing but `POST /ingest` with a token, and a hub with a ticket and a signature, changes anything; elsewhere only `GET` and `HEAD` are answered.
//! - Connections are few, short, and bounded in time; a stranger on this machine cannot take our file handles.

pub mod health;
pub mod ingest;
pub mod knock;
pub mod metrics;
mod refusal;
mod serve;
pub mod websub;

use std::sync::Arc;

use async_trait::async_trait;
pub use serve::{Window, WindowError};

use self::{health::Health, ingest::Gate, websub::Subscriber};

/// Who knows how Hinomi is. `app` is.
#[async_trait]
pub trait Witness: Send + Sync {
    /// How it is, and why.
    async fn health(&self) -> Health;

    /// Whether it watches and the database takes writes.
    async fn ready(&self) -> bool;

    /// All numbers as `/metrics` shows them.
    async fn metrics(&self) -> String;
}

/// Who stands behind which path.
pub struct Behind {
    /// Behind `/healthz` and the like.
    pub witness: Arc<dyn Witness>,
    /// Behind `/ingest`; without it nobody brings anything.
    pub gate: Option<Arc<Gate>>,
    /// Behind `/websub/…`; without it there are no such paths.
    pub subscriber: Option<Arc<dyn Subscriber>>,
}
