//! Messages.

use serde_json::{Value, json};

use super::conversations::{View, targets};
use super::renderer::{Object, Renderer, time};
use crate::store::Message;

impl Renderer<'_> {
    pub(crate) fn message(&mut self, message: &Message) -> Value {
        let documented = self.dialect.next_is_documented();
        let conversation = self.store.conversations.get(message.conversation);
        let mut object = Object::default();
        object.put("id", message.id);
        object.put("text", message.text.as_str());
        object.put("date", time(message.date));
        object.put("updated", time(message.updated));
        object.put("type", kind(message));
        object.put("status", message.status.as_str());
        object.put("local_id", message.local_id.as_str());
        object.put("super", 0);
        object.put_unless_empty("author", message.author.as_str());
        object.put_unless_empty("media", message.media.as_str());
        object.put_unless_empty("broadcast_id", message.broadcast_id.unwrap_or_default());
        object.put("user", message.user);
        if let Some(conversation) = conversation {
            object.put("target", conversation.target.as_str());
            object.put(
                "conversation",
                self.conversation(conversation, View::Embedded),
            );
            if documented {
                object.put("phone", phone(&conversation.target));
            } else {
                object.put("channel", conversation.channel.as_str());
                object.put_unless_empty("targets", targets(&conversation.targets));
            }
        }
        if documented {
            object.put("flagged", false);
            object.put("support", false);
        } else {
            object.put("hidden", false);
            object.put("raw_error", message.raw_error.as_str());
            object.put("target_errors", json!(message.target_errors));
        }
        object.done()
    }
}

/// Returns the type. No source lists the types; the samples have `text`.
fn kind(message: &Message) -> &'static str {
    if message.private { "private" } else { "text" }
}

fn phone(target: &str) -> &str {
    if target.contains('@') { "" } else { target }
}
