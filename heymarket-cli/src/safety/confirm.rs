//! The question before a command that sends or deletes something.

use heymarket_api::{RawRequest, Safety};
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::operations::{self, spec::Effect};

/// Says what is about to happen, in words that follow "This", and asks whether to
/// go on. `--yes` answers the question, and is required without a terminal.
pub(crate) fn confirm(context: &Context, what: &str) -> Result<(), Failure> {
    confirm_with(context, what, &[])
}

/// As [`confirm`], with details, each on its own line.
fn confirm_with(context: &Context, what: &str, details: &[String]) -> Result<(), Failure> {
    if context.globals.yes {
        return Ok(());
    }
    if !context.terminal.can_ask {
        return Err(Failure::usage(format!(
            "this {what}, and there is no terminal to ask on; add --yes to do it, or --dry-run to \
             see the request"
        )));
    }
    context.terminal.say(&format!("This {what}"));
    for detail in details {
        context.terminal.say(&format!("  {detail}"));
    }
    if context.terminal.ask("Go on?")? {
        Ok(())
    } else {
        Err(Failure::other("declined; nothing was sent"))
    }
}

/// The same for a request, if it is one that sends, deletes or changes many
/// things at once.
pub(crate) fn confirm_request(context: &Context, request: &RawRequest) -> Result<(), Failure> {
    let api = request.operation();
    let known = operations::of_id(api.id());
    let effect = match known {
        Some(operation) => operation.effect,
        // Nobody knows what it does.
        None if api.safety() == Safety::Read => Effect::None,
        None if *api.method() == http::Method::DELETE => Effect::Deletes,
        None => Effect::Bulk,
    };
    let what = match effect {
        Effect::None => return Ok(()),
        Effect::Sends => "sends a message",
        Effect::Deletes => "deletes something for good",
        Effect::Bulk if known.is_some() => "changes many things at once",
        Effect::Bulk => "may change something",
    };
    let what = format!("{what} ({} {})", api.method(), request.path());
    confirm_with(context, &what, &details(request))
}

/// What is in the request, a line for each parameter and member.
fn details(request: &RawRequest) -> Vec<String> {
    let query = request.query_parameters();
    let mut lines: Vec<String> = query
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    match request.body() {
        Some(Value::Object(members)) => {
            lines.extend(
                members
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}")),
            );
        }
        Some(Value::Array(items)) => lines.push(format!("{} items", items.len())),
        _ => {}
    }
    lines
}
