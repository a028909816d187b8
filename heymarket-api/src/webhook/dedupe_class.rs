//! What the generated event types are made of: how an event's data is read, and
//! how its duplicates are recognized.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How the duplicates of an event type are recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dedupe {
    pub(crate) class: DedupeClass,
    /// The first part of the keys. An event supersedes the events of its topic
    /// that are about the same subject, so the types that share a topic are each
    /// other's opposites.
    pub(crate) topic: &'static str,
}

/// What identifies an event among those of its topic: the values of `dedupe` in
/// `openapi/webhooks.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DedupeClass {
    /// A message that goes out, by each status that it takes.
    MessageStatus,
    /// A message that comes in, once.
    Message,
    /// A state of a conversation. Each type is a state.
    ConversationState,
    /// The team member who has a conversation.
    ConversationAssignee,
    /// The inbox that a conversation is in.
    ConversationInbox,
    /// A change of a conversation that the event does not name.
    ConversationChange,
    /// What a person wants. Each type is a state.
    Person,
    /// All of the data.
    Data,
}

/// Reads data that is an object. Serde would also read an array of the members
/// in order.
pub(crate) fn typed<T: DeserializeOwned>(text: &str) -> Option<Box<T>> {
    let object = text.starts_with('{').then_some(text)?;
    serde_json::from_str(object).ok()
}

/// Reads data of any shape. Text that is JSON only in form, such as half a
/// surrogate, stays text.
pub(crate) fn free(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
