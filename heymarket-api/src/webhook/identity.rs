//! The identity of an event: the keys under which it is claimed and remembered.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::dedupe_class::{Dedupe, DedupeClass};
use super::event::{Envelope, Event};
use crate::events::dedupe;
use crate::types::{Conversation, Message};

/// Longer types and statuses are hashed, so that a key stays short.
const LONGEST_STATE: usize = 64;

/// The members that may name a person in the data of consent events, whose
/// fields are not documented: those that receivers fall back to. `id` is not
/// one, since it may be that of the record.
const PERSON_MEMBERS: [&str; 5] = ["phone", "phone_number", "target", "from", "contact_id"];

/// The key of an event in a [`SeenEvents`](super::SeenEvents) store: its
/// subject, the state that the subject took, and a hash where both leave doubt.
///
/// It holds no phone number, name or text. It may hold a 64-bit hash of them
/// without a secret, since all processes that share a store must compute the
/// same key. Hashing every phone number finds the one of a key, so keep a shared
/// store as private as the phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventKey {
    text: String,
    subject_end: usize,
    state_end: usize,
}

impl EventKey {
    fn new(topic: &str, id: impl fmt::Display, at: Option<Timestamp>, state: &str) -> Self {
        let mut text = format!("{topic}:{id}");
        if let Some(at) = at {
            text.push_str(&format!("@{at}"));
        }
        let subject_end = text.len();
        text.push(':');
        text.push_str(&short(state));
        Self {
            subject_end,
            state_end: text.len(),
            text,
        }
    }

    /// Appends what distinguishes events of one state.
    fn detail(mut self, detail: &str) -> Self {
        self.text.push(':');
        self.text.push_str(detail);
        self
    }

    /// Returns the key under which a [`Deduplicator`](super::Deduplicator) claims
    /// an event, for instance to test a store with.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Identity::of(event).key
    }

    /// Returns the whole key. Deliveries with the same key count as one event while
    /// the key is remembered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what the event is about, such as a conversation or a person's consent.
    /// A subject is in one state at a time.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.text[..self.subject_end]
    }

    /// Returns the state that the subject took. It supersedes every other state.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.text[self.subject_end + 1..self.state_end]
    }
}

// Here and not beside the struct: the key is made from the event.
impl Event {
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
}

/// The keys under which an event is claimed and remembered.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) key: EventKey,
    /// A second key, which is claimed first.
    pub(super) status: Option<EventKey>,
    /// A key that is remembered once the event is handled, but not claimed.
    pub(super) mark: Option<EventKey>,
    /// Whether a key identifies one event permanently. Otherwise a second event may
    /// have the same key, and the key is remembered for a retry window.
    pub(super) is_lasting: bool,
}

impl Identity {
    pub(super) fn of(event: &Event) -> Self {
        let dedupe = dedupe(&event.event_type);
        let message = event.data.message().filter(|message| message.id != 0);
        let conversation = event.data.conversation();
        let conversation = conversation.filter(|conversation| conversation.id != 0);
        let Some(dedupe) = dedupe else {
            // Of types that are not known, any may be another's opposite.
            return of_data("unknown", event);
        };
        let topic = dedupe.topic;
        match (dedupe.class, message, conversation) {
            (DedupeClass::MessageStatus, Some(message), _) => {
                of_status(topic, message, event.envelope)
            }
            (DedupeClass::Message, Some(message), _) => of_received(topic, message),
            // Without a time, only all of the data distinguishes two changes.
            (DedupeClass::ConversationChange, _, Some(conversation))
                if conversation.updated.is_none() =>
            {
                of_data(topic, event)
            }
            (_, _, Some(conversation)) => {
                of_conversation(dedupe, event.event_type.as_str(), conversation)
            }
            (DedupeClass::Person, ..) => of_person(topic, event),
            _ => of_data(topic, event),
        }
    }

    fn lasting(key: EventKey) -> Self {
        Self {
            key,
            status: None,
            mark: None,
            is_lasting: true,
        }
    }
}

