use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::types::{Conversation, Message, WebhookDelivery, WebhookEventType};

/// What a webhook tells of.
///
/// `Debug` shows no text, phone number or name, as of all types.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened. Both spellings of a received message are the same type.
    pub event_type: WebhookEventType,
    /// The id of the webhook's configuration. It is the same in every delivery
    /// and does not tell events apart: see [`dedupe_key`](Self::dedupe_key).
    pub webhook_id: Option<i64>,
    /// Which of the documented envelopes the event came in.
    pub envelope: Envelope,
    /// What it is about.
    pub data: EventData,
}

/// Where an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// With `type`, as the newer documentation has it.
    Current,
    /// With `event`, as the older documentation has it.
    Older,
    /// Not from a webhook: from the message history, by `Client::reconcile`.
    History,
}

/// What an event is about.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum EventData {
    /// A message was sent, or its status changed.
    MessageSent(Box<Message>),
    /// A message came in.
    MessageReceived(Box<Message>),
    /// A conversation was given to another team member.
    ConversationReassigned(Box<Conversation>),
    /// A conversation was closed.
    ConversationClosed(Box<Conversation>),
    /// A conversation was opened.
    ConversationOpened(Box<Conversation>),
    /// A conversation became pending.
    ConversationPending(Box<Conversation>),
    /// A conversation was moved to another inbox.
    ConversationTransferred(Box<Conversation>),
    /// A contact wants no further messages. The fields are not known.
    OptOut(Value),
    /// A contact wants messages again. The fields are not known.
    OptIn(Value),
    /// A contact confirmed that it wants messages. The fields are not known.
    DoubleOptIn(Value),
    /// A contact has not confirmed that it wants messages. The fields are not
    /// known.
    DoubleOptInRestricted(Value),
    /// A call came in. The fields are not known.
    IncomingCall(Value),
    /// An event of a type that this version does not know, or whose data is not
    /// of its type: as it came.
    Unknown(Value),
}

impl Event {
    pub(super) fn new(
        event_type: WebhookEventType,
        webhook_id: Option<i64>,
        envelope: Envelope,
        data: Option<&RawValue>,
    ) -> Self {
        let data = data.map_or("null", RawValue::get);
        Self {
            data: EventData::read(&event_type, data),
            event_type,
            webhook_id,
            envelope,
        }
    }

    /// An event of the message history. That a message whose status is
    /// `received` came in, and any other was sent, is inferred.
    #[cfg(feature = "client")]
    pub(super) fn of_history(message: Message) -> Self {
        use crate::types::MessageStatus;
        let (event_type, data): (_, fn(Box<Message>) -> EventData) = match message.status {
            Some(MessageStatus::Received) => (
                WebhookEventType::MessageRecieved,
                EventData::MessageReceived,
            ),
            _ => (WebhookEventType::MessageSent, EventData::MessageSent),
        };
        Self {
            event_type,
            webhook_id: None,
            envelope: Envelope::History,
            data: data(Box::new(message)),
        }
    }

    /// What tells this event from all others: its type, the id of what it is
    /// about, and, since the same is told of again when it changes, the status
    /// of a message or the time of a conversation's change.
    ///
    /// The same delivery twice gives the same key, in either spelling of the
    /// type, and so does the history. Data of no known shape is told apart by a
    /// hash of it. The key holds no phone number, name or text.
    #[must_use]
    pub fn dedupe_key(&self) -> String {
        let event_type = self.event_type.as_str();
        match &self.data {
            EventData::MessageSent(message) | EventData::MessageReceived(message) => {
                let change = match (&message.status, message.updated.or(message.date)) {
                    (Some(status), _) => status.to_string(),
                    (None, Some(updated)) => updated.to_string(),
                    (None, None) => String::new(),
                };
                format!("{event_type}:{}:{change}", message.id)
            }
            EventData::ConversationReassigned(conversation)
            | EventData::ConversationClosed(conversation)
            | EventData::ConversationOpened(conversation)
            | EventData::ConversationPending(conversation)
            | EventData::ConversationTransferred(conversation) => {
                let change = conversation.updated.map(|updated| updated.to_string());
                let change = change.unwrap_or_default();
                format!("{event_type}:{}:{change}", conversation.id)
            }
            EventData::OptOut(data)
            | EventData::OptIn(data)
            | EventData::DoubleOptIn(data)
            | EventData::DoubleOptInRestricted(data)
            | EventData::IncomingCall(data)
            | EventData::Unknown(data) => {
                format!("{event_type}:{:016x}", fnv1a(data.to_string().as_bytes()))
            }
        }
    }

