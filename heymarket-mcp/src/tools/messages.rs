//! Searching the latest messages of the team.

use std::ops::ControlFlow;

use heymarket_api::{RawRequest, operations};
use jiff::Timestamp;
use rmcp::model::Tool;
use serde_json::{Value, json};

use super::context::{Context, Output, pick, reference, text, time};
use super::definition::{integer, reads, text as text_argument, tool};
use crate::arguments::Arguments;
use crate::error::ToolError;

const FOUND: [&str; 8] = [
    "id", "date", "status", "type", "user", "target", "text", "media",
];

pub(crate) fn search_tool() -> Tool {
    tool(
        "search_messages",
        "Searches the team's latest messages for words, latest first.",
        json!({
            "query!": text_argument("All of these words are in the text"),
            "since": text_argument("Only messages since this time"),
            "limit": integer("At most 50; by default 20"),
        }),
        &["_notice", "items", "is_complete"],
        reads(),
    )
}

pub(crate) async fn search(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    arguments.required_text("query")?;
    let words = arguments.words("query")?;
    let limit = arguments.limit(20, 50)?;
    let since = arguments
        .text("since")
        .map(|since| time("since", since))
        .transpose()?;
    let request = RawRequest::of(&operations::LIST_TEAM_MESSAGES).json(json!({}));
    let find = |message: Value| {
        let date = text(&message, "date").and_then(|date| date.parse::<Timestamp>().ok());
        if since.is_some_and(|since| date.is_some_and(|date| date < since)) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(is_match(&message, &words).then(|| found(&message)))
    };
    let (items, is_complete) = context.search(request, limit, find).await?;
    Ok(Output::default()
        .data("items", items)
        .own("is_complete", is_complete))
}

fn found(message: &Value) -> Value {
    let mut item = pick(message, &FOUND);
    if let Some(conversation) = reference(message, "conversation") {
        item["conversation_id"] = conversation.into();
    }
    item
}

fn is_match(message: &Value, words: &[String]) -> bool {
    let known = text(message, "text").unwrap_or_default().to_lowercase();
    words.iter().all(|word| known.contains(word))
}
