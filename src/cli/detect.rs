//! `hinomi detect`.

use super::{Common, Exit, Outcome};

/// Arguments of `hinomi detect`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub fn run(_args: &Args, _common: &Common) -> Outcome {
    Ok(Exit::Error)
}
