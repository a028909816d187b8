//! Inbound messages: what a customer writes, and opt-outs by keyword.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::contacts::normal;
use super::data::{Kind, Store, Subject};
use super::records::{Message, Sent};
use super::rejection::Rejection;

/// A message from a customer.
#[derive(Clone, Debug)]
pub(crate) struct Inbound {
    pub(crate) inbox: i64,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) media: String,
}

impl Store {
    /// Receives a message from a customer. Creates the contact and the
    /// conversation if needed, and opens a closed conversation.
    pub(crate) fn receive(&mut self, inbound: &Inbound, now: Timestamp) -> Result<Sent, Rejection> {
        let members = self.inbox(inbound.inbox, "inbox_id")?.members.clone();
        let (kind, channel) = if inbound.from.contains('@') {
            ("email", "email")
        } else {
            ("phone", "sms")
        };
        let from = normal(&inbound.from);
        let contact = self.contact_for(kind, &from, 0, now);
        let conversation = self.conversation_for(inbound.inbox, channel, &from, 0, now);
        let id = self.next_id(Kind::Message);
        self.messages.insert(Message {
            id,
            conversation,
            text: inbound.text.clone(),
            media: inbound.media.clone(),
            user: 0,
            author: String::new(),
            private: false,
            status: "received".to_owned(),
            local_id: String::new(),
            broadcast_id: None,
            raw_error: String::new(),
            target_errors: BTreeMap::new(),
            date: now,
            updated: now,
        });
        let mut was_closed = false;
        self.conversations.change(conversation, |conversation| {
            was_closed = std::mem::take(&mut conversation.closed);
            conversation.replied = true;
            conversation.unread_users = members;
            conversation.last_inbound = Some(now);
            conversation.last_text.clone_from(&inbound.text);
            conversation.updated = now;
        });
        self.emit("message_recieved", Subject::Message(id));
        if was_closed {
            self.emit("chat_opened", Subject::Conversation(conversation));
        }
        match inbound.text.trim().to_ascii_uppercase().as_str() {
            "STOP" => self.subscribe(contact, false, now),
            "START" => self.subscribe(contact, true, now),
            _ => {}
        }
        Ok(Sent {
            id,
            conversation: Some(conversation),
            date: now,
        })
    }

    /// Applies an opt-in or opt-out that a customer texted.
    fn subscribe(&mut self, contact: i64, wanted: bool, now: Timestamp) {
        self.contacts.change(contact, |contact| {
            contact.unsubscribed_by_contact = !wanted;
            contact.updated = now;
            contact.rev += 1;
        });
        let kind = if wanted {
            "target_opt_in"
        } else {
            "target_opt_out"
        };
        self.emit(kind, Subject::Contact(contact));
    }
}
