//! The first step of sending: drafting a message, which shows it and sends nothing.

use rmcp::model::Tool;
use serde_json::json;

use super::context::{Context, Output};
use super::definition::{boolean, integer, reads, text, tool};
use super::message::{self, Message};
use super::preview;
use crate::arguments::Arguments;
use crate::drafts::LIFETIME;
use crate::error::ToolError;

const OUTPUT: [&str; 17] = [
    "_notice",
    "draft",
    "recipient",
    "from",
    "template",
    "to",
    "inbox_id",
    "member_id",
    "message",
    "media_url",
    "conversation_id",
    "send_at",
    "private",
    "segments",
    "warnings",
    "cannot_send",
    "next",
];

pub(crate) fn message_tool() -> Tool {
    tool(
        "draft_message",
        "Drafts a text message to one contact, now or scheduled, or a private comment. Shows the \
         recipient's name, segments and warnings. Sends nothing.",
        json!({
            "to": text("A phone number; needs inbox_id"),
            "conversation_id": integer("Or a conversation"),
            "inbox_id": integer("The inbox to send from"),
            "member_id!": integer("The team member to send as"),
            "text": text("The text"),
            "template_id": integer("Or a template"),
            "media_url": text("The public URL of a file to attach"),
            "send_at": text("RFC 3339, on a quarter hour, at least 15 minutes ahead"),
            "private": boolean("A comment that only the team sees"),
        }),
        &OUTPUT,
        reads(),
    )
}

pub(crate) fn email_tool() -> Tool {
    tool(
        "draft_email",
        "Drafts an email, or a reply in a conversation by email. Sends nothing.",
        json!({
            "to": {"type": "array", "items": {"type": "string"}, "description": "Email addresses; needs inbox_id"},
            "conversation_id": integer("Or a conversation to reply in"),
            "inbox_id": integer("The inbox to send from"),
            "member_id!": integer("The team member to send as"),
            "subject": text("The title of a new conversation"),
            "html!": text("The body, in HTML"),
        }),
        &OUTPUT,
        reads(),
    )
}

pub(crate) async fn draft_message(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    show(context, message::text_message(context, arguments).await?).await
}

pub(crate) async fn draft_email(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    show(context, message::email(context, arguments).await?).await
}

async fn show(context: &Context<'_>, mut message: Message) -> Result<Output, ToolError> {
    let preview = preview::look_up(context, &message).await;
    let output = preview.output(&message);
    if let Some(problem) = &preview.problem {
        return Ok(output.own("cannot_send", problem.as_str()));
    }
    if !context.access.sends {
        let next = "This server does not send. Show the draft to the person you work for.";
        return Ok(output.own("next", next));
    }
    message.draft.question = preview.question(&message);
    let hash = message.draft.hash();
    let local_id = message.draft.local_id().to_owned();
    let token = context.drafts.add(message.draft);
    let draft = json!({
        "token": token, "valid_seconds": LIFETIME.as_secs(), "body_sha256": hash,
        "local_id": local_id,
    });
    let next = "Show recipient, text and warnings to the person you work for. Once they agree, call \
                send_draft with the token.";
    Ok(output.own("draft", draft).own("next", next))
}
