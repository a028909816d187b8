//! What tells two events apart.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::event::{Envelope, Event};
use super::kind::{Topic, kind};
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

    /// Tells events of one state apart.
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

    /// The whole key. Deliveries with the same key are taken for one event while
    /// it is remembered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the event is about, such as a conversation or a person's consent. A
    /// subject is in one state at a time.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.text[..self.subject_end]
    }

    /// The state that the subject took. It supersedes every other state.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.text[self.subject_end + 1..self.state_end]
    }
}

/// Under which keys an event is claimed and remembered.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) key: EventKey,
    /// Claimed as well, and first.
    pub(super) status: Option<EventKey>,
    /// Remembered once the event is handled, but not claimed.
    pub(super) mark: Option<EventKey>,
    /// Whether a key identifies one event for good. Otherwise a second event may
    /// have the same key, and the key is remembered for a retry window.
    pub(super) is_lasting: bool,
}

impl Identity {
    pub(super) fn of(event: &Event) -> Self {
        let topic = kind(&event.event_type).map(|kind| kind.topic);
        let message = event.data.message().filter(|message| message.id != 0);
        let conversation = event.data.conversation();
        let conversation = conversation.filter(|conversation| conversation.id != 0);
        match (topic, message, conversation) {
            (Some(Topic::SentMessage), Some(message), _) => of_status(message, event.envelope),
            (Some(Topic::ReceivedMessage), Some(message), _) => of_received(message),
            // Without a time, only all of the data tells two changes apart.
            (Some(Topic::Change), _, Some(conversation)) if conversation.updated.is_none() => {
                of_data(topic, event)
            }
            (Some(topic), _, Some(conversation)) => {
                of_conversation(topic, event.event_type.as_str(), conversation)
            }
            (topic, ..) => of_data(topic, event),
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

/// The time identifies a status, so that one that returns is a new event. In the
/// history a message may have a later time than in the delivery, so there the
/// status decides as well.
fn of_status(message: &Message, envelope: Envelope) -> Identity {
    let status = message.status.as_ref().map_or("", |status| status.as_str());
    let key = |at| EventKey::new(Topic::SentMessage.name(), message.id, at, status);
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

/// A message comes in once, so that its time does not matter.
fn of_received(message: &Message) -> Identity {
    let status = message.status.as_ref().map_or("", |status| status.as_str());
    let topic = Topic::ReceivedMessage.name();
    Identity::lasting(EventKey::new(topic, message.id, None, status))
}

fn of_conversation(topic: Topic, event_type: &str, conversation: &Conversation) -> Identity {
    let id_of = |id: Option<i64>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let state = match topic {
        Topic::Assignee => id_of(conversation.assigned.as_ref().map(|member| member.id)),
        Topic::Inbox => id_of(conversation.inbox.as_ref().map(|inbox| inbox.id)),
        _ => event_type.to_owned(),
    };
    let at = conversation.updated;
    Identity {
        is_lasting: at.is_some(),
        ..Identity::lasting(EventKey::new(topic.name(), conversation.id, at, &state))
    }
}

/// An event whose data has no known shape, or no ID: all of the data counts.
fn of_data(topic: Option<Topic>, event: &Event) -> Identity {
    let mut data = event.data.to_value().unwrap_or_default();
    // The order of the members may depend on features of serde_json.
    data.sort_all_objects();
    let hash = hash(&data.to_string());
    let state = event.event_type.as_str();
    let key = match topic {
        Some(Topic::Consent) => {
            let person = person(&data).map(|person| self::hash(&person));
            let person = person.unwrap_or_default();
            EventKey::new(Topic::Consent.name(), person, None, state).detail(&hash)
        }
        Some(topic) => EventKey::new(topic.name(), hash, None, state),
        // Of types that are not known, any may be another's opposite.
        None => EventKey::new("unknown", hash, None, state),
    };
    Identity {
        is_lasting: false,
        ..Identity::lasting(key)
    }
}

/// What names the person of a consent event, in one spelling. Where nothing
/// does, all such events have one subject: any of them may be the opposite of
/// any other.
fn person(data: &Value) -> Option<String> {
    let member = |name: &&str| match data.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(normal(text.trim())),
        Value::Number(number) if number.as_i64() != Some(0) => Some(number.to_string()),
        _ => None,
    };
    PERSON_MEMBERS.iter().find_map(member)
}

/// The digits of a phone number; any other text in lower case.
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