    /// The body of a delivery of such an event that carries `token`, to post to
    /// a receiver **in a test**. Anyone who knows the token can make one: that
    /// is all the verification there is.
    ///
    /// # Errors
    ///
    /// When free JSON in the data cannot be written, which none is known that
    /// cannot.
    pub fn sign_for_test(&self, token: &str) -> Result<Vec<u8>, serde_json::Error> {
        let event_type = Some(self.event_type.clone());
        let (current, older) = match self.envelope {
            Envelope::Older => (None, event_type),
            Envelope::Current | Envelope::History => (event_type, None),
        };
        serde_json::to_vec(&WebhookDelivery {
            type_: current,
            event: older,
            id: self.webhook_id,
            token: Some(token.to_owned()),
            event_data: Some(self.data.to_value()?),
        })
    }
}

impl EventData {
    /// Reads the data of an event of a type; whatever is not of its type is
    /// kept as it is.
    fn read(event_type: &WebhookEventType, text: &str) -> Self {
        use WebhookEventType as Type;

        let read = match event_type {
            Type::MessageSent => typed(text, Self::MessageSent),
            Type::MessageRecieved => typed(text, Self::MessageReceived),
            Type::ChatReassigned => typed(text, Self::ConversationReassigned),
            Type::ChatClosed => typed(text, Self::ConversationClosed),
            Type::ChatOpened => typed(text, Self::ConversationOpened),
            Type::ChatPending => typed(text, Self::ConversationPending),
            Type::ChatTransferred => typed(text, Self::ConversationTransferred),
            Type::TargetOptOut => free(text, Self::OptOut),
            Type::TargetOptIn => free(text, Self::OptIn),
            Type::TargetDoubleOptIn => free(text, Self::DoubleOptIn),
            Type::TargetDoubleOptRestricted => free(text, Self::DoubleOptInRestricted),
            Type::IncomingCall => free(text, Self::IncomingCall),
            Type::Unknown(_) => None,
        };
        // Text that is JSON only in form, such as half a surrogate, stays text.
        let free = || serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        read.unwrap_or_else(|| Self::Unknown(free()))
    }

    fn to_value(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::MessageSent(message) | Self::MessageReceived(message) => {
                serde_json::to_value(message)
            }
            Self::ConversationReassigned(conversation)
            | Self::ConversationClosed(conversation)
            | Self::ConversationOpened(conversation)
            | Self::ConversationPending(conversation)
            | Self::ConversationTransferred(conversation) => serde_json::to_value(conversation),
            Self::OptOut(data)
            | Self::OptIn(data)
            | Self::DoubleOptIn(data)
            | Self::DoubleOptInRestricted(data)
            | Self::IncomingCall(data)
            | Self::Unknown(data) => Ok(data.clone()),
        }
    }
}

impl fmt::Debug for EventData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, inside): (_, Option<&dyn fmt::Debug>) = match self {
            Self::MessageSent(message) => ("MessageSent", Some(message)),
            Self::MessageReceived(message) => ("MessageReceived", Some(message)),
            Self::ConversationReassigned(it) => ("ConversationReassigned", Some(it)),
            Self::ConversationClosed(it) => ("ConversationClosed", Some(it)),
            Self::ConversationOpened(it) => ("ConversationOpened", Some(it)),
            Self::ConversationPending(it) => ("ConversationPending", Some(it)),
            Self::ConversationTransferred(it) => ("ConversationTransferred", Some(it)),
            // Nobody knows what is in these.
            Self::OptOut(_) => ("OptOut", None),
            Self::OptIn(_) => ("OptIn", None),
            Self::DoubleOptIn(_) => ("DoubleOptIn", None),
            Self::DoubleOptInRestricted(_) => ("DoubleOptInRestricted", None),
            Self::IncomingCall(_) => ("IncomingCall", None),
            Self::Unknown(_) => ("Unknown", None),
        };
        let mut tuple = f.debug_tuple(name);
        match inside {
            Some(inside) => tuple.field(inside),
            None => tuple.field(&crate::wire::Hidden::Content),
        };
        tuple.finish()
    }
}

/// Reads an object. Serde would also read an array of the members in order.
fn typed<T: DeserializeOwned>(text: &str, variant: fn(Box<T>) -> EventData) -> Option<EventData> {
    let object = text.starts_with('{').then_some(text)?;
    serde_json::from_str(object).ok().map(variant)
}

fn free(text: &str, variant: fn(Value) -> EventData) -> Option<EventData> {
    serde_json::from_str(text).ok().map(variant)
}

/// The FNV-1a hash, which is the same on every machine and in every version: a
/// shared store needs that.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::fnv1a;

    /// From the reference's own test vectors.
    #[test]
    fn the_hash_is_that_of_the_reference() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
