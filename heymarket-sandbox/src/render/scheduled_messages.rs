//! Scheduled messages.

use serde_json::{Map, Value, json};

use super::renderer::{Object, Renderer, time};
use crate::store::{Receiver, ScheduledMessage};

impl Renderer<'_> {
    pub(crate) fn scheduled_message(&mut self, message: &ScheduledMessage) -> Value {
        let mut content = message.content.clone();
        let mut meta = Map::new();
        match &message.receiver {
            Receiver::Phone(phone) => {
                if content.get("to").is_none() {
                    content["to"] = phone.as_str().into();
                }
            }
            Receiver::Conversation(id) => {
                meta.insert("conversation_id".to_owned(), json!(id));
            }
            Receiver::List(id) => {
                meta.insert("list_id".to_owned(), json!(id));
            }
            Receiver::Group(_) => {}
        }
        meta.insert("content".to_owned(), content);
        let mut object = Object::default();
        object.put("id", message.id);
        object.put("inbox_id", message.inbox);
        object.put("execute", time(message.execute));
        object.put("local_id", message.local_id.as_str());
        object.put("created", time(message.created));
        object.put("updated", time(message.updated));
        object.put("op", if message.rev > 1 { "u" } else { "c" });
        object.put("meta", meta);
        if self.dialect.next_is_documented() {
            object.put("rev", message.rev);
        } else {
            object.put("team_id", self.store.team.id);
            object.put("user_id", message.user);
        }
        object.done()
    }
}
