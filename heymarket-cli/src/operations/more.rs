//! Says that a page is not all.

use heymarket_api::{RawRequest, operations};
use serde_json::{Value, json};

use crate::catalog::spec::Operation;
use crate::globals::Format;
use crate::output::rows;
use crate::output::shape::Shape;
use crate::session::Session;

/// Says on a terminal how to get the rest, if the answer is a full page.
pub(super) async fn notice(
    session: &mut Session<'_>,
    operation: &Operation,
    request: Option<&Value>,
    answer: &[u8],
    shape: Shape,
) {
    let context = session.context;
    let is_table = context
        .output()
        .is_ok_and(|output| output.format == Format::Table);
    if !operation.is_paged || !context.terminal.shows_output || !is_table {
        return;
    }
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let Some(rows) = rows::of(&answer, shape).map(Vec::len) else {
        return;
    };
    let limit = request.and_then(|body| body.get("limit")?.as_u64());
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let is_full = limit
        .or(operation.page_size)
        .is_some_and(|size| size > 0 && rows >= size);
    if !is_full {
        return;
    }
    let total = total(session, operation, request).await;
    let terminal = &context.terminal;
    match total.map(|total| total.saturating_sub(rows)) {
        Some(0) => {}
        Some(more) => terminal.notice(&format!("{more} more: --all")),
        None => terminal.notice("more may follow: --all"),
    }
}

/// Returns how many items there are, where the API counts exactly what it lists:
/// the contacts, without any filter.
async fn total(
    session: &mut Session<'_>,
    operation: &Operation,
    request: Option<&Value>,
) -> Option<usize> {
    let members = request.and_then(Value::as_object);
    let is_filtered = members.is_some_and(|members| members.keys().any(|name| name != "limit"));
    if operation.operation.id() != "list_contacts" || is_filtered {
        return None;
    }
    let request = RawRequest::of(&operations::COUNT_CONTACTS).json(json!({}));
    let client = session.client().await.ok()?;
    let count = client.execute(&request).await.ok()?.into_inner();
    let number = match &count {
        Value::Object(members) => members.values().find_map(Value::as_u64),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    usize::try_from(number?).ok()
}
