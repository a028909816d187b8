//! Messages that go out and come in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contacts::normal;
use super::{
    Contact, Kind, Message, Receiver, Refusal, ScheduledMessage, Store, Subject, Template,
};

/// A message to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) inbox: i64,
    pub(crate) creator: i64,
    pub(crate) receiver: Receiver,
    pub(crate) content: Content,
    /// A comment that only the team sees: it goes to nobody.
    pub(crate) private: bool,
    pub(crate) author: String,
    pub(crate) local_id: String,
}

/// What a message says: the first of these that is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) text: Option<String>,
    pub(crate) template: Option<i64>,
    pub(crate) survey: Option<i64>,
    pub(crate) media: Option<String>,
}

/// What became of something that carried a `local_id`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) id: i64,
    pub(crate) conversation: Option<i64>,
    pub(crate) date: Timestamp,
}

/// A message from a customer.
#[derive(Clone, Debug)]
pub(crate) struct Inbound {
    pub(crate) inbox: i64,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) media: String,
}

const UNSUBSCRIBED: &str = "the contact is unsubscribed and gets no messages";
const BLOCKED: &str = "the contact is blocked and gets no messages";

impl Store {
    pub(crate) fn send(&mut self, outgoing: &Outgoing, now: Timestamp) -> Result<Sent, Refusal> {
        let toll_free = self.inbox(outgoing.inbox, "inbox_id")?.toll_free;
        self.inbox_member(outgoing.inbox, outgoing.creator, "creator_id")?;
        self.check_content(&outgoing.content)?;
        match &outgoing.receiver {
            Receiver::Phone(phone) => {
                self.check_reachable(phone, outgoing.private)?;
                self.contact_for("phone", phone, outgoing.creator, now);
                let (inbox, creator) = (outgoing.inbox, outgoing.creator);
                let conversation = self.open_thread(inbox, "sms", phone, creator, now);
                Ok(self.put_message(outgoing, conversation, None, now))
            }
            Receiver::Conversation(id) => {
                let conversation = self
                    .conversations
                    .get(*id)
                    .ok_or_else(|| Refusal::not_found("no conversation has this id"))?;
                if conversation.inbox != outgoing.inbox {
                    let problem = "the conversation is in another inbox";
                    return Err(Refusal::bad_data("inbox_id", problem));
                }
                let target = conversation.target.clone();
                self.check_reachable(&target, outgoing.private)?;
                Ok(self.put_message(outgoing, *id, None, now))
            }
            Receiver::List(id) => self.broadcast(outgoing, *id, now),
            Receiver::Group(targets) => {
                if toll_free {
                    let problem = "a toll-free number sends no group messages";
                    return Err(Refusal::bad_data("targets", problem));
                }
                self.send_to_group(outgoing, targets, now)
            }
        }
    }

    /// An e-mail, in a conversation with its first receiver or a given one.
    pub(crate) fn send_email(
        &mut self,
        outgoing: &Outgoing,
        to: Option<&str>,
        now: Timestamp,
    ) -> Result<Sent, Refusal> {
        self.inbox(outgoing.inbox, "inbox")?;
        self.inbox_member(outgoing.inbox, outgoing.creator, "creator_id")?;
        let conversation = match (to, &outgoing.receiver) {
            (Some(address), _) => {
                self.check_reachable(address, false)?;
                self.contact_for("email", address, outgoing.creator, now);
                let (inbox, creator) = (outgoing.inbox, outgoing.creator);
                self.open_thread(inbox, "email", address, creator, now)
            }
            (None, Receiver::Conversation(id)) => {
                let found = self.conversations.get(*id);
                let found = found.filter(|conversation| conversation.channel == "email");
                let Some(conversation) = found else {
                    return Err(Refusal::not_found("no e-mail conversation has this id"));
                };
                if conversation.inbox != outgoing.inbox {
                    let problem = "the conversation is in another inbox";
                    return Err(Refusal::bad_data("inbox", problem));
                }
                *id
            }
            (None, _) => return Err(Refusal::bad_data("targets", "nobody to send to")),
        };
        Ok(self.put_message(outgoing, conversation, None, now))
    }

