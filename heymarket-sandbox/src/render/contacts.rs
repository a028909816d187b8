//! Contacts, their channels and their fields.

use serde_json::{Map, Value, json};

use super::renderer::{Object, Renderer, time};
use crate::store::{Channel, Contact, Field};

/// The generation of the operation. Only v2 returns the UUID and the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    V1,
    V2,
}

impl Renderer<'_> {
    pub(crate) fn contact(&mut self, contact: &Contact, generation: Generation) -> Value {
        let mut object = Object::default();
        object.put("id", contact.id);
        object.put("assigned_user_id", contact.assigned);
        object.put("created", time(contact.created));
        object.put("creator_id", contact.creator);
        object.put("display_name", contact.display_name.as_str());
        object.put("email", contact.email());
        object.put("first", contact.first.as_str());
        object.put("last", contact.last.as_str());
        object.put("op", if contact.rev > 1 { "u" } else { "c" });
        object.put("phone", contact.phone());
        object.put("rev", contact.rev);
        object.put("shared", true);
        object.put("team_id", self.store.team.id);
        object.put("updated", time(contact.updated));
        if generation == Generation::V2 {
            object.put("uuid", contact.uuid.as_str());
            object.put("contact_channels", self.channels(contact));
        }
        let custom: Map<_, _> = contact
            .custom
            .iter()
            .map(|(id, value)| (id.to_string(), value.clone()))
            .collect();
        if self.dialect.next_is_documented() {
            object.put("avatar", contact.avatar.as_str());
            object.put("custom", custom);
            object.put("external_id", "");
            object.put("external_ref", "");
            object.put("inbox_id", 0);
            object.put("is_opted_out", contact.is_unsubscribed());
            object.put("note", json!([]));
            object.put("parent_id", 0);
            object.put("tags", self.tags(contact));
            object.put("type", "");
        } else {
            object.put_unless_empty("avatar", contact.avatar.as_str());
            object.put_unless_empty("custom", custom);
            object.put_unless_empty("is_opted_out", contact.is_unsubscribed());
            object.put_unless_empty("tags", self.tags(contact));
        }
        object.done()
    }

    /// Renders the tags. The documentation says objects and shows none; these
    /// have the members of the request, and the text of the tag.
    fn tags(&self, contact: &Contact) -> Value {
        let tags = contact
            .tags
            .iter()
            .filter_map(|id| self.store.tags.get(*id));
        tags.map(|tag| json!({"tag_id": tag.id, "tag": tag.text, "color": tag.color}))
            .collect()
    }

    pub(crate) fn contact_status(&mut self, contact: &Contact) -> Value {
        let mut object = Object::default();
        object.put("id", contact.id);
        object.put("phone", contact.phone());
        object.put("unsubscribed", contact.is_unsubscribed());
        object.put("blocked", contact.blocked);
        if !self.dialect.next_is_documented() {
            object.put("unsubscribed_admin", contact.unsubscribed_by_team);
            object.put("unsubscribed_contact", contact.unsubscribed_by_contact);
        }
        object.done()
    }

    /// Renders a channel. IDs are strings in the older documentation and
    /// integers in the newer one.
    pub(crate) fn channel(&mut self, contact: &Contact, channel: &Channel) -> Value {
        let (id, contact_id) = if self.dialect.next_is_documented() {
            (json!(channel.uuid), json!(contact.uuid))
        } else {
            (json!(channel.id), json!(contact.id))
        };
        json!({
            "id": id,
            "contact_id": contact_id,
            "team_id": self.store.team.id,
            "channel_type": channel.kind,
            "channel_id": channel.address,
            "channel_handle": channel.handle,
            "info_channel": channel.info,
            "created": time(channel.created),
            "updated": time(channel.updated),
        })
    }

    pub(crate) fn channels(&mut self, contact: &Contact) -> Value {
        let channels = contact.channels.iter();
        channels
            .map(|channel| self.channel(contact, channel))
            .collect()
    }

    pub(crate) fn field(&self, field: &Field) -> Value {
        json!({"id": field.id, "title": field.title})
    }
}
