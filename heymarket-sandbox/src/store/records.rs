//! The records, in one format. The renderer derives both dialects from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::table::{Part, Record};

/// The team that owns all records.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Team {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The limit of contacts for each list.
    pub(crate) list_size: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: i64,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) role_id: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Member {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.first, self.last).trim().to_owned()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Inbox {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) toll_free: bool,
    pub(crate) members: Vec<i64>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) id: i64,
    pub(crate) inbox: i64,
    /// A phone number or an email address. Empty for a group.
    pub(crate) target: String,
    /// The phone numbers of a group, sorted.
    pub(crate) targets: Vec<String>,
    pub(crate) channel: String,
    pub(crate) name: String,
    pub(crate) local_id: String,
    /// The assigned member, or 0.
    pub(crate) assigned: i64,
    pub(crate) creator: i64,
    pub(crate) members: Vec<i64>,
    pub(crate) closed: bool,
    pub(crate) replied: bool,
    pub(crate) unread_users: Vec<i64>,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) last_inbound: Option<Timestamp>,
    pub(crate) last_text: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) conversation: i64,
    pub(crate) text: String,
    pub(crate) media: String,
    /// The member who sent it, or 0.
    pub(crate) user: i64,
    pub(crate) author: String,
    pub(crate) private: bool,
    pub(crate) status: String,
    pub(crate) local_id: String,
    pub(crate) broadcast_id: Option<i64>,
    pub(crate) raw_error: String,
    /// The errors of a group message, by phone number.
    pub(crate) target_errors: BTreeMap<String, String>,
    pub(crate) date: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) display_name: String,
    pub(crate) avatar: String,
    pub(crate) channels: Vec<Channel>,
    /// By the ID of the field.
    pub(crate) custom: BTreeMap<i64, Value>,
    pub(crate) tags: Vec<i64>,
    /// The assigned member, or 0.
    pub(crate) assigned: i64,
    pub(crate) creator: i64,
    pub(crate) email_suppressions: Vec<i64>,
    pub(crate) blocked: bool,
    pub(crate) unsubscribed_by_team: bool,
    pub(crate) unsubscribed_by_contact: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

/// An address of a contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) handle: String,
    pub(crate) info: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Contact {
    pub(crate) fn channel(&self, kind: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.kind == kind)
    }

    pub(crate) fn address(&self, kind: &str) -> &str {
        self.channel(kind)
            .map_or("", |channel| channel.address.as_str())
    }

    pub(crate) fn phone(&self) -> &str {
        self.address("phone")
    }

    pub(crate) fn email(&self) -> &str {
        self.address("email")
    }

    pub(crate) fn is_unsubscribed(&self) -> bool {
        self.unsubscribed_by_team || self.unsubscribed_by_contact
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct List {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) local_id: String,
    pub(crate) contacts: Vec<i64>,
    pub(crate) creator: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) local_id: String,
    pub(crate) text: String,
    pub(crate) gallery: Vec<Value>,
    pub(crate) archived: bool,
    pub(crate) creator: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) id: i64,
    pub(crate) text: String,
    pub(crate) color: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Survey {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) question: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScheduledMessage {
    pub(crate) id: i64,
    pub(crate) inbox: i64,
    pub(crate) execute: Timestamp,
    /// As the request gave it.
    pub(crate) content: Value,
    pub(crate) receiver: Receiver,
    pub(crate) local_id: String,
    pub(crate) user: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) rev: i64,
}

/// The recipient of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Receiver {
    Phone(String),
    Conversation(i64),
    List(i64),
    Group(Vec<String>),
}

/// The result of a send or of a creation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) id: i64,
    pub(crate) conversation: Option<i64>,
    pub(crate) date: Timestamp,
}

/// Implements `Record` for each record type.
macro_rules! records {
    ($($record:ty: $created:ident, $part:expr;)*) => {$(
        impl Record for $record {
            fn id(&self) -> i64 {
                self.id
            }

            fn created(&self) -> Timestamp {
                self.$created
            }

            fn updated(&self) -> Timestamp {
                self.updated
            }

            fn part(&self) -> Part {
                let part: fn(&Self) -> Part = $part;
                part(self)
            }
        }
    )*};
}

records! {
    Contact: created, |_| Part::Whole;
    Conversation: created, |conversation| Part::Inbox {
        inbox: conversation.inbox,
        closed: conversation.closed,
        unread: !conversation.unread_users.is_empty(),
    };
    List: created, |_| Part::Whole;
    Message: date, |message| Part::Conversation(message.conversation);
    ScheduledMessage: created, |_| Part::Whole;
    Survey: created, |_| Part::Whole;
    Tag: created, |_| Part::Whole;
    Template: created, |_| Part::Whole;
}
