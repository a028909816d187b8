//! Searching the latest messages of the team.

use heymarket_api::{RawRequest, operations};
use jiff::Timestamp;
use rmcp::model::Tool;
use serde_json::{Value, json};

use super::context::{Context, Output, pick, reference, text, time};
use super::definition::{integer, reads, text as text_argument, tool};
use crate::arguments::Arguments;
use crate::error::ToolError;

/// The most messages that are read: the API cannot search for words.
const MAX_READ: usize = 2000;

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
    let query = arguments.required_text("query")?.to_lowercase();
    let limit = arguments.limit(20, 50)?;
    let since = arguments
        .text("since")
        .map(|since| time("since", since))
        .transpose()?;
    let request = RawRequest::of(&operations::LIST_TEAM_MESSAGES).json(json!({}));
    let (mut found, mut read, mut is_older) = (Vec::new(), 0, false);
    let all = context
        .walk(request, |message| {
            read += 1;
            let date = text(&message, "date").and_then(|date| date.parse::<Timestamp>().ok());
            is_older = since.is_some_and(|since| date.is_some_and(|date| date < since));
            if is_older {
                return false;
            }
            if is_match(&message, &query) {
                let mut item = pick(&message, &FOUND);
                if let Some(conversation) = reference(&message, "conversation") {
                    item["conversation_id"] = conversation.into();
                }
                found.push(item);
            }
            found.len() < limit && read < MAX_READ
        })
        .await?;
    Ok(Output::default()
        .data("items", found)
        .own("is_complete", all || is_older))
}

fn is_match(message: &Value, query: &str) -> bool {
    let known = text(message, "text").unwrap_or_default().to_lowercase();
    query.split_whitespace().all(|word| known.contains(word))
}
