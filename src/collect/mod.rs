//! Looks at the world politely: a source says what to ask and reads what came; one poller does the network for all.
//!
//! Knows nothing of companies: it hands on every post a source has, and what is ours is decided later.

pub mod budget;
pub mod discover;
pub mod fetch;
mod file;
pub mod guard;
pub mod html;
pub mod kind;
mod loose;
mod markup;
mod pause;
pub mod poll;
mod rhythm;
pub mod robots;
pub mod schedule;
mod socket;
pub mod source;
pub mod sources;
pub mod stream;

use crate::model::{
    post::{Channel, SourceName, SourceType},
    time::{Span, Zone},
};

/// Manners shared by all sources.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectParams {
    /// How servers see us: `Hinomi/VERSION (+contact)`.
    pub user_agent: String,
    /// The usual time between two visits of one source.
    pub poll_every: Span,
    /// Between two requests to one host.
    pub host_spacing: Span,
    /// `host:port` of addresses inside a private network that may be asked all the same.
    pub allow: Vec<String>,
    /// Zone of dates that name none.
    pub zone: Zone,
    /// Authorities to trust beside the system's, in PEM: a company's own.
    pub ca_pem: Option<Vec<u8>>,
}

impl Default for CollectParams {
    fn default() -> Self {
        Self {
            user_agent: format!("Hinomi/{}", env!("CARGO_PKG_VERSION")),
            poll_every: Span::minutes(15),
            host_spacing: Span::seconds(2),
            allow: Vec::new(),
            zone: Zone::JST,
            ca_pem: None,
        }
    }
}

/// What every source has.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceBasics {
    /// Unique in the configuration.
    pub name: SourceName,
    /// What kind of texts it brings.
    pub source_type: SourceType,
    /// On which road they reach people.
    pub channel: Channel,
    /// Own time between two visits.
    pub poll_every: Option<Span>,
}
