//! The log: for people, or as JSON. Never a body, a token or an address.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log on standard error. `level` is a word that `tracing` knows; other crates speak only of trouble.
pub fn start(level: &str, shape: Shape) {
    let filter = EnvFilter::new(format!("warn,hinomi={level}"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(std::io::stderr().is_terminal());
    // A second start, as in a test, changes nothing.
    let _already_started = match shape {
        Shape::Text => registry.with(lines).try_init(),
        Shape::Json => registry.with(lines.json()).try_init(),
    };
}
