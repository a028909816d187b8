//! Records as the API gives them, in either dialect.
//!
//! The documented dialect has the fields of the reference pages; the observed
//! one those of the samples, where what is empty is left out.

mod contacts;
mod conversations;
mod messages;
mod others;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::dialect::Voice;
use crate::store::{Event, Sent, Store, Subject};

pub(crate) use contacts::Generation;
pub(crate) use conversations::View;

/// A store, as a voice puts it into words.
pub(crate) struct Speaker<'a> {
    pub(crate) store: &'a Store,
    pub(crate) voice: &'a mut Voice,
}

/// An object, member by member.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts what is not empty, zero or false, as Go's `omitempty` does.
    fn put_unless_empty(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let is_empty = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
        };
        if !is_empty {
            self.put(name, value);
        }
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// RFC 3339 with trailing zeros left out, as Go writes it.
fn time(time: Timestamp) -> Value {
    time.to_string().into()
}

impl Speaker<'_> {
    /// What became of something that was written.
    pub(crate) fn written(&mut self, id: i64, rev: i64, uuid: Option<&str>) -> Value {
        let mut answer = json!({"id": id, "rev": rev});
        if let Some(uuid) = uuid.filter(|_| self.voice.documented()) {
            answer["uuid"] = uuid.into();
        }
        answer
    }

    /// A message or an e-mail that was taken.
    pub(crate) fn sent(&mut self, sent: &Sent, media: &str) -> Value {
        let mut answer = Object::default();
        answer.put("id", sent.id);
        answer.put("date", time(sent.date));
        if self.voice.documented() {
            answer.put("gallery_url", media);
        } else {
            answer.put_unless_empty("convo_id", sent.conversation.unwrap_or_default());
            answer.put("queued", true);
            answer.put("compliance_results", json!({}));
        }
        answer.done()
    }

    /// An e-mail that was taken, where the documentation has what samples have.
    pub(crate) fn sent_email(&mut self, sent: &Sent) -> Value {
        json!({
            "id": sent.id,
            "convo_id": sent.conversation,
            "queued": true,
            "date": time(sent.date),
            "compliance_results": {},
        })
    }

    /// A count: a string, as the documentation shows that of messages.
    pub(crate) fn count(&mut self, count: usize) -> Value {
        match self.voice.one_of(3) {
            0 => count.to_string().into(),
            1 => count.into(),
            _ => json!({ "count": count }),
        }
    }

    /// The body of an error, for which clients look in three places.
    pub(crate) fn error(&mut self, name: &str, message: &str) -> Value {
        match self.voice.one_of(3) {
            0 => json!({"name": name, "message": message}),
            1 => json!({"error": {"code": name, "message": message}}),
            _ => json!({"code": name, "detail": message}),
        }
    }

    /// What a webhook tells of an event.
    pub(crate) fn event_data(&mut self, event: &Event) -> Option<Value> {
        Some(match event.subject {
            Subject::Message(id) => self.message(self.store.messages.get(id)?),
            Subject::Conversation(id) => {
                self.conversation(self.store.conversations.get(id)?, View::Embedded)
            }
            // No source shows its fields: these are likely.
            Subject::Contact(id) => {
                let contact = self.store.contacts.get(id)?;
                let address = if contact.phone().is_empty() {
                    contact.email()
                } else {
                    contact.phone()
                };
                json!({
                    "id": contact.id,
                    "phone": contact.phone(),
                    "target": address,
                    "created": time(contact.updated),
                    "updated": time(contact.updated),
                })
            }
        })
    }
}

/// What an action answers.
pub(crate) fn ok() -> Value {
    "ok".into()
}
