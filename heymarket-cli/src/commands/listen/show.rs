//! Shows events on standard output.

use heymarket_api::types::{Conversation, Message};
use heymarket_api::webhook::{Envelope, EventData};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Incoming;
use crate::cli::Format;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Output, Shape, Terminal, plain};
use crate::safety;

const SHAPE: Shape = Shape {
    items: None,
    columns: &["received", "type", "key", "source"],
};

pub(super) struct Show {
    output: Output,
    terminal: Terminal,
    /// For a person, and not as JSON.
    is_prose: bool,
    has_content: bool,
}

impl Show {
    pub(super) fn new(context: &Context, has_content: bool) -> Result<Self, Failure> {
        let globals = &context.globals;
        let is_prose = match globals.format {
            Some(format) => format == Format::Table,
            None => context.terminal.shows_output && !globals.json,
        };
        Ok(Self {
            output: context.stream()?,
            terminal: context.terminal,
            is_prose: is_prose && globals.jq.is_none(),
            has_content,
        })
    }

    /// Shows an event, at once. One that `--jq` fails on is reported on standard
    /// error: a sender must not be able to end the receiver.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub(super) fn event(&mut self, incoming: &Incoming) -> Result<(), Failure> {
        match self.write(incoming) {
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) => {
                let line = format!("not shown: {}: {failure}", incoming.event.dedupe_key());
                self.terminal.say(&plain::one_line(&line));
            }
            Ok(()) => {}
        }
        self.output.flush()
    }

    fn write(&mut self, incoming: &Incoming) -> Result<(), Failure> {
        if self.is_prose {
            let line = prose(incoming, self.has_content);
            self.output.line(&plain::one_line(&line))
        } else {
            let json = json(incoming, self.has_content);
            self.output.item(&json.to_string(), SHAPE)
        }
    }
}

fn json(incoming: &Incoming, has_content: bool) -> Value {
    let event = &incoming.event;
    json!({
        "received": incoming.received.to_string(),
        "type": event.event_type.as_str(),
        "key": event.dedupe_key(),
        "source": source(incoming),
        "webhook_id": event.webhook_id,
        "data": data(incoming, has_content),
    })
}

fn source(incoming: &Incoming) -> &'static str {
    match incoming.event.envelope {
        Envelope::History => "history",
        _ => "webhook",
    }
}

/// What the event is about. With its content it is as it came; without, it has
/// only members that are known and not sensitive.
fn data(incoming: &Incoming, has_content: bool) -> Value {
    let typed = incoming.event.sign_for_test("").unwrap_or_default();
    let typed = event_data(&typed);
    let mut data = match &incoming.body {
        Some(body) => event_data(body),
        None => typed.clone(),
    };
    if !has_content {
        let is_known = !matches!(about(&incoming.event.data), About::Unknown);
        keep_known(&mut data, &typed);
        safety::hide(&mut data, !is_known);
    }
    data
}

/// The data in the body of a delivery.
fn event_data(body: &[u8]) -> Value {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get_mut("event_data")
        .map(Value::take)
        .unwrap_or_default()
}

/// Takes out the members that the types do not know: they may be personal.
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
        // Another shape than the types write, of which nothing else is known.
        (data @ (Value::Object(_) | Value::Array(_)), known) => *data = known.clone(),
        _ => {}
    }
}

/// What an event is about, in the shapes that there are.
enum About<'a> {
    Message(&'a Message),
    Conversation(&'a Conversation),
    Unknown,
}

fn about(data: &EventData) -> About<'_> {
    match data {
        EventData::MessageSent(message) | EventData::MessageReceived(message) => {
            About::Message(message)
        }
        EventData::ConversationReassigned(conversation)
        | EventData::ConversationClosed(conversation)
        | EventData::ConversationOpened(conversation)
        | EventData::ConversationPending(conversation)
        | EventData::ConversationTransferred(conversation)
        | EventData::ConversationUpdated(conversation) => About::Conversation(conversation),
        _ => About::Unknown,
    }
}

/// An event as a line for a person.
fn prose(incoming: &Incoming, has_content: bool) -> String {
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
        About::Conversation(conversation) => line.push_str(&of_conversation(conversation)),
        About::Unknown => {}
    }
    if event.envelope == Envelope::History {
        line.push_str(" (from the history)");
    }
    if has_content {
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
    fn the_data_of_a_body_that_is_no_object_is_null() {
        for body in ["[]", "[1,2]", "7", "\"x\"", "null", "{", "{}"] {
            assert_eq!(event_data(body.as_bytes()), Value::Null, "{body}");
        }
        assert_eq!(event_data(br#"{"event_data":[1]}"#), json!([1]));
    }
}
