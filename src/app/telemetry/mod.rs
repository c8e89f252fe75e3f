//! The log: lines for people, or JSON. Never a body, a token or an address in clear.
//!
//! # Invariants
//! - Every line passes [`redact`], whoever wrote it: ours, a library's, a panic's.
//! - A log that cannot be written is dropped, and the watch goes on: a full disk must not silence the alarm.
//! - One source repeating itself does not drown the others ([`hush`]).

mod hush;
mod redact;

use std::{
    io::{self, IsTerminal, Write},
    panic,
};

use tracing_subscriber::{EnvFilter, Layer, fmt, prelude::*};

pub use self::{hush::tell_suppressed, redact::hide};
use crate::model::limits;

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
    let coloured = shape == Shape::Text && io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(move || Clean { coloured }).with_target(false).with_ansi(coloured);
    let registry = tracing_subscriber::registry().with(filter);
    // A second start, as in a test, changes nothing.
    let _already_started = match shape {
        Shape::Text => registry.with(lines.with_filter(hush::Hush)).try_init(),
        Shape::Json => registry.with(lines.json().with_filter(hush::Hush)).try_init(),
    };
    panic::set_hook(Box::new(|info| {
        let words = info.payload_as_str().unwrap_or("no words");
        // A panic may quote what a stranger wrote.
        let words: String = words.chars().take(limits::ERROR_CHARS).collect();
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "a panic: {words}");
    }));
}

/// Standard error, cleaned. Nobody hears of it when it cannot be written: there is nowhere left to say so.
struct Clean {
    coloured: bool,
}

impl Write for Clean {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let _full_disk = io::stderr().write_all(redact::line(&text, self.coloured).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
