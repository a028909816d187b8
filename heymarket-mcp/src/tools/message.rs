//! From the arguments of a draft to the body of its request.

use heymarket_api::{RawRequest, operations};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::context::{Context, reference, text, time};
use crate::access::normal_address;
use crate::arguments::Arguments;
use crate::drafts::Draft;
use crate::error::ToolError;

/// The longest text of a draft, in characters.
const MAX_TEXT: usize = 10_000;

/// A message that is checked, and not yet shown.
pub(super) struct Message {
    pub(super) draft: Draft,
    pub(super) inbox: i64,
    pub(super) member: i64,
    /// Where it goes: a phone number or email addresses.
    pub(super) addresses: Vec<String>,
    pub(super) conversation: Option<i64>,
    pub(super) template: Option<i64>,
    pub(super) text: Option<String>,
    pub(super) media: Option<String>,
    pub(super) send_at: Option<Timestamp>,
    /// Only the team sees it.
    pub(super) is_private: bool,
}

/// Reads a text message, sent now or later.
pub(super) async fn text_message(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Message, ToolError> {
    let member = arguments.required_integer("member_id")?;
    let is_private = arguments.boolean("private").unwrap_or(false);
    let send_at = arguments
        .text("send_at")
        .map(|at| time("send_at", at))
        .transpose()?;
    let content = Content::read(arguments)?;
    let mut body = Map::new();
    let (address, conversation, inbox) =
        match (arguments.text("to"), arguments.integer("conversation_id")) {
            (Some(to), None) => {
                let inbox = arguments.required_integer("inbox_id")?;
                let number = normal_address(to);
                if to.contains('@') || number.is_empty() {
                    return Err(ToolError::refused("to is not a phone number"));
                }
                body.insert("phone_number".to_owned(), number.clone().into());
                (number, None, inbox)
            }
            (None, Some(id)) => {
                let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
                let inbox = arguments
                    .integer("inbox_id")
                    .or_else(|| reference(&conversation, "inbox"));
                let target = text(&conversation, "target").map(normal_address);
                let (Some(target), Some(inbox)) =
                    (target.filter(|target| !target.is_empty()), inbox)
                else {
                    return Err(ToolError::refused(
                        "the conversation has no single contact and inbox; give to and inbox_id",
                    ));
                };
                let name = if send_at.is_some() {
                    "conversation_id"
                } else {
                    "chat_id"
                };
                body.insert(name.to_owned(), id.into());
                (target, Some(id), inbox)
            }
            _ => {
                return Err(ToolError::refused(
                    "give to or conversation_id, one of them",
                ));
            }
        };
    if is_private && (conversation.is_none() || send_at.is_some()) {
        return Err(ToolError::refused(
            "a private comment belongs to a conversation_id, without send_at",
        ));
    }
    body.insert("inbox_id".to_owned(), inbox.into());
    let request = match send_at {
        Some(at) => {
            if content.media.is_some() {
                return Err(ToolError::refused(
                    "media_url cannot be combined with send_at",
                ));
            }
            body.insert("user_id".to_owned(), member.into());
            body.insert("execute_at".to_owned(), at.to_string().into());
            body.insert("content".to_owned(), content.scheduled());
            RawRequest::of(&operations::CREATE_SCHEDULED_MESSAGE)
        }
        None => {
            body.insert("creator_id".to_owned(), member.into());
            content.add_to(&mut body);
            if is_private {
                body.insert("private".to_owned(), true.into());
            }
            RawRequest::of(&operations::SEND_MESSAGE)
        }
    };
    Ok(Message {
        draft: draft(request, body)?,
        inbox,
        member,
        addresses: vec![address],
        conversation,
        template: content.template,
        text: content.text,
        media: content.media,
        send_at,
        is_private,
    })
}

/// Reads an email.
pub(super) async fn email(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Message, ToolError> {
    let member = arguments.required_integer("member_id")?;
    let html = limited(arguments.required_text("html")?)?;
    let mut body = Map::new();
    let to: Vec<_> = arguments
        .list("to")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let conversation = arguments.integer("conversation_id");
    let (addresses, inbox) = match (to.is_empty(), conversation) {
        (false, None) => {
            if to.len() != arguments.list("to").len() {
                return Err(ToolError::refused("to is a list of email addresses"));
            }
            let targets: Vec<_> = to.iter().map(|to| format!("to:{}", to.trim())).collect();
            body.insert("targets".to_owned(), json!(targets));
            if let Some(subject) = arguments.text("subject") {
                body.insert("conv_title".to_owned(), subject.into());
            }
            let to = to.iter().map(|to| normal_address(to)).collect();
            (to, arguments.required_integer("inbox_id")?)
        }
        (true, Some(id)) => {
            let found = context.get(&operations::GET_CONVERSATION, id).await?;
            let inbox = arguments
                .integer("inbox_id")
                .or_else(|| reference(&found, "inbox"));
            let target = text(&found, "target").filter(|target| target.contains('@'));
            let (Some(target), Some(inbox)) = (target, inbox) else {
                return Err(ToolError::refused(
                    "the conversation is not with one email address; give to and inbox_id",
                ));
            };
            body.insert("convo_id".to_owned(), id.into());
            (vec![normal_address(target)], inbox)
        }
        _ => {
            return Err(ToolError::refused(
                "give to or conversation_id, one of them",
            ));
        }
    };
    // An address with a comma would be several.
    if addresses.iter().any(|address| address.contains(',')) {
        return Err(ToolError::refused("each item of to is one email address"));
    }
    body.insert("inbox".to_owned(), inbox.into());
    body.insert("creator_id".to_owned(), member.into());
    body.insert("text".to_owned(), html.clone().into());
    Ok(Message {
        draft: draft(RawRequest::of(&operations::SEND_EMAIL), body)?,
        inbox,
        member,
        addresses,
        conversation,
        template: None,
        text: Some(html),
        media: None,
        send_at: None,
        is_private: false,
    })
}

/// What a message says.
struct Content {
    text: Option<String>,
    template: Option<i64>,
    media: Option<String>,
}

impl Content {
    fn read(arguments: &Arguments) -> Result<Self, ToolError> {
        let text = arguments.text("text").map(limited).transpose()?;
        let template = arguments.integer("template_id");
        let media = arguments.text("media_url").map(limited).transpose()?;
        match (&text, template, &media) {
            (Some(_), Some(_), _) => Err(ToolError::refused("give text or template_id, not both")),
            (None, None, None) => Err(ToolError::refused("give text, template_id or media_url")),
            _ => Ok(Self {
                text,
                template,
                media,
            }),
        }
    }

    fn add_to(&self, body: &mut Map<String, Value>) {
        if let Some(text) = &self.text {
            body.insert("text".to_owned(), text.clone().into());
        }
        if let Some(template) = self.template {
            body.insert("template_id".to_owned(), template.into());
        }
        if let Some(media) = &self.media {
            body.insert("media_url".to_owned(), media.clone().into());
        }
    }

    fn scheduled(&self) -> Value {
        match self.template {
            Some(template) => json!({"template": template}),
            None => json!({"text": self.text}),
        }
    }
}

fn limited(text: &str) -> Result<String, ToolError> {
    if text.chars().count() > MAX_TEXT {
        return Err(ToolError::refused(format!(
            "a text has at most {MAX_TEXT} characters"
        )));
    }
    Ok(text.to_owned())
}

/// Checks a request, and generates its `local_id`.
fn draft(request: RawRequest, body: Map<String, Value>) -> Result<Draft, ToolError> {
    let request = request.json(body.into());
    request.check(Timestamp::now())?;
    Ok(Draft {
        operation: request.operation(),
        body: request.body().cloned().unwrap_or_default(),
        question: String::new(),
    })
}
