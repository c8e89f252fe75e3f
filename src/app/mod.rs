//! Wiring and time: the only module that knows all stages.
//!
//! [`pipeline`] is the order of things; [`service`] runs it on a clock; [`replay`] runs it on a recording.

pub mod ballast;
mod claim;
mod deliver;
pub mod dictionary;
pub mod emergency;
mod fate;
pub mod judge;
mod last_page;
mod lookouts;
pub mod pipeline;
pub mod pseudonym;
pub mod replay;
pub mod rules;
pub mod service;
pub mod shutdown;
mod story;
mod tasks;
pub mod telemetry;
pub mod tell;
#[cfg(test)]
mod testing;
