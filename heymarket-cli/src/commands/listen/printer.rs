//! Prints events on standard output.

use heymarket_api::types::{Conversation, Message};
use heymarket_api::webhook::{Envelope, EventData};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::incoming::Incoming;
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::results::Output;
use crate::output::shape::Shape;
use crate::output::terminal::Terminal;
use crate::output::{plain, style};
use crate::safety::debug;

const SHAPE: Shape = Shape::of(&["received", "type", "key", "source"]);

/// Prints events.
pub(super) struct Printer {
    output: Output,
    terminal: Terminal,
    /// Lines for people instead of JSON.
    is_prose: bool,
    shows_content: bool,
}

impl Printer {
    pub(super) fn new(context: &Context, shows_content: bool) -> Result<Self, Failure> {
        let globals = &context.globals;
        let is_prose = match globals.format {
            Some(format) => format == Format::Table,
            None => context.terminal.shows_output && !globals.json,
        };
        Ok(Self {
            output: context.stream()?,
            terminal: context.terminal,
            is_prose: is_prose && globals.jq.is_none() && globals.render.is_none(),
            shows_content,
        })
    }

    /// Prints an event at once. An event that `--jq` fails on is reported on standard
    /// error, since a sender must not be able to stop the receiver.
    ///
    /// # Errors
    ///
    /// Returns an error if standard output cannot be written.
    pub(super) fn event(&mut self, incoming: &Incoming) -> Result<(), Failure> {
        match self.write(incoming) {
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) => {
                let line = format!("not printed: {}: {failure}", incoming.event.dedupe_key());
                self.terminal.notice(&plain::one_line(&line));
            }
            Ok(()) => {}
        }
        self.output.flush()
    }

    fn write(&mut self, incoming: &Incoming) -> Result<(), Failure> {
        if self.is_prose {
            let line = prose(incoming, self.shows_content);
            let line = plain::one_line(&line);
            let line = match line.split_once("  ") {
                Some((time, rest)) if self.terminal.colors_output => {
                    format!("{}  {rest}", style::paint(time, style::DIM))
                }
                _ => line.into_owned(),
            };
            self.output.trusted_line(&line)
        } else {
            let json = json(incoming, self.shows_content);
            self.output.items(&[json.to_string()], SHAPE)
        }
    }
}

fn json(incoming: &Incoming, shows_content: bool) -> Value {
    let event = &incoming.event;
    json!({
        "received": incoming.received.to_string(),
        "type": event.event_type.as_str(),
        "key": event.dedupe_key(),
        "source": source(incoming),
        "webhook_id": event.webhook_id,
        "data": data(incoming, shows_content),
    })
}

fn source(incoming: &Incoming) -> &'static str {
    match incoming.event.envelope {
        Envelope::History => "history",
        _ => "webhook",
    }
}

/// Returns the data of an event: with content unmodified; without, only the known
/// members that are not sensitive.
fn data(incoming: &Incoming, shows_content: bool) -> Value {
    let typed = incoming.event.sign_for_test("").unwrap_or_default();
    let typed = event_data(&typed);
    let mut data = match &incoming.body {
        Some(body) => event_data(body),
        None => typed.clone(),
    };
    if !shows_content {
        let is_known = !matches!(about(&incoming.event.data), About::Unknown);
        keep_known(&mut data, &typed);
        debug::redact(&mut data, !is_known);
    }
    data
}

/// Returns the data in the body of a delivery.
fn event_data(body: &[u8]) -> Value {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get_mut("event_data")
        .map(Value::take)
        .unwrap_or_default()
}

/// Removes members that the types do not know, since they may be personal.
fn keep_known(data: &mut Value, known: &Value) {
    match (data, known) {
        (Value::Object(members), Value::Object(known)) => {
            members.retain(|name, _| known.contains_key(name));
            for (name, member) in members {
                keep_known(member, &known[name]);
            }
        }
        (Value::Array(items), Value::Array(known)) => {
            for (item, known) in items.iter_mut().zip(known) {
                keep_known(item, known);
            }
        }
        // A shape that the types do not have.
        (data @ (Value::Object(_) | Value::Array(_)), known) => *data = known.clone(),
        _ => {}
    }
}

