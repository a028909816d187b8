//! Messages and emails.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, ListRequest};
use crate::store::{Content, Message, Order, Outgoing, Paging, Part, Receiver, Rejection};

/// The size of a page of the history.
const HISTORY: usize = 50;

#[derive(Deserialize)]
struct SendMessage {
    inbox_id: i64,
    creator_id: i64,
    phone_number: Option<String>,
    chat_id: Option<i64>,
    list_id: Option<i64>,
    targets: Option<Vec<String>>,
    text: Option<String>,
    media_url: Option<String>,
    template_id: Option<i64>,
    survey_id: Option<i64>,
    local_id: Option<String>,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    author: String,
}

#[derive(Deserialize)]
struct SendEmail {
    inbox: i64,
    creator_id: i64,
    text: String,
    targets: Option<Vec<String>>,
    convo_id: Option<i64>,
    local_id: Option<String>,
    #[serde(default)]
    conv_title: String,
}

pub(super) fn send(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: SendMessage = call.input()?;
    let media = request.media_url.clone().unwrap_or_default();
    let local_id = request.local_id.clone();
    let is_of_list = request.list_id.is_some();
    let mut outgoing = request.outgoing()?;
    outgoing.held_until = call.plan.held_until(call.now);
    let sent = call.once("message", local_id.as_deref(), is_of_list, |store, now| {
        store.send(&outgoing, now)
    })?;
    Ok(call.renderer().sent(&sent, &media))
}

impl SendMessage {
    fn outgoing(self) -> Result<Outgoing, Rejection> {
        let receiver = match (self.phone_number, self.chat_id, self.list_id, self.targets) {
            (Some(phone), ..) => Receiver::Phone(phone),
            (_, Some(id), ..) => Receiver::Conversation(id),
            (_, _, Some(id), _) => Receiver::List(id),
            (.., targets) => Receiver::Group(group(targets.unwrap_or_default())?),
        };
        Ok(Outgoing {
            inbox: self.inbox_id,
            creator: self.creator_id,
            receiver,
            content: Content {
                text: self.text,
                template: self.template_id,
                survey: self.survey_id,
                media: self.media_url,
            },
            private: self.private,
            held_until: None,
            author: self.author,
            local_id: self.local_id.unwrap_or_default(),
        })
    }
}

/// Sorts and deduplicates a group, which needs at least two members.
pub(super) fn group(mut targets: Vec<String>) -> Result<Vec<String>, Rejection> {
    targets.sort();
    targets.dedup();
    if targets.len() < 2 {
        return Err(Rejection::bad_data(
            "targets",
            "a group has at least two members",
        ));
    }
    Ok(targets)
}

pub(super) fn send_email(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: SendEmail = call.input()?;
    let to = request.targets.as_deref().and_then(first_recipient);
    let outgoing = Outgoing {
        inbox: request.inbox,
        creator: request.creator_id,
        receiver: Receiver::Conversation(request.convo_id.unwrap_or_default()),
        content: Content {
            text: Some(request.text),
            ..Content::default()
        },
        private: false,
        held_until: call.plan.held_until(call.now),
        author: String::new(),
        local_id: request.local_id.clone().unwrap_or_default(),
    };
    let sent = call.once("email", request.local_id.as_deref(), false, |store, now| {
        store.send_email(&outgoing, to.as_deref(), now)
    })?;
    if let Some(id) = sent.conversation.filter(|_| !request.conv_title.is_empty()) {
        call.store.conversations.change(id, |conversation| {
            if conversation.name.is_empty() {
                conversation.name = request.conv_title;
            }
        });
    }
    Ok(call.renderer().sent_email(&sent))
}

/// Returns the first `to:` address, or else the first `cc:` address. The conversation
/// is with this address.
fn first_recipient(targets: &[String]) -> Option<String> {
    let first = |prefix: &str| {
        let mut named = targets
            .iter()
            .filter_map(|target| target.strip_prefix(prefix));
        named.next()?.split(',').next()
    };
    let address = first("to:").or_else(|| first("cc:"))?;
    Some(address.trim().to_lowercase())
}

/// Returns up to 50 messages of a conversation before a time, latest first. An
/// unknown number has none.
pub(super) fn history(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let inbox = call.integer("inboxID");
    call.store.inbox(inbox, "inboxID")?;
    // A time that no timestamp holds is before or after all messages.
    let bound = call.parameters.get("timestamp").and_then(Value::as_i64);
    let bound = bound.map(|second| {
        let end = if second < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        Timestamp::from_second(second).unwrap_or(end)
    });
    let phone = call.text("phoneNumber").to_owned();
    let Some(conversation) = call.store.conversation_with(inbox, &phone) else {
        return Ok(json!([]));
    };
    let part = Part::Conversation(conversation.id);
    let paging = Paging {
        order: Order::Created,
        ascending: false,
        bound,
        hidden_from: call.plan.hidden_from(call.now),
        skip: 0,
        limit: call.capped(HISTORY),
    };
    Ok(call.page(
        |store| &store.messages,
        &[part],
        &paging,
        |renderer, message| renderer.message(message),
    ))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct ListMessages {
        created_at: Option<Timestamp>,
        order: Option<Order>,
    }
    let request: ListMessages = call.input()?;
    let mut paging = call.paging(1)?;
    paging.order = request.order.unwrap_or(Order::Created);
    paging.bound = request.created_at;
    paging.hidden_from = call.plan.hidden_from(call.now);
    Ok(call.page(
        |store| &store.messages,
        &[Part::Whole],
        &paging,
        |renderer, message| renderer.message(message),
    ))
}

pub(super) fn count(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: ListRequest = call.input()?;
    let hidden_from = call.plan.hidden_from(call.now);
    let count = match hidden_from {
        None => call.store.messages.count(request.date),
        Some(from) => {
            let is_old = |message: &&Message| message.date < from;
            let is_before = |message: &&Message| {
                let bound = request.date;
                bound.is_none_or(|bound| message.updated < bound)
            };
            let messages = call.store.messages.iter();
            messages.filter(is_old).filter(is_before).count()
        }
    };
    Ok(call.renderer().count(count))
}
