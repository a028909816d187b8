//! The renderer, and what all records share: objects, times and errors.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::dialect::DialectChooser;
use crate::store::{Sent, Store};

/// Renders records in a dialect.
pub(crate) struct Renderer<'a> {
    pub(crate) store: &'a Store,
    pub(crate) dialect: &'a mut DialectChooser,
}

/// A JSON object under construction.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds a member unless it is empty, zero or false, like Go's `omitempty`.
    pub(super) fn put_unless_empty(&mut self, name: &str, value: impl Into<Value>) {
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

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Formats a time as RFC 3339 without trailing zeros, as Go does.
pub(super) fn time(time: Timestamp) -> Value {
    time.to_string().into()
}

impl Renderer<'_> {
    /// Renders the result of a write.
    pub(crate) fn written(&mut self, id: i64, rev: i64, uuid: Option<&str>) -> Value {
        let mut answer = json!({"id": id, "rev": rev});
        if let Some(uuid) = uuid.filter(|_| self.dialect.next_is_documented()) {
            answer["uuid"] = uuid.into();
        }
        answer
    }

    /// Renders an accepted message.
    pub(crate) fn sent(&mut self, sent: &Sent, media: &str) -> Value {
        let mut answer = Object::default();
        answer.put("id", sent.id);
        answer.put("date", time(sent.date));
        if self.dialect.next_is_documented() {
            answer.put("gallery_url", media);
        } else {
            answer.put_unless_empty("convo_id", sent.conversation.unwrap_or_default());
            answer.put("queued", true);
            answer.put("compliance_results", json!({}));
        }
        answer.done()
    }

    /// Renders an accepted email. The documentation and the samples agree here.
    pub(crate) fn sent_email(&mut self, sent: &Sent) -> Value {
        json!({
            "id": sent.id,
            "convo_id": sent.conversation,
            "queued": true,
            "date": time(sent.date),
            "compliance_results": {},
        })
    }

    /// Renders a count. The documentation shows a string for messages.
    pub(crate) fn count(&mut self, count: usize) -> Value {
        match self.dialect.choose(3) {
            0 => count.to_string().into(),
            1 => count.into(),
            _ => json!({ "count": count }),
        }
    }

    /// Renders an error body. Clients look for the message in three places.
    pub(crate) fn error(&mut self, name: &str, message: &str) -> Value {
        match self.dialect.choose(3) {
            0 => json!({"name": name, "message": message}),
            1 => json!({"error": {"code": name, "message": message}}),
            _ => json!({"code": name, "detail": message}),
        }
    }
}

/// Returns the response of an action.
pub(crate) fn ok() -> Value {
    "ok".into()
}
