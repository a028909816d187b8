//! A verified event, and how it is stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::events::EventData;
#[cfg(feature = "client")]
use crate::types::Message;
use crate::types::{WebhookDelivery, WebhookEventType};

/// An event that a webhook delivered.
///
/// `Debug` shows no text, phone number or name, as that of all types.
///
/// An event can be stored and read again. Its serialized form has the members
/// `type`, `webhook_id`, `envelope` (`current`, `older` or `history`) and `data`,
/// and never the verification token. The data may be personal: it holds phone
/// numbers and the text of messages.
///
/// ```
/// use heymarket_api::webhook::{Event, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let body = br#"{"type": "chat_closed", "id": 321, "token": "secret", "event_data": {"id": 9920}}"#;
/// let event = Verifier::new("secret").verify(body)?.into_inner();
/// let stored = serde_json::to_string(&event)?;
/// assert!(!stored.contains("secret"));
/// assert_eq!(serde_json::from_str::<Event>(&stored)?, event);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredEvent")]
#[non_exhaustive]
pub struct Event {
    /// What happened. Both spellings of a received message are the same type.
    #[serde(rename = "type")]
    pub event_type: WebhookEventType,
    /// The ID of the webhook's configuration. It is the same in every delivery
    /// and does not identify an event: see [`dedupe_key`](Self::dedupe_key).
    pub webhook_id: Option<i64>,
    /// The documented envelope that the event was delivered in.
    pub envelope: Envelope,
    /// The message, the conversation or the other data of the event.
    pub data: EventData,
}

/// An event as it is stored. Its data is read once its type is known.
#[derive(Deserialize)]
struct StoredEvent {
    #[serde(rename = "type")]
    event_type: WebhookEventType,
    #[serde(default)]
    webhook_id: Option<i64>,
    envelope: Envelope,
    #[serde(default)]
    data: Value,
}

impl From<StoredEvent> for Event {
    fn from(stored: StoredEvent) -> Self {
        Self {
            data: EventData::read(&stored.event_type, &stored.data.to_string()),
            event_type: stored.event_type,
            webhook_id: stored.webhook_id,
            envelope: stored.envelope,
        }
    }
}

/// Where an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Envelope {
    /// A delivery with `type`, as in the newer documentation.
    Current,
    /// A delivery with `event`, as in the older documentation.
    Older,
    /// No delivery: the message history, by `Client::reconcile`.
    History,
}

impl Event {
    /// Creates an event of the message history. It is inferred that a message
    /// with the status `received` came in, and that any other was sent.
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

    /// Returns the body of a delivery of the event that carries `token`, to post
    /// to a receiver **in a test**. Anyone who knows the token can make one: no
    /// other verification exists.
    ///
    /// # Errors
    ///
    /// Returns an error when the data cannot be written as JSON. No such data is
    /// known.
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
            event_data: Some(serde_json::to_value(&self.data)?),
        })
    }
}
