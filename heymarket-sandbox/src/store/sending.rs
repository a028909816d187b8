//! Outgoing messages: texts, emails, groups and broadcasts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::data::{Kind, Store, Subject};
use super::records::{Contact, Message, Receiver, Sent};
use super::rejection::Rejection;

/// A message to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) inbox: i64,
    pub(crate) creator: i64,
    pub(crate) receiver: Receiver,
    pub(crate) content: Content,
    /// An internal comment. It is sent to no customer.
    pub(crate) private: bool,
    /// When quiet hours end that hold it.
    pub(crate) held_until: Option<Timestamp>,
    pub(crate) author: String,
    pub(crate) local_id: String,
}

/// The content of a message: the first of these that is present.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) template: Option<i64>,
    pub(crate) survey: Option<i64>,
    pub(crate) media: Option<String>,
}

const UNSUBSCRIBED: &str = "the contact is unsubscribed and receives no messages";
const BLOCKED: &str = "the contact is blocked and receives no messages";

impl Store {
    pub(crate) fn send(&mut self, outgoing: &Outgoing, now: Timestamp) -> Result<Sent, Rejection> {
        let toll_free = self.inbox(outgoing.inbox, "inbox_id")?.toll_free;
        self.inbox_member(outgoing.inbox, outgoing.creator, "creator_id")?;
        self.check_content(&outgoing.content)?;
        match &outgoing.receiver {
            Receiver::Phone(phone) => {
                self.check_reachable(phone, outgoing.private)?;
                self.contact_for("phone", phone, outgoing.creator, now);
                let (inbox, creator) = (outgoing.inbox, outgoing.creator);
                let conversation = self.conversation_for(inbox, "sms", phone, creator, now);
                Ok(self.put_message(outgoing, conversation, None, now))
            }
            Receiver::Conversation(id) => {
                let conversation = self
                    .conversations
                    .get(*id)
                    .ok_or_else(|| Rejection::not_found("no conversation has this id"))?;
                if conversation.inbox != outgoing.inbox {
                    let problem = "the conversation is in another inbox";
                    return Err(Rejection::bad_data("inbox_id", problem));
                }
                let target = conversation.target.clone();
                self.check_reachable(&target, outgoing.private)?;
                Ok(self.put_message(outgoing, *id, None, now))
            }
            Receiver::List(id) => self.broadcast(outgoing, *id, now),
            Receiver::Group(targets) => {
                if toll_free {
                    let problem = "a toll-free number sends no group messages";
                    return Err(Rejection::bad_data("targets", problem));
                }
                self.send_to_group(outgoing, targets, now)
            }
        }
    }

    /// Sends an email, in the conversation with its first recipient or in the
    /// given one.
    pub(crate) fn send_email(
        &mut self,
        outgoing: &Outgoing,
        to: Option<&str>,
        now: Timestamp,
    ) -> Result<Sent, Rejection> {
        self.inbox(outgoing.inbox, "inbox")?;
        self.inbox_member(outgoing.inbox, outgoing.creator, "creator_id")?;
        let conversation = match (to, &outgoing.receiver) {
            (Some(address), _) => {
                self.check_reachable(address, false)?;
                self.contact_for("email", address, outgoing.creator, now);
                let (inbox, creator) = (outgoing.inbox, outgoing.creator);
                self.conversation_for(inbox, "email", address, creator, now)
            }
            (None, Receiver::Conversation(id)) => {
                let found = self.conversations.get(*id);
                let found = found.filter(|conversation| conversation.channel == "email");
                let Some(conversation) = found else {
                    return Err(Rejection::not_found("no email conversation has this id"));
                };
                if conversation.inbox != outgoing.inbox {
                    let problem = "the conversation is in another inbox";
                    return Err(Rejection::bad_data("inbox", problem));
                }
                *id
            }
            (None, _) => return Err(Rejection::bad_data("targets", "no recipient")),
        };
        Ok(self.put_message(outgoing, conversation, None, now))
    }

    /// Sets the status of a message, as a delivery report does.
    pub(crate) fn set_message_status(
        &mut self,
        id: i64,
        status: &str,
        error: &str,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        if self.messages.get(id).is_none() {
            return Err(Rejection::not_found("no message has this id"));
        }
        self.messages.change(id, |message| {
            status.clone_into(&mut message.status);
            error.clone_into(&mut message.raw_error);
            message.updated = now;
        });
        self.emit("message_sent", Subject::Message(id));
        Ok(())
    }

