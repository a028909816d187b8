//! Messages that wait: the schedule, quiet hours, and sending what is due.

use jiff::Timestamp;

use super::data::Store;
use super::records::{Message, Receiver, ScheduledMessage};
use super::rejection::Rejection;
use super::sending::{Content, Outgoing};

impl Store {
    pub(crate) fn schedule(&mut self, message: ScheduledMessage) {
        self.unschedule(message.id);
        self.due.insert((message.execute, message.id));
        self.scheduled.insert(message);
    }

    pub(crate) fn unschedule(&mut self, id: i64) -> Option<ScheduledMessage> {
        let message = self.scheduled.remove(id)?;
        self.due.remove(&(message.execute, id));
        Some(message)
    }

    /// Returns when the next scheduled or held message is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let scheduled = self.due.first().map(|(time, _)| *time);
        let held = self.held.first().map(|message| message.date);
        scheduled.into_iter().chain(held).min()
    }

    /// Holds a message until its date.
    pub(super) fn hold(&mut self, message: Message) {
        let later = |held: &Message| held.date <= message.date;
        let place = self.held.partition_point(later);
        self.held.insert(place, message);
    }

    /// Sends what is due. A message that is rejected is kept with the status
    /// `failed`, since no caller waits for the result.
    pub(crate) fn send_due(&mut self, now: Timestamp) {
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            if self.held.first().is_some_and(|held| held.date == due) {
                let message = self.held.remove(0);
                self.deliver(message);
                continue;
            }
            let Some(id) = self.due.first().map(|(_, id)| *id) else {
                return;
            };
            let Some(scheduled) = self.unschedule(id) else {
                return;
            };
            let outgoing = outgoing(&scheduled);
            if let Err(rejection) = self.send(&outgoing, due) {
                self.keep_failed(&outgoing, &rejection, due);
            }
        }
    }

    fn keep_failed(&mut self, outgoing: &Outgoing, rejection: &Rejection, now: Timestamp) {
        let conversation = match &outgoing.receiver {
            Receiver::Phone(phone) if self.inboxes.contains_key(&outgoing.inbox) => {
                self.conversation_for(outgoing.inbox, "sms", phone, outgoing.creator, now)
            }
            Receiver::Conversation(id) if self.conversations.get(*id).is_some() => *id,
            _ => return,
        };
        let sent = self.put_message(outgoing, conversation, None, now);
        self.messages.change(sent.id, |message| {
            "failed".clone_into(&mut message.status);
            message.raw_error.clone_from(&rejection.message);
        });
    }
}

fn outgoing(scheduled: &ScheduledMessage) -> Outgoing {
    let content = &scheduled.content;
    let text = content.get("text").and_then(|text| text.as_str());
    let template = content.get("template");
    // The older documentation has an object here, the newer one an ID.
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
        held_until: None,
        author: String::new(),
        local_id: scheduled.local_id.clone(),
    }
}
