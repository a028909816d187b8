//! The Heymarket business text-messaging API on the command line.
//!
//! [`run`] is the whole program: it parses the arguments, runs a command and
//! returns the exit code. `commands` has a module for each command that is written
//! by hand; `operations` turns each operation of the spec into a command, from the
//! tables in `generated`.

#![warn(clippy::print_stderr)]

mod catalog;
mod cli;
mod commands;
mod completion;
mod config;
mod connection;
mod context;
mod data_folder;
mod directory;
mod environment;
mod exit;
mod failure;
mod files;
#[rustfmt::skip] // prettyplease formats it, the same everywhere
mod generated;
mod globals;
mod operations;
mod output;
mod phone;
mod prompt;
mod report;
mod safety;
mod session;
mod shell;
mod stop;
mod time;
mod waits;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments describe; the first one is the program's name.
///
/// Results go to standard output, everything else to standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(arguments.into_iter().collect())
}
