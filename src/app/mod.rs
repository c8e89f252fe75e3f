//! Wiring and time: the only module that knows all stages.
//!
//! [`pipeline`] is the order of things; [`service`] runs it on a clock; [`replay`] runs it on a recording.

pub mod ballast;
mod claim;
mod coverage;
mod deliver;
pub mod dictionary;
pub mod emergency;
mod fate;
mod health;
pub mod import;
pub mod judge;
mod last_page;
mod listen;
mod lookouts;
mod metered;
mod outside;
pub mod pipeline;
mod plan;
pub mod pseudonym;
pub mod push;
pub mod reload;
pub mod replay;
pub mod rules;
pub mod service;
mod shortage;
pub mod shutdown;
mod sight;
mod sites;
pub mod stage;
mod story;
pub mod supervise;
pub mod systemd;
mod tasks;
pub mod telemetry;
pub mod tell;
#[cfg(test)]
mod testing;
mod verdict;
mod visits;
mod watchdog;
pub mod websub;
