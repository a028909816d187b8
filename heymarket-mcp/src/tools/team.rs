//! The inboxes, members and templates of the team.

use heymarket_api::{RawRequest, operations};
use rmcp::model::Tool;
use serde_json::{Value, json};

use super::context::{Context, Output, pick};
use super::definition::{integer, reads, text, tool};
use crate::arguments::Arguments;
use crate::error::ToolError;

const INBOX: [&str; 6] = ["id", "name", "phone", "phones", "members", "is_quiet_hours"];

pub(crate) fn inboxes_tool() -> Tool {
    tool(
        "list_inboxes",
        "Lists the inboxes, which messages are sent from, with the IDs of their members.",
        json!({}),
        &["_notice", "items"],
        reads(),
    )
}

pub(crate) async fn list_inboxes(context: &Context<'_>) -> Result<Output, ToolError> {
    let inboxes = inboxes(context).await?;
    let items: Vec<_> = inboxes.iter().map(|inbox| pick(inbox, &INBOX)).collect();
    Ok(Output::default().data("items", items))
}

/// Returns all inboxes.
pub(super) async fn inboxes(context: &Context<'_>) -> Result<Vec<Value>, ToolError> {
    let request = RawRequest::of(&operations::LIST_INBOXES);
    let response = context.execute(&request).await?;
    let wrapped = ["inboxes", "data"]
        .into_iter()
        .find_map(|name| response.get(name));
    let inboxes = wrapped.unwrap_or(&response).as_array();
    Ok(inboxes.cloned().unwrap_or_default())
}

pub(crate) fn members_tool() -> Tool {
    tool(
        "list_members",
        "Lists the team members, whom messages are sent as.",
        json!({}),
        &["_notice", "items"],
        reads(),
    )
}

pub(crate) async fn list_members(context: &Context<'_>) -> Result<Output, ToolError> {
    let members = members(context).await?;
    let members = members
        .iter()
        .map(|member| pick(member, &["id", "name", "email"]));
    Ok(Output::default().data("items", members.collect::<Vec<_>>()))
}

/// Returns all members of the team.
pub(super) async fn members(context: &Context<'_>) -> Result<Vec<Value>, ToolError> {
    let team = context
        .execute(&RawRequest::of(&operations::GET_TEAM))
        .await?;
    let members = team.get("members").and_then(Value::as_array);
    Ok(members.cloned().unwrap_or_default())
}

pub(crate) fn templates_tool() -> Tool {
    tool(
        "list_templates",
        "Lists message templates with their texts.",
        json!({
            "query": text("Only those with these words in name or text"),
            "limit": integer("At most 100; by default 30"),
        }),
        &["_notice", "items", "is_complete"],
        reads(),
    )
}

pub(crate) async fn list_templates(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let limit = arguments.limit(30, 100)?;
    let words = arguments.words("query")?;
    let request = RawRequest::of(&operations::LIST_TEMPLATES).json(json!({}));
    let mut found = Vec::new();
    let is_complete = context
        .walk(request, |template| {
            let text = template.pointer("/content/text").and_then(Value::as_str);
            let text = text.unwrap_or_default();
            let name = template
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let known = format!("{name}\n{text}").to_lowercase();
            let is_archived = template.get("archived") == Some(&Value::Bool(true));
            if !is_archived && words.iter().all(|word| known.contains(word)) {
                let mut item = pick(&template, &["id", "name"]);
                item["text"] = text.into();
                found.push(item);
            }
            found.len() < limit
        })
        .await?;
    Ok(Output::default()
        .data("items", found)
        .own("is_complete", is_complete))
}

pub(crate) fn tags_tool() -> Tool {
    tool(
        "list_tags",
        "Lists the tags of contacts.",
        json!({}),
        &["_notice", "items"],
        reads(),
    )
}

pub(crate) async fn list_tags(context: &Context<'_>) -> Result<Output, ToolError> {
    let request = RawRequest::of(&operations::LIST_TAGS).json(json!({}));
    let mut tags = Vec::new();
    context
        .walk(request, |tag| {
            tags.push(pick(&tag, &["id", "tag", "text", "name", "color"]));
            true
        })
        .await?;
    Ok(Output::default().data("items", tags))
}
