use serde_json::{Map, Value, json};

use super::{Object, Speaker, time};
use crate::store::{Field, Inbox, List, Member, Receiver, ScheduledMessage, Survey, Tag, Template};

impl Speaker<'_> {
    pub(crate) fn list(&self, list: &List) -> Value {
        let contacts = list.contacts.iter();
        let contacts = contacts.filter_map(|id| self.store.contacts.get(*id));
        let targets: Map<_, _> = contacts
            .map(|contact| {
                let address = match contact.phone() {
                    "" => contact.email(),
                    phone => phone,
                };
                let name = json!({"f": contact.first, "l": contact.last});
                (address.to_owned(), name)
            })
            .collect();
        json!({
            "id": list.id,
            "name": list.name,
            "local_id": list.local_id,
            "targets": targets,
            "team_id": self.store.team.id,
            "creator_id": list.creator,
            "shared": true,
            "created": time(list.created),
            "updated": time(list.updated),
            "rev": list.rev,
            "archived": false,
        })
    }

    pub(crate) fn template(&mut self, template: &Template) -> Value {
        let mut content = json!({"text": template.text});
        let mut object = Object::default();
        object.put("id", template.id);
        object.put("name", template.name.as_str());
        object.put("local_id", template.local_id.as_str());
        object.put("team_id", self.store.team.id);
        object.put("creator_id", template.creator);
        object.put("shared", true);
        object.put("created", time(template.created));
        object.put("updated", time(template.updated));
        object.put("rev", template.rev);
        if self.voice.documented() {
            object.put("archived", template.archived);
            content["gallery"] = template.gallery.clone().into();
        } else {
            object.put_unless_empty("archived", template.archived);
            object.put("op", if template.rev > 1 { "u" } else { "c" });
            if !template.gallery.is_empty() {
                content["gallery"] = template.gallery.clone().into();
            }
        }
        object.put("content", content);
        object.done()
    }

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
        if self.voice.documented() {
            object.put("rev", message.rev);
        } else {
            object.put("team_id", self.store.team.id);
            object.put("user_id", message.user);
        }
        object.done()
    }

    pub(crate) fn tag(&self, tag: &Tag) -> Value {
        json!({
            "id": tag.id,
            "tag": tag.text,
            "color": tag.color,
            "team_id": self.store.team.id,
            "created": time(tag.created),
            "updated": time(tag.updated),
            "rev": tag.rev,
        })
    }

    pub(crate) fn survey(&self, survey: &Survey) -> Value {
        json!({
            "id": survey.id,
            "name": survey.name,
            "type": survey.kind,
            "question": survey.question,
            "created": time(survey.created),
            "updated": time(survey.updated),
        })
    }

    pub(crate) fn inboxes(&mut self) -> Value {
        let inboxes = self.store.inboxes.values();
        let inboxes: Vec<_> = inboxes.map(|inbox| self.inbox(inbox)).collect();
        match self.voice.one_of(2) {
            0 => inboxes.into(),
            _ => json!({ "inboxes": inboxes }),
        }
    }

    fn inbox(&mut self, inbox: &Inbox) -> Value {
        if self.voice.documented() {
            json!({
                "allowed_domains": [],
                "auto_assignable": true,
                "bco_chats": false,
                "forward_number": null,
                "id": inbox.id,
                "invited": [],
                "members": inbox.members,
                "name": inbox.name,
                "op": "u",
                "phone": inbox.phone,
                "phones": [inbox.phone],
                "rev": inbox.rev,
                "team": self.store.team.id,
                "widget_code": "",
            })
        } else {
            json!({
                "auto_assignable": true,
                "auto_close": false,
                "bco_chats": false,
                "created_at": time(inbox.created),
                "force_assign": false,
                "high_throughput": false,
                "id": inbox.id,
                "ittc": 0,
                "members": inbox.members,
                "name": inbox.name,
                "notify_all": true,
                "rev": inbox.rev,
                "team": self.store.team.id,
                "unassign_on_close": false,
                "updated_at": time(inbox.updated),
                "widget_settings": {
                    "name_enabled": true,
                    "phone_enabled": true,
                    "webchat_enabled": false,
                },
            })
        }
    }

    /// Clients read the e-mail addresses, which are not documented.
    pub(crate) fn team(&mut self) -> Value {
        let documented = self.voice.documented();
        let members = self.store.members.values();
        let members: Vec<_> = members
            .map(|member| {
                let role = if member.role_id == 1 {
                    "admin"
                } else {
                    "member"
                };
                let mut object = json!({"id": member.id, "name": member.name(), "role": role});
                if !documented {
                    object["email"] = member.email.as_str().into();
                }
                object
            })
            .collect();
        json!({
            "id": self.store.team.id,
            "name": self.store.team.name,
            "list_size": self.store.team.list_size,
            "members": members,
        })
    }

    pub(crate) fn membership(&self, member: &Member) -> Value {
        json!({
            "id": member.id,
            "phone": member.phone,
            "name": member.name(),
            "email": member.email,
            "role_id": member.role_id,
            "team_id": self.store.team.id,
            "created_at": time(member.created),
            "updated_at": time(member.updated),
            "user_created_at": time(member.created),
            "user_updated_at": time(member.updated),
        })
    }

    pub(crate) fn field(&self, field: &Field) -> Value {
        json!({"id": field.id, "title": field.title})
    }
}
