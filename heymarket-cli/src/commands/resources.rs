//! The commands of resources: their operations, and what is written by hand.

use clap::{ArgMatches, Command};

use super::{contacts, conversations};
use crate::catalog;
use crate::catalog::spec::Resource;
use crate::context::Context;
use crate::failure::Failure;
use crate::operations;

/// Returns the commands of all resources. Their subcommands are built when they are
/// needed, so that starting takes no longer with each operation.
pub(super) fn commands() -> impl Iterator<Item = Command> {
    catalog::resources().iter().map(|resource| {
        Command::new(resource.name)
            .about(resource.about)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .defer(with_subcommands)
    })
}

fn with_subcommands(command: Command) -> Command {
    let Some(resource) = catalog::resource(command.get_name()) else {
        return command;
    };
    let command = match resource.name {
        "contacts" => contacts::add_to(command),
        "conversations" => conversations::add_to(command),
        _ => command,
    };
    let operations = operations::command::operations(resource);
    let command = command.subcommands(operations);
    match resource.name {
        "contacts" => contacts::extend(command),
        _ => command,
    }
}

/// Runs a command of a resource.
pub(super) async fn run(
    context: &Context,
    resource: &'static Resource,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    match (resource.name, matches.subcommand()) {
        ("contacts", Some(("export", matches))) => contacts::export::run(context, matches).await,
        ("contacts", Some(("import", matches))) => contacts::import::run(context, matches).await,
        ("contacts", Some(("find", matches))) if contacts::find::is_word(matches) => {
            contacts::find::run(context, matches).await
        }
        ("conversations", Some(("view", matches))) => {
            conversations::view::run(context, matches).await
        }
        _ => operations::run::run(context, resource, matches).await,
    }
}