/// The subject of an event.
enum About<'a> {
    Message(&'a Message),
    Conversation(&'a Conversation),
    Unknown,
}

fn about(data: &EventData) -> About<'_> {
    match (data.message(), data.conversation()) {
        (Some(message), _) => About::Message(message),
        (None, Some(conversation)) => About::Conversation(conversation),
        (None, None) => About::Unknown,
    }
}

/// Formats an event as a line for people.
fn prose(incoming: &Incoming, shows_content: bool) -> String {
    let event = &incoming.event;
    let time = incoming.received.to_zoned(TimeZone::system());
    let time = time.strftime("%H:%M:%S");
    let mut line = format!("{time}  {:<28}", event.event_type.as_str());
    match about(&event.data) {
        About::Message(message) => {
            line.push_str(&format!("  message {}", message.id));
            if let Some(conversation) = &message.conversation {
                line.push_str(&of_conversation(conversation));
            }
            if let Some(status) = &message.status {
                line.push_str(&format!(", {status}"));
            }
        }
        About::Conversation(conversation) => {
            line.push_str(&of_conversation(conversation));
            line.push_str(&state_of(conversation));
        }
        About::Unknown => line.push_str(&of_unknown(&data(incoming, true))),
    }
    if event.envelope == Envelope::History {
        line.push_str(" (from the history)");
    }
    if shows_content {
        line.push_str(&content(incoming));
    }
    line
}

fn of_conversation(conversation: &Conversation) -> String {
    let inbox = conversation.inbox.as_ref();
    let inbox = inbox.map(|inbox| format!(", inbox {}", inbox.id));
    format!(
        "  conversation {}{}",
        conversation.id,
        inbox.unwrap_or_default()
    )
}

/// Describes the state that an event of a conversation reports.
fn state_of(conversation: &Conversation) -> String {
    let mut text = String::new();
    if let Some(status) = &conversation.status {
        text.push_str(&format!(", {status}"));
    }
    match conversation.assigned.as_ref().map(|member| member.id) {
        Some(member) => text.push_str(&format!(", assigned to {member}")),
        None => text.push_str(", unassigned"),
    }
    text
}

/// Describes the data of an event without a documented shape: opt-outs, opt-ins and
/// calls. Any other member may be personal.
fn of_unknown(data: &Value) -> String {
    let names = ["id", "inbox", "inbox_id"];
    let ids = names
        .iter()
        .filter_map(|name| Some((name, data.get(*name)?.as_i64()?)));
    let shown: Vec<String> = ids
        .map(|(name, id)| format!("{} {id}", name.trim_end_matches("_id")))
        .collect();
    if shown.is_empty() {
        String::new()
    } else {
        format!("  {}", shown.join(", "))
    }
}

fn content(incoming: &Incoming) -> String {
    let (who, text) = match about(&incoming.event.data) {
        About::Message(message) => {
            let who = message.phone.as_ref().filter(|phone| !phone.is_empty());
            (who.or(message.target.as_ref()), message.text.as_ref())
        }
        About::Conversation(conversation) => {
            (conversation.target.as_ref(), conversation.last_msg.as_ref())
        }
        About::Unknown => return format!("  {}", data(incoming, true)),
    };
    let who = who.map(|who| format!("  {who}")).unwrap_or_default();
    let text = text.map(|text| format!("  {text:?}")).unwrap_or_default();
    format!("{who}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_body_without_an_object_is_null() {
        for body in ["[]", "[1,2]", "7", "\"x\"", "null", "{", "{}"] {
            assert_eq!(event_data(body.as_bytes()), Value::Null, "{body}");
        }
        assert_eq!(event_data(br#"{"event_data":[1]}"#), json!([1]));
    }
}
