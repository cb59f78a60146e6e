//! The `logring-drain` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    logring_drain::cli::main(std::env::args_os())
}
