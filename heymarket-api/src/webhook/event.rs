use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use super::identity::EventKey;
use super::kind::kind;
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
    /// A conversation changed. Only the older documentation has this type.
    ConversationUpdated(Box<Conversation>),
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

    /// Returns a text that is the same for each delivery of the event, in either
    /// spelling of the type, and for the same event of the history: what the
    /// event is about, its time of change where it has one, and the new state.
    ///
    /// It holds no phone number, name or text, but may hold a hash of them; see
    /// [`EventKey`]. A state that returns without a time has
    /// the key that it had before, so a set of these keys is not enough to find
    /// duplicates: a [`Deduplicator`](super::Deduplicator) is.
    #[must_use]
    pub fn dedupe_key(&self) -> String {
        EventKey::of(self).as_str().to_owned()
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
    /// Reads the data of an event of a type; data of another shape is kept as
    /// free JSON.
    fn read(event_type: &WebhookEventType, text: &str) -> Self {
        // Text that is JSON only in form, such as half a surrogate, stays text.
        let free = || serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        kind(event_type)
            .and_then(|kind| (kind.read)(text))
            .unwrap_or_else(|| Self::Unknown(free()))
    }

    pub(super) fn message(&self) -> Option<&Message> {
        match self {
            Self::MessageSent(message) | Self::MessageReceived(message) => Some(message),
            _ => None,
        }
    }

    pub(super) fn conversation(&self) -> Option<&Conversation> {
        match self {
            Self::ConversationReassigned(conversation)
            | Self::ConversationClosed(conversation)
            | Self::ConversationOpened(conversation)
            | Self::ConversationPending(conversation)
            | Self::ConversationTransferred(conversation)
            | Self::ConversationUpdated(conversation) => Some(conversation),
            _ => None,
        }
    }

    pub(super) fn to_value(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::MessageSent(message) | Self::MessageReceived(message) => {
                serde_json::to_value(message)
            }
            Self::ConversationReassigned(conversation)
            | Self::ConversationClosed(conversation)
            | Self::ConversationOpened(conversation)
            | Self::ConversationPending(conversation)
            | Self::ConversationTransferred(conversation)
            | Self::ConversationUpdated(conversation) => serde_json::to_value(conversation),
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
            Self::ConversationUpdated(it) => ("ConversationUpdated", Some(it)),
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
