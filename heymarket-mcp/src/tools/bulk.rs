//! A message to many is only planned; a person sends the plan with the command line.

use heymarket_outbox::{Batch, Error as OutboxError, Recipient, Window};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::context::{Context, Output};
use super::definition::{integer, reads, text, tool};
use crate::arguments::Arguments;
use crate::error::ToolError;

/// The most recipients of a plan.
const MAX_RECIPIENTS: usize = 500;

pub(crate) fn plan_tool() -> Tool {
    tool(
        "plan_bulk_message",
        "Plans one text to many recipients: each becomes a row of a ledger on this machine, or is \
         refused with a reason. Sends nothing: a person sends the plan.",
        json!({
            "batch!": text("A new ID: letters, digits, - and _"),
            "inbox_id!": integer("The inbox to send from"),
            "member_id!": integer("The team member to send as"),
            "text!": text("The text; {{name}} is a recipient's member of that name"),
            "recipients!": {
                "type": "array",
                "items": {"type": "object", "properties": {"phone": {"type": "string"}}},
                "description": "Objects with phone, and a text for each {{name}}; at most 500",
            },
            "window": text("Local hours to send in, such as 09:00-20:00"),
        }),
        &["_notice", "plan", "samples", "send_with"],
        ToolAnnotations::new()
            .read_only(false)
            .destructive(false)
            .idempotent(true),
    )
}

pub(crate) async fn plan(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let outbox = context.outbox.ok_or(ToolError::NoTool)?;
    let id = batch_id(arguments)?;
    let inbox = arguments.required_integer("inbox_id")?;
    let member = arguments.required_integer("member_id")?;
    let mut batch =
        Batch::new(id, inbox.into(), member.into()).text(arguments.required_text("text")?);
    if let Some(window) = arguments.text("window") {
        batch = batch.window(window.parse::<Window>().map_err(|error| refused(&error))?);
    }
    if !context.access.recipients.is_empty() {
        let phones = context.access.recipients.iter();
        let phones = phones.filter(|address| !address.contains('@'));
        batch = batch.allow_only(phones.map(|phone| format!("+{phone}")));
    }
    let recipients = recipients(arguments)?;
    let plan = outbox
        .plan(&batch, recipients)
        .await
        .map_err(|error| refused(&error))?;
    let refused: Map<_, _> = plan
        .refused
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), (*count).into()))
        .collect();
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    let summary = json!({
        "batch": plan.batch, "is_repeated": plan.is_repeated, "recipients": plan.recipients,
        "planned": plan.planned, "refused": refused, "segments": plan.segments,
        "requests": plan.requests, "warnings": warnings,
    });
    Ok(Output::default()
        .own("plan", summary)
        .data("samples", plan.samples.clone())
        .own("send_with", format!("{} {id}", context.bulk_command)))
}

pub(crate) fn status_tool() -> Tool {
    tool(
        "bulk_status",
        "Shows how far a planned bulk message is.",
        json!({"batch!": text("The ID of the plan")}),
        &["_notice", "status"],
        reads(),
    )
}

pub(crate) async fn status(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let outbox = context.outbox.ok_or(ToolError::NoTool)?;
    let status = outbox
        .status(batch_id(arguments)?)
        .await
        .map_err(|error| refused(&error))?;
    let summary = json!({
        "batch": status.batch, "recipients": status.recipients, "is_paused": status.is_paused,
        "is_cancelled": status.is_cancelled, "counts": status.counts.to_string(),
    });
    Ok(Output::default().own("status", summary))
}

/// The ID goes into a command that a person may copy.
fn batch_id(arguments: &Arguments) -> Result<&str, ToolError> {
    let id = arguments.required_text("batch")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.len() <= 64 && id.chars().all(is_plain) && !id.starts_with('-') {
        return Ok(id);
    }
    Err(ToolError::refused(
        "batch is at most 64 letters, digits, - and _, and does not begin with -",
    ))
}

fn recipients(arguments: &Arguments) -> Result<Vec<Recipient>, ToolError> {
    let given = arguments.list("recipients");
    if given.is_empty() || given.len() > MAX_RECIPIENTS {
        return Err(ToolError::refused(format!(
            "recipients has 1 to {MAX_RECIPIENTS} items; more are planned with 'heymarket bulk plan'"
        )));
    }
    let read = given.iter().enumerate().map(|(index, item)| {
        let problem = |what: &str| ToolError::refused(format!("recipients[{index}]: {what}"));
        let members = item
            .as_object()
            .ok_or_else(|| problem("expected an object"))?;
        let phone = members.get("phone").and_then(Value::as_str);
        let phone = phone.ok_or_else(|| problem("phone is missing"))?;
        let mut recipient = Recipient::new(phone);
        for (name, value) in members.iter().filter(|(name, _)| *name != "phone") {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(problem("its members are texts or numbers")),
            };
            recipient = recipient.field(name, value);
        }
        Ok(recipient)
    });
    read.collect()
}

fn refused(error: &OutboxError) -> ToolError {
    ToolError::refused(error.to_string())
}