    /// A message from a customer: it makes contact and conversation if they
    /// are new, and opens a closed conversation.
    pub(crate) fn receive(&mut self, inbound: &Inbound, now: Timestamp) -> Result<Sent, Refusal> {
        let members = self.inbox(inbound.inbox, "inbox_id")?.members.clone();
        let (kind, channel) = if inbound.from.contains('@') {
            ("email", "email")
        } else {
            ("phone", "sms")
        };
        let from = normal(&inbound.from);
        let contact = self.contact_for(kind, &from, 0, now);
        let conversation = self.open_thread(inbound.inbox, channel, &from, 0, now);
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
        self.tell("message_recieved", Subject::Message(id));
        if was_closed {
            self.tell("chat_opened", Subject::Conversation(conversation));
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

    /// What a customer wants, as a message of theirs said it.
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
        self.tell(kind, Subject::Contact(contact));
    }

    /// Moves a message to another status, as deliveries do.
    pub(crate) fn set_message_status(
        &mut self,
        id: i64,
        status: &str,
        error: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.messages.get(id).is_none() {
            return Err(Refusal::not_found("no message has this id"));
        }
        self.messages.change(id, |message| {
            status.clone_into(&mut message.status);
            error.clone_into(&mut message.raw_error);
            message.updated = now;
        });
        self.tell("message_sent", Subject::Message(id));
        Ok(())
    }

    /// Sends what is due. What cannot be sent is kept as a failed message,
    /// since nobody waits for an answer.
    pub(crate) fn deliver_due(&mut self, now: Timestamp) {
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            let Some(id) = self.due.first().map(|(_, id)| *id) else {
                return;
            };
            let Some(scheduled) = self.unschedule(id) else {
                return;
            };
            let outgoing = outgoing(&scheduled);
            if let Err(refusal) = self.send(&outgoing, due) {
                self.keep_failed(&outgoing, &refusal, due);
            }
        }
    }

    fn keep_failed(&mut self, outgoing: &Outgoing, refusal: &Refusal, now: Timestamp) {
        let conversation = match &outgoing.receiver {
            Receiver::Phone(phone) if self.inboxes.contains_key(&outgoing.inbox) => {
                self.open_thread(outgoing.inbox, "sms", phone, outgoing.creator, now)
            }
            Receiver::Conversation(id) if self.conversations.get(*id).is_some() => *id,
            _ => return,
        };
        let sent = self.put_message(outgoing, conversation, None, now);
        self.messages.change(sent.id, |message| {
            "failed".clone_into(&mut message.status);
            message.raw_error.clone_from(&refusal.message);
        });
    }

    fn check_content(&self, content: &Content) -> Result<(), Refusal> {
        if let Some(id) = content.template
            && self.templates.get(id).is_none()
        {
            return Err(Refusal::bad_data("template_id", "no template has this id"));
        }
        if let Some(id) = content.survey
            && self.surveys.get(id).is_none()
        {
            return Err(Refusal::bad_data("survey_id", "no survey has this id"));
        }
        let has_text = content.text.as_ref().is_some_and(|text| !text.is_empty());
        let has_media = content.media.as_ref().is_some_and(|url| !url.is_empty());
        if has_text || has_media || content.template.is_some() || content.survey.is_some() {
            return Ok(());
        }
        Err(Refusal::bad_data(
            "text",
            "nothing to send; give one of text, media_url, template_id and survey_id",
        ))
    }

    /// Whether a contact takes messages; comments go to nobody.
    fn check_reachable(&self, address: &str, private: bool) -> Result<(), Refusal> {
        match self.contact_with(address).and_then(unreachable) {
            Some(problem) if !private => Err(Refusal::denied(problem)),
            _ => Ok(()),
        }
    }

