//! Finding conversations, reading them, and changing whose they are.

use heymarket_api::{RawRequest, operations};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::context::{Context, Output, pick, reference, text, time};
use super::definition::{boolean, integer, reads, text as text_argument, tool};
use super::team::inboxes;
use crate::access::normal_address;
use crate::arguments::Arguments;
use crate::error::ToolError;

/// The most inboxes that a phone number is looked for in.
const MAX_INBOXES: usize = 20;

const CONVERSATION: [&str; 9] = [
    "id", "inbox", "target", "name", "status", "assigned", "unread", "updated", "last_msg",
];

const MESSAGE: [&str; 11] = [
    "id",
    "date",
    "type",
    "status",
    "user",
    "author",
    "target",
    "text",
    "media",
    "link_url",
    "raw_error",
];

pub(crate) fn find_tool() -> Tool {
    tool(
        "find_conversations",
        "Finds conversations, latest first: those with a phone number, or those of inboxes. For a \
         name, get the number from search_contacts first.",
        json!({
            "phone": text_argument("The contact's number"),
            "inbox_id": integer("Only this inbox"),
            "member_id": integer("As this team member sees them"),
            "unread": boolean("Only unread, or only read ones"),
            "closed": boolean("Only closed, or only open ones"),
            "before": text_argument("Only updated before this time; from next_before"),
            "limit": integer("At most 50; by default 20"),
        }),
        &["_notice", "items", "next_before"],
        reads(),
    )
}

pub(crate) async fn find(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let ids = match arguments.integer("inbox_id") {
        Some(inbox) => vec![inbox],
        None => {
            let inboxes = inboxes(context).await?;
            inboxes
                .iter()
                .filter_map(|inbox| inbox.get("id")?.as_i64())
                .collect()
        }
    };
    if let Some(phone) = arguments.text("phone") {
        return with_phone(context, phone, &ids).await;
    }
    let limit = arguments.limit(20, 50)?;
    let mut filters = json!({"inboxes": ids});
    for name in ["unread", "closed"] {
        if let Some(flag) = arguments.boolean(name) {
            filters[name] = flag.into();
        }
    }
    let member = arguments.integer("member_id").unwrap_or(0);
    let mut body = json!({"id": member, "filters": filters, "limit": limit});
    if let Some(before) = arguments.text("before") {
        body["date"] = time("before", before)?.to_string().into();
    }
    let listed = context.post(&operations::LIST_CONVERSATIONS, body).await?;
    let listed = listed.as_array().map_or(&[][..], Vec::as_slice);
    let last = listed.last().filter(|_| listed.len() >= limit);
    let next = last.and_then(|last| text(last, "updated")?.parse::<jiff::Timestamp>().ok());
    let items: Vec<_> = listed
        .iter()
        .take(limit)
        .map(|item| pick(item, &CONVERSATION))
        .collect();
    let output = Output::default().data("items", items);
    Ok(match next {
        Some(next) => output.own("next_before", next.to_string()),
        None => output,
    })
}

/// Finds the conversations with a number by their messages: the API does not list
/// conversations by it.
async fn with_phone(
    context: &Context<'_>,
    phone: &str,
    inboxes: &[i64],
) -> Result<Output, ToolError> {
    let mut found = Vec::new();
    for inbox in inboxes.iter().take(MAX_INBOXES) {
        let messages = messages(context, phone, *inbox, None).await?;
        let Some(latest) = messages.first() else {
            continue;
        };
        let Some(id) = reference(latest, "conversation") else {
            continue;
        };
        let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
        let mut conversation = pick(&conversation, &CONVERSATION);
        conversation["last_message"] = pick(latest, &MESSAGE);
        found.push(conversation);
    }
    Ok(Output::default().data("items", found))
}

pub(crate) fn read_tool() -> Tool {
    tool(
        "read_thread",
        "Reads the messages of a conversation, oldest first.",
        json!({
            "conversation_id!": integer("The conversation"),
            "limit": integer("The latest ones, at most 50; by default 20"),
            "before": text_argument("Only messages before this time; from older_before"),
        }),
        &["_notice", "conversation", "messages", "older_before"],
        reads(),
    )
}

