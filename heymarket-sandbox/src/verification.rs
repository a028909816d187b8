//! What a test looks at: messages and contacts as typed values, and assertions.

use std::fmt::Write as _;

use jiff::Timestamp;
use similar::TextDiff;

use crate::store::{Conversation, Message as StoredMessage, Store};

/// A message that the sandbox stores.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The ID of the message.
    pub id: i64,
    /// The ID of its conversation.
    pub conversation: i64,
    /// The ID of its inbox.
    pub inbox: i64,
    /// Whether the team sent it or a customer did.
    pub direction: Direction,
    /// The address of the customer: a phone number, an email address, or the
    /// phone numbers of a group with commas between them.
    pub address: String,
    /// The text. Templates are filled.
    pub text: String,
    /// The URL of a picture, or an empty string.
    pub media: String,
    /// The status: `sent`, `delivered`, `failed` or `received`.
    pub status: String,
    /// The `local_id` of the request, or an empty string.
    pub local_id: String,
    /// The ID of the member who sent it, or 0.
    pub user: i64,
    /// Whether it is an internal comment.
    pub private: bool,
    /// The ID of its broadcast to a list.
    pub broadcast_id: Option<i64>,
    /// When it was sent, by the clock of the sandbox.
    pub date: Timestamp,
}

/// Who sent a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// A customer.
    Inbound,
    /// The team.
    Outbound,
}

/// A contact that the sandbox stores.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The ID, which v1 operations use.
    pub id: i64,
    /// The UUID, which v2 operations use.
    pub uuid: String,
    /// The display name.
    pub name: String,
    /// The phone number, or an empty string.
    pub phone: String,
    /// The email address, or an empty string.
    pub email: String,
    /// The texts of its tags.
    pub tags: Vec<String>,
    /// Whether the team or the contact unsubscribed it.
    pub unsubscribed: bool,
    /// Whether the team blocked it.
    pub blocked: bool,
}

/// Returns all messages, by ID.
pub(crate) fn messages(store: &Store) -> Vec<Message> {
    let messages = store.messages.iter();
    messages
        .filter_map(|message| {
            let conversation = store.conversations.get(message.conversation)?;
            Some(Message::new(message, conversation))
        })
        .collect()
}

/// Returns all contacts, by ID.
pub(crate) fn contacts(store: &Store) -> Vec<Contact> {
    let contacts = store.contacts.iter();
    contacts
        .map(|contact| Contact {
            id: contact.id,
            uuid: contact.uuid.clone(),
            name: contact.display_name.clone(),
            phone: contact.phone().to_owned(),
            email: contact.email().to_owned(),
            tags: contact
                .tags
                .iter()
                .filter_map(|id| store.tags.get(*id))
                .map(|tag| tag.text.clone())
                .collect(),
            unsubscribed: contact.is_unsubscribed(),
            blocked: contact.blocked,
        })
        .collect()
}

impl Message {
    fn new(message: &StoredMessage, conversation: &Conversation) -> Self {
        let address = if conversation.targets.is_empty() {
            conversation.target.clone()
        } else {
            conversation.targets.join(",")
        };
        Self {
            id: message.id,
            conversation: message.conversation,
            inbox: conversation.inbox,
            direction: if message.user == 0 {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            address,
            text: message.text.clone(),
            media: message.media.clone(),
            status: message.status.clone(),
            local_id: message.local_id.clone(),
            user: message.user,
            private: message.private,
            broadcast_id: message.broadcast_id,
            date: message.date,
        }
    }

    /// Returns whether it went out to a customer.
    pub(crate) fn is_sent(&self) -> bool {
        self.direction == Direction::Outbound && !self.private && self.status != "failed"
    }
}

/// Compares messages with the expected addresses and texts, in any order. Returns
/// a diff if they differ.
pub(crate) fn difference(sent: &[Message], expected: &[(String, String)]) -> Result<(), String> {
    let sent = sent
        .iter()
        .map(|message| (message.address.clone(), message.text.clone()));
    let (expected, sent) = (lines(expected.iter().cloned()), lines(sent));
    if expected == sent {
        return Ok(());
    }
    let diff = TextDiff::from_lines(&expected, &sent);
    let diff = diff.unified_diff().header("expected", "sent").to_string();
    Err(format!(
        "the messages that were sent are not the expected ones:\n{diff}"
    ))
}

/// Returns a line for each message, sorted.
fn lines(messages: impl Iterator<Item = (String, String)>) -> String {
    let mut messages: Vec<_> = messages.collect();
    messages.sort();
    let mut lines = String::new();
    for (address, text) in messages {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{address}: {text:?}");
    }
    lines
}
