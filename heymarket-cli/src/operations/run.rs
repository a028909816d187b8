//! Runs an operation.

use clap::ArgMatches;
use heymarket_api::RawRequest;
use jiff::Timestamp;
use serde::de::IgnoredAny;

use super::given::Arguments;
use super::{all, ask, command, confirm, more};
use crate::catalog::spec::{Operation, Resource};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::safety::{debug, dry_run};
use crate::session::Session;

/// Runs the operation that the matches of a resource name.
pub(crate) async fn run(
    context: &Context,
    resource: &'static Resource,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let (verb, matches) = matches.subcommand().ok_or_else(|| {
        Failure::usage(format!(
            "no command; see 'heymarket {} --help'",
            resource.name
        ))
    })?;
    let mut operations = resource.operations.iter();
    let operation = operations
        .find(|operation| operation.verb == verb)
        .ok_or_else(|| Failure::usage(format!("{} {verb} is not a command", resource.name)))?;
    run_operation(context, operation, matches).await
}

/// Runs an operation with its own matches.
pub(crate) async fn run_operation(
    context: &Context,
    operation: &'static Operation,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    context.check()?;
    let mut arguments = Arguments::read(operation, matches)?;
    let mut session = Session::new(context);
    ask::complete(&mut session, operation, &mut arguments).await?;
    let request = arguments.request(&mut session).await?;
    let is_all = operation.is_paged && matches.get_flag(command::ALL);
    let outcome = send(&mut session, operation, request, is_all).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn send(
    session: &mut Session<'_>,
    operation: &'static Operation,
    request: RawRequest,
    is_all: bool,
) -> Result<(), Failure> {
    request.check(Timestamp::now())?;
    if dry_run::shows_only(session.context, &request, &[])? {
        return Ok(());
    }
    // Credentials are missing sooner than an answer.
    session.connection().await?;
    confirm::confirm_request(session, &request).await?;
    let shape = Shape {
        items: operation.items,
        columns: operation.columns,
    };
    if is_all {
        let shape = Shape::of(shape.columns);
        let client = session.client().await?;
        all::walk(session, &client, request, shape).await
    } else {
        once(session, operation, request, shape).await
    }
}

async fn once(
    session: &mut Session<'_>,
    operation: &'static Operation,
    request: RawRequest,
    shape: Shape,
) -> Result<(), Failure> {
    let context = session.context;
    let client = session.client().await?;
    debug::debug_request(context, &request);
    let body = request.body().cloned();
    let outcome = client.execute_as::<IgnoredAny>(&request).await;
    debug::debug_outcome(context, &outcome);
    let response = outcome?;
    let mut output = context.output()?;
    if output.needs_names(response.body(), shape) {
        output.set_names(session.directory().await?.names().await);
    }
    output.answer(response.body(), shape)?;
    output.finish()?;
    more::notice(session, operation, body.as_ref(), response.body(), shape).await;
    Ok(())
}