/// Identifies a status by its time, so that a status that returns is a new event.
/// In the history a message may have a later time than in the delivery, so there
/// the status counts as well.
fn of_status(topic: &str, message: &Message, envelope: Envelope) -> Identity {
    let status = message.status.as_ref().map_or("", |status| status.as_str());
    let key = |at| EventKey::new(topic, message.id, at, status);
    if message.updated.is_none() {
        return Identity::lasting(key(None));
    }
    let (status, mark) = match envelope {
        Envelope::History => (Some(key(None)), None),
        Envelope::Current | Envelope::Older => (None, Some(key(None))),
    };
    Identity {
        status,
        mark,
        ..Identity::lasting(key(message.updated))
    }
}

/// Identifies a received message without its time: a message comes in once.
fn of_received(topic: &str, message: &Message) -> Identity {
    let status = message.status.as_ref().map_or("", |status| status.as_str());
    Identity::lasting(EventKey::new(topic, message.id, None, status))
}

fn of_conversation(dedupe: Dedupe, event_type: &str, conversation: &Conversation) -> Identity {
    let id_of = |id: Option<i64>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let state = match dedupe.class {
        DedupeClass::ConversationAssignee => id_of(
            conversation
                .assigned
                .as_ref()
                .map(|member| member.id.into()),
        ),
        DedupeClass::ConversationInbox => {
            id_of(conversation.inbox.as_ref().map(|inbox| inbox.id.into()))
        }
        _ => event_type.to_owned(),
    };
    let at = conversation.updated;
    Identity {
        is_lasting: at.is_some(),
        ..Identity::lasting(EventKey::new(dedupe.topic, conversation.id, at, &state))
    }
}

/// Identifies an event whose data has no known shape, or no ID, by all of the
/// data.
fn of_data(topic: &str, event: &Event) -> Identity {
    let hash = hash(&sorted_data(event).to_string());
    until_retried(EventKey::new(topic, hash, None, event.event_type.as_str()))
}

/// Identifies what a person wants by the person and all of the data.
fn of_person(topic: &str, event: &Event) -> Identity {
    let data = sorted_data(event);
    let person = person(&data).map(|person| hash(&person));
    let key = EventKey::new(
        topic,
        person.unwrap_or_default(),
        None,
        event.event_type.as_str(),
    );
    until_retried(key.detail(&hash(&data.to_string())))
}

/// The data with its members sorted: their order may depend on features of
/// serde_json.
fn sorted_data(event: &Event) -> Value {
    let mut data = serde_json::to_value(&event.data).unwrap_or_default();
    data.sort_all_objects();
    data
}

/// The key of an event that a second event may have as well.
fn until_retried(key: EventKey) -> Identity {
    Identity {
        is_lasting: false,
        ..Identity::lasting(key)
    }
}

/// Returns the person of a consent event, in one spelling. Events without a person
/// share one subject: any of them may be the opposite of any other.
fn person(data: &Value) -> Option<String> {
    let member = |name: &&str| match data.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(normal(text.trim())),
        Value::Number(number) if number.as_i64() != Some(0) => Some(number.to_string()),
        _ => None,
    };
    PERSON_MEMBERS.iter().find_map(member)
}

/// Returns the digits of a phone number; any other text in lower case.
fn normal(text: &str) -> String {
    let is_of_phone = |c: char| c.is_ascii_digit() || "+-(). ".contains(c);
    if text.chars().all(is_of_phone) {
        text.chars().filter(char::is_ascii_digit).collect()
    } else {
        text.to_lowercase()
    }
}

fn short(state: &str) -> String {
    if state.len() > LONGEST_STATE {
        hash(state)
    } else {
        state.to_owned()
    }
}

fn hash(text: &str) -> String {
    format!("{:016x}", fnv1a(text.as_bytes()))
}

/// Returns the FNV-1a hash. It is the same on every machine and in every version,
/// as a shared store requires.
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
