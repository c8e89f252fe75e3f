//! Parses nothing, decides nothing: hands the arguments to `cli` and its answer to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Only in a build for tests: arms the failpoints that `FAILPOINTS` names, until the program ends.
    #[cfg(feature = "failpoints")]
    let _armed = fail::FailScenario::setup();
    hinomi::cli::main()
}