pub(crate) async fn read(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let id = arguments.required_integer("conversation_id")?;
    let limit = arguments.limit(20, 50)?;
    let before = arguments
        .text("before")
        .map(|before| time("before", before))
        .transpose()?;
    let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
    let (target, inbox) = target_and_inbox(&conversation)?;
    let messages = messages(context, &target, inbox, before).await?;
    let mut latest: Vec<_> = messages.iter().take(limit).collect();
    latest.reverse();
    // A full page, or messages beyond the limit: there may be more.
    let may_be_more = messages.len() > limit || messages.len() >= 50;
    let oldest = latest.first().filter(|_| may_be_more);
    let oldest = oldest.and_then(|oldest| text(oldest, "date")?.parse::<jiff::Timestamp>().ok());
    let latest: Vec<_> = latest
        .into_iter()
        .map(|message| pick(message, &MESSAGE))
        .collect();
    let output = Output::default()
        .data("conversation", pick(&conversation, &CONVERSATION))
        .data("messages", latest);
    Ok(match oldest {
        Some(oldest) => output.own("older_before", oldest.to_string()),
        None => output,
    })
}

/// Returns up to 50 messages of a number in an inbox, latest first.
async fn messages(
    context: &Context<'_>,
    phone: &str,
    inbox: i64,
    before: Option<jiff::Timestamp>,
) -> Result<Vec<Value>, ToolError> {
    let mut request = RawRequest::of(&operations::LIST_MESSAGES)
        .query("phoneNumber", normal_address(phone))
        .query("inboxID", inbox.to_string());
    if let Some(before) = before {
        // The bound is in whole seconds; a message of the same second is not lost.
        let seconds = before.as_second() + i64::from(before.subsec_nanosecond() > 0);
        request = request.query("timestamp", seconds.to_string());
    }
    match context.execute(&request).await? {
        Value::Array(messages) => Ok(messages),
        _ => Ok(Vec::new()),
    }
}

/// Returns the contact's number and the inbox of a conversation with one contact.
fn target_and_inbox(conversation: &Value) -> Result<(String, i64), ToolError> {
    let target = text(conversation, "target").filter(|target| !target.contains('@'));
    match (target, reference(conversation, "inbox")) {
        (Some(target), Some(inbox)) => Ok((normal_address(target), inbox)),
        _ => Err(ToolError::refused(
            "the conversation is not with one phone number, which its messages are read by; find \
             them with call_operation and list_team_messages",
        )),
    }
}

pub(crate) fn set_status_tool() -> Tool {
    tool(
        "set_conversation_status",
        "Opens or closes a conversation.",
        json!({
            "conversation_id!": integer("The conversation"),
            "member_id!": integer("The team member who does it"),
            "status!": {"type": "string", "enum": ["open", "closed"]},
        }),
        &["_notice", "result"],
        ToolAnnotations::new()
            .read_only(false)
            .destructive(false)
            .idempotent(true),
    )
}

pub(crate) async fn set_status(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let id = arguments.required_integer("conversation_id")?;
    let member = arguments.required_integer("member_id")?;
    let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
    let inbox = reference(&conversation, "inbox")
        .ok_or_else(|| ToolError::refused("the conversation has no inbox"))?;
    let operation = match arguments.text("status") {
        Some("closed") => &operations::CLOSE_CONVERSATION,
        _ => &operations::OPEN_CONVERSATION,
    };
    let mut body = json!({"inbox_id": inbox, "user_id": member, "chat_id": id});
    // The vendor's examples send both.
    if let Some(target) = text(&conversation, "target") {
        body["target"] = target.trim_start_matches('+').into();
    }
    let result = context.post(operation, body).await?;
    Ok(Output::default().data("result", result))
}

pub(crate) fn assign_tool() -> Tool {
    tool(
        "assign_conversation",
        "Assigns a conversation to a team member.",
        json!({
            "conversation_id!": integer("The conversation"),
            "member_id!": integer("The team member to assign it to"),
            "by_member_id": integer("Who does it; by default the assignee so far"),
        }),
        &["_notice", "result"],
        ToolAnnotations::new()
            .read_only(false)
            .destructive(false)
            .idempotent(true),
    )
}

pub(crate) async fn assign(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    let id = arguments.required_integer("conversation_id")?;
    let member = arguments.required_integer("member_id")?;
    let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
    let inbox = reference(&conversation, "inbox");
    let (Some(target), Some(inbox)) = (text(&conversation, "target"), inbox) else {
        return Err(ToolError::refused(
            "the conversation has no single contact and inbox to assign it by",
        ));
    };
    let by = arguments.integer("by_member_id");
    let by = by
        .or_else(|| reference(&conversation, "assigned"))
        .unwrap_or(member);
    let body = json!({
        "inbox_id": inbox, "user_id": by, "reassign_id": member,
        "target": target.trim_start_matches('+'),
    });
    let result = context
        .post(&operations::REASSIGN_CONVERSATION, body)
        .await?;
    Ok(Output::default().data("result", result))
}