    fn check_content(&self, content: &Content) -> Result<(), Rejection> {
        if let Some(id) = content.template
            && self.templates.get(id).is_none()
        {
            return Err(Rejection::bad_data(
                "template_id",
                "no template has this id",
            ));
        }
        if let Some(id) = content.survey
            && self.surveys.get(id).is_none()
        {
            return Err(Rejection::bad_data("survey_id", "no survey has this id"));
        }
        let has_text = content.text.as_ref().is_some_and(|text| !text.is_empty());
        let has_media = content.media.as_ref().is_some_and(|url| !url.is_empty());
        if has_text || has_media || content.template.is_some() || content.survey.is_some() {
            return Ok(());
        }
        Err(Rejection::bad_data(
            "text",
            "nothing to send; give one of text, media_url, template_id and survey_id",
        ))
    }

    /// Returns an error if a contact receives no messages. Comments are always
    /// allowed.
    fn check_reachable(&self, address: &str, private: bool) -> Result<(), Rejection> {
        match self.contact_with(address).and_then(unreachable) {
            Some(problem) if !private => Err(Rejection::denied(problem)),
            _ => Ok(()),
        }
    }

    fn broadcast(
        &mut self,
        outgoing: &Outgoing,
        list: i64,
        now: Timestamp,
    ) -> Result<Sent, Rejection> {
        let list = self
            .lists
            .get(list)
            .ok_or_else(|| Rejection::not_found("no list has this id"))?;
        let contacts = list.contacts.iter().filter_map(|id| self.contacts.get(*id));
        let phones: Vec<String> = contacts
            .filter(|contact| unreachable(contact).is_none() && !contact.phone().is_empty())
            .map(|contact| contact.phone().to_owned())
            .collect();
        if phones.is_empty() {
            let problem = "no contact on the list can receive messages";
            return Err(Rejection::bad_data("list_id", problem));
        }
        let id = self.next_id(Kind::Broadcast);
        for phone in phones {
            let (inbox, creator) = (outgoing.inbox, outgoing.creator);
            let conversation = self.conversation_for(inbox, "sms", &phone, creator, now);
            self.put_message(outgoing, conversation, Some(id), now);
        }
        Ok(Sent {
            id,
            conversation: None,
            date: now,
        })
    }

    fn send_to_group(
        &mut self,
        outgoing: &Outgoing,
        targets: &[String],
        now: Timestamp,
    ) -> Result<Sent, Rejection> {
        let mut errors = BTreeMap::new();
        for phone in targets {
            if let Some(problem) = self.contact_with(phone).and_then(unreachable) {
                errors.insert(phone.clone(), problem.to_owned());
            }
        }
        if errors.len() >= targets.len() {
            return Err(Rejection::denied(
                "no member of the group can receive messages",
            ));
        }
        for phone in targets {
            self.contact_for("phone", phone, outgoing.creator, now);
        }
        let conversation =
            self.group_conversation_for(outgoing.inbox, targets, outgoing.creator, now);
        let sent = self.put_message(outgoing, conversation, None, now);
        self.change_message(sent.id, |message| message.target_errors = errors);
        Ok(sent)
    }

    pub(super) fn put_message(
        &mut self,
        outgoing: &Outgoing,
        conversation: i64,
        broadcast_id: Option<i64>,
        now: Timestamp,
    ) -> Sent {
        let held_until = outgoing.held_until.filter(|_| !outgoing.private);
        let date = held_until.unwrap_or(now);
        let message = Message {
            id: self.next_id(Kind::Message),
            conversation,
            text: self.text(&outgoing.content, conversation),
            media: self.media(&outgoing.content),
            user: outgoing.creator,
            author: outgoing.author.clone(),
            private: outgoing.private,
            status: "sent".to_owned(),
            local_id: outgoing.local_id.clone(),
            broadcast_id,
            raw_error: String::new(),
            target_errors: BTreeMap::new(),
            date,
            updated: date,
        };
        let id = message.id;
        match held_until {
            Some(_) => self.hold(message),
            None => self.deliver(message),
        }
        Sent {
            id,
            conversation: Some(conversation),
            date: now,
        }
    }

    /// Adds a message to its conversation.
    pub(super) fn deliver(&mut self, message: Message) {
        self.conversations
            .change(message.conversation, |conversation| {
                conversation.join(message.user);
                conversation.updated = conversation.updated.max(message.date);
                if !message.private {
                    conversation.last_text.clone_from(&message.text);
                }
                if !message.media.is_empty() && conversation.channel == "sms" {
                    "mms".clone_into(&mut conversation.channel);
                }
            });
        self.emit("message_sent", Subject::Message(message.id));
        self.messages.insert(message);
    }

    /// Changes a message, which may be held.
    pub(super) fn change_message(&mut self, id: i64, change: impl FnOnce(&mut Message)) {
        match self.held.iter_mut().find(|message| message.id == id) {
            Some(message) => change(message),
            None => self.messages.change(id, change),
        }
    }
}

fn unreachable(contact: &Contact) -> Option<&'static str> {
    if contact.is_unsubscribed() {
        Some(UNSUBSCRIBED)
    } else if contact.blocked {
        Some(BLOCKED)
    } else {
        None
    }
}
