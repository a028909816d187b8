//! The Heymarket business text-messaging API on the command line.
//!
//! [`run`] is the whole program: it reads the arguments, does what they ask
//! and gives the exit code. What it does is in `commands`, one module for each
//! command that is written by hand, and in `operations`, which makes a command
//! of each operation of the spec after the tables in `generated`.

#![warn(clippy::print_stderr)]

mod cli;
mod commands;
mod connection;
mod context;
mod exit;
mod failure;
mod files;
#[rustfmt::skip] // prettyplease formats it, the same everywhere
mod generated;
mod operations;
mod output;
mod safety;
mod stop;
mod time;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments describe, the program's name first.
///
/// Data goes to standard output, everything else to standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = cli::parse(arguments).and_then(commands::run);
    match outcome {
        Ok(()) => exit::DONE.into(),
        Err(failure) => failure.report(&output::Terminal::detect()),
    }
}
