//! A command for each operation of the spec, made of the tables that codegen
//! writes.

pub(crate) mod all;
pub(crate) mod body;
mod command;
mod request;
pub(crate) mod spec;
mod value;

use clap::{ArgMatches, Command};
use heymarket_api::RawRequest;
use jiff::Timestamp;
use serde::de::IgnoredAny;

use crate::context::Context;
use crate::failure::Failure;
use crate::generated::commands::RESOURCES;
use crate::output::Shape;
use crate::safety;
use spec::{Operation, Resource};

/// The commands of all resources.
pub(crate) fn commands() -> impl Iterator<Item = Command> {
    RESOURCES.iter().map(command::resource)
}

/// The resource of a name.
pub(crate) fn resource(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

/// The command of an operation of the API.
pub(crate) fn of_id(id: &str) -> Option<&'static Operation> {
    let mut operations = RESOURCES.iter().flat_map(|resource| resource.operations);
    operations.find(|operation| operation.operation.id() == id)
}

/// Runs the operation that the matches of a resource name.
pub(crate) async fn run(
    context: &Context,
    resource: &Resource,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let (verb, matches) = matches
        .subcommand()
        .ok_or_else(|| Failure::usage(format!("see `heymarket {} --help`", resource.name)))?;
    let mut operations = resource.operations.iter();
    let operation = operations
        .find(|operation| operation.verb == verb)
        .ok_or_else(|| Failure::usage(format!("{} {verb} is no command", resource.name)))?;
    let request = request::build(operation, matches)?;
    request.check(Timestamp::now())?;
    context.check()?;
    let is_all = operation.is_paged && matches.get_flag(command::ALL);
    if safety::shows_only(context, &request, &[])? {
        return Ok(());
    }
    let connection = context.connect().await?;
    safety::confirm_request(context, &request)?;
    let outcome = if is_all {
        all::run(context, operation, &connection.client, request).await
    } else {
        once(context, operation, &connection.client, request).await
    };
    let closed = connection.close().await;
    outcome.and(closed)
}

async fn once(
    context: &Context,
    operation: &Operation,
    client: &heymarket_api::Client,
    request: RawRequest,
) -> Result<(), Failure> {
    safety::debug_request(context, &request);
    let outcome = client.execute::<IgnoredAny>(request).await;
    safety::debug_outcome(context, &outcome);
    let response = outcome?;
    let mut output = context.output()?;
    let shape = Shape {
        items: operation.items,
        columns: operation.columns,
    };
    output.answer(response.body(), shape)?;
    output.finish()
}
