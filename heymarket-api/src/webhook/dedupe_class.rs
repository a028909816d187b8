//! How the duplicates of each event type are recognized.

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
