//! The `heymarket` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    heymarket_cli::run(std::env::args_os())
}
