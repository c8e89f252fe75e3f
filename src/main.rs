//! Parses nothing, decides nothing: hands the arguments to `cli` and its answer to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    hinomi::cli::main()
}
