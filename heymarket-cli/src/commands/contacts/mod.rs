//! The commands of `heymarket contacts` that are written by hand.

pub(super) mod export;
mod fields;
pub(super) mod find;
pub(super) mod import;

use clap::Command;

/// Adds the commands to those of the resource.
pub(super) fn add_to(command: Command) -> Command {
    command
        .subcommand(import::command())
        .subcommand(export::command())
}

/// Extends the commands of operations.
pub(super) fn extend(command: Command) -> Command {
    command.mut_subcommand("find", find::extend)
}