    fn broadcast(
        &mut self,
        outgoing: &Outgoing,
        list: i64,
        now: Timestamp,
    ) -> Result<Sent, Refusal> {
        let list = self
            .lists
            .get(list)
            .ok_or_else(|| Refusal::not_found("no list has this id"))?;
        let contacts = list.contacts.iter().filter_map(|id| self.contacts.get(*id));
        let phones: Vec<String> = contacts
            .filter(|contact| unreachable(contact).is_none() && !contact.phone().is_empty())
            .map(|contact| contact.phone().to_owned())
            .collect();
        if phones.is_empty() {
            let problem = "nobody on the list can be sent messages";
            return Err(Refusal::bad_data("list_id", problem));
        }
        let id = self.next_id(Kind::Broadcast);
        for phone in phones {
            let (inbox, creator) = (outgoing.inbox, outgoing.creator);
            let conversation = self.open_thread(inbox, "sms", &phone, creator, now);
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
    ) -> Result<Sent, Refusal> {
        let mut errors = BTreeMap::new();
        for phone in targets {
            if let Some(problem) = self.contact_with(phone).and_then(unreachable) {
                errors.insert(phone.clone(), problem.to_owned());
            }
        }
        if errors.len() >= targets.len() {
            return Err(Refusal::denied("nobody of the group takes messages"));
        }
        for phone in targets {
            self.contact_for("phone", phone, outgoing.creator, now);
        }
        let conversation = self.open_group(outgoing.inbox, targets, outgoing.creator, now);
        let sent = self.put_message(outgoing, conversation, None, now);
        self.messages
            .change(sent.id, |message| message.target_errors = errors);
        Ok(sent)
    }

    fn put_message(
        &mut self,
        outgoing: &Outgoing,
        conversation: i64,
        broadcast_id: Option<i64>,
        now: Timestamp,
    ) -> Sent {
        let text = self.text(&outgoing.content, conversation);
        let media = self.media(&outgoing.content);
        let id = self.next_id(Kind::Message);
        let is_mms = !media.is_empty();
        self.messages.insert(Message {
            id,
            conversation,
            text: text.clone(),
            media,
            user: outgoing.creator,
            author: outgoing.author.clone(),
            private: outgoing.private,
            status: "sent".to_owned(),
            local_id: outgoing.local_id.clone(),
            broadcast_id,
            raw_error: String::new(),
            target_errors: BTreeMap::new(),
            date: now,
            updated: now,
        });
        self.conversations.change(conversation, |conversation| {
            conversation.join(outgoing.creator);
            conversation.updated = conversation.updated.max(now);
            if !outgoing.private {
                conversation.last_text = text;
            }
            if is_mms && conversation.channel == "sms" {
                "mms".clone_into(&mut conversation.channel);
            }
        });
        self.tell("message_sent", Subject::Message(id));
        Sent {
            id,
            conversation: Some(conversation),
            date: now,
        }
    }

    fn text(&self, content: &Content, conversation: i64) -> String {
        let text = content.text.as_ref().filter(|text| !text.is_empty());
        if let Some(text) = text {
            return text.clone();
        }
        if let Some(template) = content.template.and_then(|id| self.templates.get(id)) {
            let conversation = self.conversations.get(conversation);
            let contact = conversation.and_then(|found| self.contact_with(&found.target));
            return self.fill(&template.text, contact);
        }
        let survey = content.survey.and_then(|id| self.surveys.get(id));
        survey.map_or_else(String::new, |survey| survey.question.clone())
    }

    fn media(&self, content: &Content) -> String {
        let template = content.template.and_then(|id| self.templates.get(id));
        content
            .media
            .clone()
            .or_else(|| template.and_then(first_picture))
            .unwrap_or_default()
    }

    /// Fills the tokens of a template: `{{first_name}}`, `{{last_name}}`, and
    /// the names of custom fields with `_` for their blanks. What is not known
    /// of the contact is empty; what is no token stays.
    pub(crate) fn fill(&self, template: &str, contact: Option<&Contact>) -> String {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start..].find("}}") else {
                break;
            };
            let token = rest[start + 2..start + length].trim();
            text.push_str(&rest[..start]);
            match self.value(token, contact) {
                Some(value) => text.push_str(&value),
                None => text.push_str(&rest[start..start + length + 2]),
            }
            rest = &rest[start + length + 2..];
        }
        text.push_str(rest);
        text
    }

    /// What a token stands for, if it is one.
    fn value(&self, token: &str, contact: Option<&Contact>) -> Option<String> {
        let of = |name: fn(&Contact) -> &str| contact.map_or("", name).to_owned();
        match token {
            "first_name" => return Some(of(|contact| &contact.first)),
            "last_name" => return Some(of(|contact| &contact.last)),
            _ => {}
        }
        let field = self.fields.with_token(token)?;
        let value = contact.and_then(|contact| contact.custom.get(&field));
        Some(match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        })
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

fn first_picture(template: &Template) -> Option<String> {
    let url = template.gallery.first()?.get("url")?;
    url.as_str().map(str::to_owned)
}

fn outgoing(scheduled: &ScheduledMessage) -> Outgoing {
    let content = &scheduled.content;
    let text = content.get("text").and_then(|text| text.as_str());
    let template = content.get("template");
    // The older documentation has an object here, the newer one an id.
    let template = template.and_then(|template| match template.get("id") {
        Some(id) => id.as_i64(),
        None => template.as_i64(),
    });
    let media = ["attachments", "gallery"].into_iter().find_map(|kind| {
        let url = content.get(kind)?.get(0)?.get("url")?;
        url.as_str().map(str::to_owned)
    });
    Outgoing {
        inbox: scheduled.inbox,
        creator: scheduled.user,
        receiver: scheduled.receiver.clone(),
        content: Content {
            text: text.map(str::to_owned),
            template,
            survey: None,
            media,
        },
        private: false,
        author: String::new(),
        local_id: scheduled.local_id.clone(),
    }
}
