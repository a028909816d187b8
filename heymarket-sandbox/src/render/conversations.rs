//! Conversations.

use serde_json::{Value, json};

use super::renderer::{Object, Renderer, time};
use crate::store::Conversation;

/// Where a conversation appears. The samples differ by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// In the response of `get_conversation`.
    One,
    /// In a list of conversations.
    Listed,
    /// In a message or an event.
    Embedded,
}

impl Renderer<'_> {
    pub(crate) fn conversation(&mut self, conversation: &Conversation, view: View) -> Value {
        if self.dialect.next_is_documented() {
            self.documented_conversation(conversation)
        } else {
            self.observed_conversation(conversation, view)
        }
    }

    /// Renders the members of the reference page: objects for references, a
    /// boolean for `read`.
    fn documented_conversation(&mut self, conversation: &Conversation) -> Value {
        json!({
            "id": conversation.id,
            "channel": conversation.channel,
            "status": status(conversation),
            "assigned": self.member(conversation.assigned),
            "inbox": {"id": conversation.inbox, "name": self.inbox_name(conversation.inbox)},
            "target": conversation.target,
            "members": self.members(conversation),
            "created": time(conversation.created),
            "updated": time(conversation.updated),
            "read": conversation.unread_users.is_empty(),
            "replied": conversation.replied,
            "blocked": self.is_blocked(conversation),
            "muted": false,
            "snooze_till": null,
        })
    }

    fn observed_conversation(&mut self, conversation: &Conversation, view: View) -> Value {
        let mut object = Object::default();
        object.put("assigned", conversation.assigned);
        object.put("blocked", self.is_blocked(conversation));
        object.put("channel", conversation.channel.as_str());
        object.put("created", time(conversation.created));
        object.put("email_noti", false);
        object.put("id", conversation.id);
        object.put("inbox", conversation.inbox);
        object.put("local_id", conversation.local_id.as_str());
        object.put("muted", false);
        let read_at = conversation.read_at.map_or(0, |time| time.as_second());
        object.put("read", read_at);
        object.put("replied", conversation.replied);
        object.put("status", status(conversation));
        object.put("super", 0);
        object.put("target", conversation.target.as_str());
        object.put("unread", !conversation.unread_users.is_empty());
        object.put("updated", time(conversation.updated));
        let last_inbound = conversation.last_inbound.map_or(0, |time| time.as_second());
        object.put_unless_empty("last_inbound", last_inbound);
        object.put_unless_empty("name", conversation.name.as_str());
        match view {
            View::One => object.put("unread_users", conversation.unread_users.as_slice()),
            View::Listed => {
                object.put("members", self.members(conversation));
                object.put("last_msg", conversation.last_text.as_str());
                object.put("op", "u");
            }
            View::Embedded => {
                object.put("members", json!({}));
                object.put("targets", targets(&conversation.targets));
            }
        }
        if view != View::Embedded && !conversation.targets.is_empty() {
            object.put("targets", targets(&conversation.targets));
        }
        object.done()
    }

    /// Renders a member as an object, or `null` for 0.
    fn member(&self, id: i64) -> Value {
        match self.store.members.get(&id) {
            Some(member) => json!({
                "id": id,
                "name": member.name(),
                "email": member.email,
            }),
            None => Value::Null,
        }
    }

    fn members(&self, conversation: &Conversation) -> Value {
        let members = conversation.members.iter();
        let members = members.filter_map(|id| self.store.members.get(id));
        members
            .map(|member| json!({"id": member.id, "name": member.name()}))
            .collect()
    }

    fn inbox_name(&self, id: i64) -> &str {
        let inbox = self.store.inboxes.get(&id);
        inbox.map_or("", |inbox| inbox.name.as_str())
    }

    fn is_blocked(&self, conversation: &Conversation) -> bool {
        let contact = self.store.contact_with(&conversation.target);
        contact.is_some_and(|contact| contact.blocked)
    }
}

fn status(conversation: &Conversation) -> &'static str {
    if conversation.closed {
        "closed"
    } else {
        "open"
    }
}

/// Renders the members of a group by phone number. No source describes the
/// format; a list's `targets` has this one.
pub(super) fn targets(targets: &[String]) -> Value {
    let targets = targets.iter();
    targets
        .map(|phone| (phone.clone(), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
