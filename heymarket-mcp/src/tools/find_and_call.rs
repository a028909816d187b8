//! Finding and calling the operations that no tool is registered for.

use heymarket_api::Effect;
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::context::{Context, Output};
use super::definition::{integer, reads, text, tool};
use crate::access::Access;
use crate::arguments::Arguments;
use crate::error::ToolError;
use crate::spec::{self, ApiOperation};

pub(crate) const CALL: &str = "call_operation";
pub(crate) const WRITE: &str = "call_write_operation";

pub(crate) fn find_tool() -> Tool {
    tool(
        "find_operation",
        "Finds operations of the API, with the schemas of their arguments, for what no other tool \
         does.",
        json!({
            "query": text("Words, such as 'scheduled message'; without it, all are listed"),
            "limit": integer("At most 10; by default 3"),
        }),
        &["operations", "others"],
        reads().open_world(false),
    )
}

pub(crate) fn find(context: &Context<'_>, arguments: &Arguments) -> Result<Output, ToolError> {
    let limit = arguments.limit(3, 10)?;
    let allowed = spec::all().iter();
    let allowed = allowed.filter(|operation| context.access.allows(operation));
    let words = arguments.words("query")?;
    if words.is_empty() {
        let all: Vec<_> = allowed.map(named).collect();
        return Ok(Output::default().own("operations", all));
    }
    let mut ranked: Vec<_> = allowed
        .map(|operation| (score(operation, &words), operation))
        .filter(|(score, _)| *score > 0)
        .collect();
    ranked.sort_by_key(|(score, operation)| (std::cmp::Reverse(*score), operation.is_deprecated));
    let others = ranked.iter().skip(limit).take(20);
    let others: Vec<_> = others.map(|(_, operation)| operation.id()).collect();
    let found = ranked.iter().take(limit);
    let found: Vec<_> = found.map(|(_, operation)| described(operation)).collect();
    Ok(Output::default()
        .own("operations", found)
        .own("others", others))
}

fn named(operation: &ApiOperation) -> Value {
    json!({"operation": operation.id(), "summary": operation.summary})
}

fn described(operation: &ApiOperation) -> Value {
    json!({
        "operation": operation.id(),
        "summary": operation.summary,
        "description": operation.description,
        "call_with": if operation.is_read() { CALL } else { WRITE },
        "deletes": operation.effect() == Effect::Deletes,
        "deprecated": operation.is_deprecated,
        "arguments": operation.input,
    })
}

/// Counts words of a query, most for those of the name.
fn score(operation: &ApiOperation, words: &[String]) -> usize {
    let description = operation.description.to_lowercase();
    let summary = operation.summary.to_lowercase();
    let counts = words.iter().map(|word| {
        let stem = word.trim_end_matches('s');
        let in_name = operation.id().contains(stem) || operation.resource().contains(stem);
        let counts = [
            (in_name, 4),
            (summary.contains(stem), 2),
            (description.contains(stem), 1),
        ];
        counts
            .iter()
            .filter(|(is_in, _)| *is_in)
            .map(|(_, count)| count)
            .sum::<usize>()
    });
    counts.sum()
}

pub(crate) fn call_tool() -> Tool {
    tool(
        CALL,
        "Calls an operation that only reads.",
        json!({
            "operation!": text("Its name, from find_operation"),
            "arguments": {"type": "object", "description": "As its schema says"},
        }),
        &["_notice", "items", "item", "value"],
        reads(),
    )
}

pub(crate) fn write_tool(access: &Access) -> Tool {
    let description = match (access.writes, access.deletes) {
        (true, true) => "Calls an operation that changes or deletes records.",
        (false, true) => "Calls an operation that deletes records.",
        _ => "Calls an operation that changes a record.",
    };
    tool(
        WRITE,
        description,
        json!({
            "operation!": text("Its name, from find_operation"),
            "arguments": {"type": "object", "description": "As its schema says"},
        }),
        &["_notice", "items", "item", "value"],
        ToolAnnotations::new()
            .read_only(false)
            .destructive(true)
            .idempotent(false),
    )
}

pub(crate) async fn call(
    context: &Context<'_>,
    arguments: &Arguments,
    is_write: bool,
) -> Result<Output, ToolError> {
    let id = arguments.required_text("operation")?;
    let found = spec::of_id(id).filter(|operation| context.access.allows(operation));
    let Some(operation) = found else {
        return Err(ToolError::refused(
            match spec::of_id(id).map(|found| found.effect()) {
                Some(Effect::Sends) => "messages are sent with draft_message and send_draft only",
                Some(Effect::Bulk) => "this server changes no records in bulk",
                Some(_) => "this server is not allowed to call this operation",
                None => "no operation has this name; see find_operation",
            },
        ));
    };
    if operation.is_read() == is_write {
        let tool = if is_write { CALL } else { WRITE };
        return Err(ToolError::refused(format!(
            "this operation is called with {tool}"
        )));
    }
    let given = arguments.get("arguments").and_then(Value::as_object);
    run(context, operation, given.cloned().unwrap_or_default()).await
}

/// Calls an operation. A list becomes the member `items`, an object `item`, and anything
/// else `value`.
pub(crate) async fn run(
    context: &Context<'_>,
    operation: &ApiOperation,
    arguments: rmcp::model::JsonObject,
) -> Result<Output, ToolError> {
    let request = operation.request(arguments)?;
    let response = context.execute(&request).await?;
    let wrapped = ["inboxes", "data"]
        .into_iter()
        .find_map(|name| response.get(name));
    let (name, value) = match (wrapped, &response) {
        (Some(Value::Array(_)), _) if operation.id() == "list_inboxes" => {
            ("items", wrapped.cloned().unwrap_or_default())
        }
        (_, Value::Array(_)) => ("items", response),
        (_, Value::Object(_)) => ("item", response),
        _ => ("value", response),
    };
    Ok(Output::default().data(name, value))
}
