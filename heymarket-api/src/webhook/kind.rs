//! What is known of each type of event, in one table.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::event::EventData;
use crate::types::WebhookEventType;

/// What a type of event says of its events.
pub(super) struct Kind {
    /// Reads the data; `None` if it is not of this type.
    pub(super) read: fn(&str) -> Option<EventData>,
    pub(super) topic: Topic,
}

/// What an event tells the state of. A new state supersedes the one before, so
/// the types that share a topic are each other's opposites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A message that goes out. Its states are the statuses that it takes.
    SentMessage,
    /// A message that comes in, once.
    ReceivedMessage,
    /// Whether a conversation is open. Each type is a state.
    Conversation,
    /// The team member who has a conversation.
    Assignee,
    /// The inbox that a conversation is in.
    Inbox,
    /// A change of a conversation that the event does not name.
    Change,
    /// Whether a person accepts messages. Each type is a state.
    Consent,
    /// A call.
    Call,
}

impl Topic {
    /// The first part of the keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SentMessage => "message_sent",
            Self::ReceivedMessage => "message_recieved",
            Self::Conversation => "conversation",
            Self::Assignee => "chat_reassigned",
            Self::Inbox => "chat_transferred",
            Self::Change => "chat_updated",
            Self::Consent => "consent",
            Self::Call => "incoming_call",
        }
    }
}

/// The row of a type; `None` for a type that this version does not know.
pub(super) fn kind(event_type: &WebhookEventType) -> Option<Kind> {
    use EventData as Data;
    use WebhookEventType as Type;

    let (read, topic): (fn(&str) -> _, _) = match event_type {
        Type::MessageSent => (|text| typed(text, Data::MessageSent), Topic::SentMessage),
        Type::MessageRecieved => (
            |text| typed(text, Data::MessageReceived),
            Topic::ReceivedMessage,
        ),
        Type::ChatReassigned => (
            |text| typed(text, Data::ConversationReassigned),
            Topic::Assignee,
        ),
        Type::ChatClosed => (
            |text| typed(text, Data::ConversationClosed),
            Topic::Conversation,
        ),
        Type::ChatOpened => (
            |text| typed(text, Data::ConversationOpened),
            Topic::Conversation,
        ),
        Type::ChatPending => (
            |text| typed(text, Data::ConversationPending),
            Topic::Conversation,
        ),
        Type::ChatTransferred => (
            |text| typed(text, Data::ConversationTransferred),
            Topic::Inbox,
        ),
        Type::ChatUpdated => (|text| typed(text, Data::ConversationUpdated), Topic::Change),
        Type::TargetOptOut => (|text| free(text, Data::OptOut), Topic::Consent),
        Type::TargetOptIn => (|text| free(text, Data::OptIn), Topic::Consent),
        Type::TargetDoubleOptIn => (|text| free(text, Data::DoubleOptIn), Topic::Consent),
        Type::TargetDoubleOptRestricted => (
            |text| free(text, Data::DoubleOptInRestricted),
            Topic::Consent,
        ),
        Type::IncomingCall => (|text| free(text, Data::IncomingCall), Topic::Call),
        Type::Unknown(_) => return None,
    };
    Some(Kind { read, topic })
}

/// Reads an object. Serde would also read an array of the members in order.
fn typed<T: DeserializeOwned>(text: &str, variant: fn(Box<T>) -> EventData) -> Option<EventData> {
    let object = text.starts_with('{').then_some(text)?;
    serde_json::from_str(object).ok().map(variant)
}

fn free(text: &str, variant: fn(Value) -> EventData) -> Option<EventData> {
    serde_json::from_str(text).ok().map(variant)
}
