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
    let Place {
        addresses,
        conversation,
        inbox,
    } = place(context, arguments).await?;
    if is_private && (conversation.is_none() || send_at.is_some()) {
        return Err(ToolError::refused(
            "a private comment belongs to a conversation_id, without send_at",
        ));
    }
    let mut body = Map::new();
    match (conversation, send_at) {
        (None, _) => body.insert("phone_number".to_owned(), addresses.concat().into()),
        (Some(id), Some(_)) => body.insert("conversation_id".to_owned(), id.into()),
        (Some(id), None) => body.insert("chat_id".to_owned(), id.into()),
    };
    body.insert("inbox_id".to_owned(), inbox.into());
    if is_private {
        body.insert("private".to_owned(), true.into());
    }
    let request = match send_at {
        Some(at) => content.scheduled(&mut body, member, at)?,
        None => content.now(&mut body, member),
    };
    Ok(Message {
        draft: draft(request, body)?,
        inbox,
        member,
        addresses,
        conversation,
        template: content.template,
        text: content.text,
        media: content.media,
        send_at,
        is_private,
    })
}

/// Where a message goes.
struct Place {
    /// A phone number, or email addresses.
    addresses: Vec<String>,
    conversation: Option<i64>,
    /// Where it is sent from.
    inbox: i64,
}

/// Reads where a text message goes.
async fn place(context: &Context<'_>, arguments: &Arguments) -> Result<Place, ToolError> {
    match (arguments.text("to"), arguments.integer("conversation_id")) {
        (Some(to), None) => {
            let inbox = arguments.required_integer("inbox_id")?;
            let number = normal_address(to);
            if to.contains('@') || number.is_empty() {
                return Err(ToolError::refused("to is not a phone number"));
            }
            Ok(Place {
                addresses: vec![number],
                conversation: None,
                inbox,
            })
        }
        (None, Some(id)) => {
            let is_number = |target: &str| !normal_address(target).is_empty();
            let place = place_of(context, arguments, id, is_number).await?;
            place.ok_or_else(|| {
                ToolError::refused(
                    "the conversation has no single contact and inbox; give to and inbox_id",
                )
            })
        }
        _ => Err(ToolError::refused(
            "give to or conversation_id, one of them",
        )),
    }
}

/// Returns the place of a conversation, if it has an inbox and one address of a kind.
async fn place_of(
    context: &Context<'_>,
    arguments: &Arguments,
    id: i64,
    is_of_kind: impl Fn(&str) -> bool,
) -> Result<Option<Place>, ToolError> {
    let conversation = context.get(&operations::GET_CONVERSATION, id).await?;
    let inbox = arguments
        .integer("inbox_id")
        .or_else(|| reference(&conversation, "inbox"));
    let target = text(&conversation, "target").filter(|target| is_of_kind(target));
    Ok(target.zip(inbox).map(|(target, inbox)| Place {
        addresses: vec![normal_address(target)],
        conversation: Some(id),
        inbox,
    }))
}

/// Reads an email.
pub(super) async fn email(
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Message, ToolError> {
    let member = arguments.required_integer("member_id")?;
    let html = limited(arguments.required_text("html")?)?;
    let mut body = Map::new();
    let Place {
        addresses,
        conversation,
        inbox,
    } = email_place(context, arguments, &mut body).await?;
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

/// Reads where an email goes, and adds it to the body.
async fn email_place(
    context: &Context<'_>,
    arguments: &Arguments,
    body: &mut Map<String, Value>,
) -> Result<Place, ToolError> {
    let given = arguments.list("to");
    let to: Vec<_> = given.iter().filter_map(Value::as_str).collect();
    match (to.is_empty(), arguments.integer("conversation_id")) {
        (false, None) => {
            if to.len() != given.len() {
                return Err(ToolError::refused("to is a list of email addresses"));
            }
            let targets: Vec<_> = to.iter().map(|to| format!("to:{}", to.trim())).collect();
            body.insert("targets".to_owned(), json!(targets));
            if let Some(subject) = arguments.text("subject") {
                body.insert("conv_title".to_owned(), subject.into());
            }
            Ok(Place {
                addresses: to.iter().map(|to| normal_address(to)).collect(),
                conversation: None,
                inbox: arguments.required_integer("inbox_id")?,
            })
        }
        (true, Some(id)) => {
            let is_email = |target: &str| target.contains('@');
            let place = place_of(context, arguments, id, is_email).await?;
            body.insert("convo_id".to_owned(), id.into());
            place.ok_or_else(|| {
                ToolError::refused(
                    "the conversation is not with one email address; give to and inbox_id",
                )
            })
        }
        _ => Err(ToolError::refused(
            "give to or conversation_id, one of them",
        )),
    }
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

    /// Adds a message that is sent now to the body.
    fn now(&self, body: &mut Map<String, Value>, member: i64) -> RawRequest {
        body.insert("creator_id".to_owned(), member.into());
        if let Some(text) = &self.text {
            body.insert("text".to_owned(), text.clone().into());
        }
        if let Some(template) = self.template {
            body.insert("template_id".to_owned(), template.into());
        }
        if let Some(media) = &self.media {
            body.insert("media_url".to_owned(), media.clone().into());
        }
        RawRequest::of(&operations::SEND_MESSAGE)
    }

    /// Adds a message that is sent later to the body.
    fn scheduled(
        &self,
        body: &mut Map<String, Value>,
        member: i64,
        at: Timestamp,
    ) -> Result<RawRequest, ToolError> {
        if self.media.is_some() {
            return Err(ToolError::refused(
                "media_url cannot be combined with send_at",
            ));
        }
        let content = match self.template {
            Some(template) => json!({"template": template}),
            None => json!({"text": self.text}),
        };
        body.insert("user_id".to_owned(), member.into());
        body.insert("execute_at".to_owned(), at.to_string().into());
        body.insert("content".to_owned(), content);
        Ok(RawRequest::of(&operations::CREATE_SCHEDULED_MESSAGE))
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
