//! Scheduled messages.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, found};
use super::messages;
use crate::render::ok;
use crate::store::{Kind, Receiver, Rejection, ScheduledMessage};

/// How far ahead a message must be scheduled. Its time is a multiple of this.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

#[derive(Deserialize)]
struct ScheduleRequest {
    inbox_id: i64,
    execute_at: Timestamp,
    content: Value,
    phone_number: Option<String>,
    targets: Option<Vec<Value>>,
    conversation_id: Option<i64>,
    list_id: Option<i64>,
    local_id: Option<String>,
    user_id: Option<i64>,
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let message = found(&call.store.scheduled, id, "scheduled message")?.clone();
    Ok(call.renderer().scheduled_message(&message))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: ScheduleRequest = call.input()?;
    let mut message = request.message(call)?;
    message.id = call.store.next_id(Kind::ScheduledMessage);
    let id = message.id;
    call.store.schedule(message);
    Ok(scheduled(call, id, 1))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let old = found(&call.store.scheduled, id, "scheduled message")?.clone();
    let request: ScheduleRequest = call.input()?;
    let mut message = request.message(call)?;
    message.id = id;
    message.created = old.created;
    message.rev = old.rev + 1;
    if message.local_id.is_empty() {
        message.local_id = old.local_id;
    }
    let rev = message.rev;
    call.store.schedule(message);
    Ok(scheduled(call, id, rev))
}

/// Renders the result. Samples have the ID only.
fn scheduled(call: &mut Call<'_>, id: i64, rev: i64) -> Value {
    if call.dialect.next_is_documented() {
        json!({"id": id, "rev": rev})
    } else {
        json!({"id": id})
    }
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    match call.store.unschedule(id) {
        Some(_) => Ok(ok()),
        None => Err(Rejection::not_found("no scheduled message has this id")),
    }
}

impl ScheduleRequest {
    fn message(self, call: &Call<'_>) -> Result<ScheduledMessage, Rejection> {
        check_time(self.execute_at, call.now)?;
        call.store.inbox(self.inbox_id, "inbox_id")?;
        let user = match self.user_id {
            Some(id) => id,
            None => owner(call),
        };
        call.store.inbox_member(self.inbox_id, user, "user_id")?;
        let receiver = self.receiver(call)?;
        let has_content = ["text", "template", "attachments", "gallery"]
            .iter()
            .any(|part| self.content.get(part).is_some_and(|value| value != ""));
        if !has_content {
            let problem = "nothing to send; give one of text, template, attachments and gallery";
            return Err(Rejection::bad_data("content", problem));
        }
        Ok(ScheduledMessage {
            id: 0,
            inbox: self.inbox_id,
            execute: self.execute_at,
            content: self.content,
            receiver,
            local_id: self.local_id.unwrap_or_default(),
            user,
            created: call.now,
            updated: call.now,
            rev: 1,
        })
    }

    fn receiver(&self, call: &Call<'_>) -> Result<Receiver, Rejection> {
        if let Some(phone) = &self.phone_number {
            return Ok(Receiver::Phone(phone.clone()));
        }
        if let Some(id) = self.conversation_id {
            found(&call.store.conversations, id, "conversation")?;
            return Ok(Receiver::Conversation(id));
        }
        if let Some(id) = self.list_id {
            found(&call.store.lists, id, "list")?;
            return Ok(Receiver::List(id));
        }
        let targets = self.targets.iter().flatten();
        let phones: Option<Vec<_>> = targets.map(phone).collect();
        match phones {
            Some(phones) => Ok(Receiver::Group(messages::group(phones)?)),
            None => Err(Rejection::bad_data(
                "targets",
                "must be phone numbers, or objects with a phone number each",
            )),
        }
    }
}

/// Returns the number of a target: a string, or an object whose members no
/// source shows.
fn phone(target: &Value) -> Option<String> {
    let text = target.as_str().or_else(|| {
        let names = ["phone", "phone_number", "target"];
        names.iter().find_map(|name| target.get(name)?.as_str())
    })?;
    Some(text.to_owned())
}

fn check_time(time: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    let is_quarter = time.as_second() % QUARTER.as_secs() == 0 && time.subsec_nanosecond() == 0;
    if !is_quarter {
        return Err(Rejection::bad_data(
            "execute_at",
            "must be on a quarter hour",
        ));
    }
    if time.duration_since(now) < QUARTER {
        return Err(Rejection::bad_data(
            "execute_at",
            "must be at least 15 minutes ahead",
        ));
    }
    Ok(())
}

/// Returns the default sender, the team's owner: the first administrator.
fn owner(call: &Call<'_>) -> i64 {
    let mut members = call.store.members.values();
    let owner = members.find(|member| member.role_id == 1);
    owner.map_or(0, |member| member.id)
}
