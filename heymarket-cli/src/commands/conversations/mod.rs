//! The commands of `heymarket conversations` that are written by hand.

mod thread;
pub(super) mod view;

use clap::Command;

/// Adds the commands to those of the resource.
pub(super) fn add_to(command: Command) -> Command {
    command.subcommand(view::command())
}
