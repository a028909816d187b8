//! Scheduled messages, and the clock that sends them.

use maud::{Markup, html};
use serde_json::json;

use super::form;
use super::layout::{short, table};
use crate::state::Shared;
use crate::store::{Receiver, ScheduledMessage};

pub(super) fn render(shared: &Shared) -> Markup {
    shared.look(|state| {
        let mut scheduled: Vec<_> = state.store.scheduled.iter().collect();
        scheduled.sort_by_key(|message| (message.execute, message.id));
        scheduled.truncate(200);
        let rows = html! { @for message in scheduled { (row(message)) } };
        let columns = ["Time", "To", "Text", "ID", "Action"];
        html! {
            section aria-labelledby="clock-title" {
                h2 #clock-title { "Clock" }
                (clock_buttons())
            }
            (table("Scheduled messages", "scheduled", &columns, &rows))
        }
    })
}

fn clock_buttons() -> Markup {
    let set = |id: &str, label: &str, body: &serde_json::Value| {
        form::action(id, label, ("PUT", "/_sandbox/clock"), body, "Clock set.")
    };
    html! {
        div.actions {
            (set("advance-minute", "+1 minute", &json!({"advance_seconds": 60})))
            (set("advance-quarter", "+15 minutes", &json!({"advance_seconds": 900})))
            (set("advance-hour", "+1 hour", &json!({"advance_seconds": 3600})))
            (set("advance-day", "+1 day", &json!({"advance_seconds": 86400})))
            (set("freeze", "Freeze", &json!({"frozen": true})))
            (set("unfreeze", "Unfreeze", &json!({"frozen": false})))
            (set("system", "System time", &json!({"system": true})))
        }
    }
}

fn row(message: &ScheduledMessage) -> Markup {
    let to = match &message.receiver {
        Receiver::Phone(phone) => phone.clone(),
        Receiver::Conversation(id) => format!("conversation {id}"),
        Receiver::List(id) => format!("list {id}"),
        Receiver::Group(targets) => targets.join(", "),
    };
    let text = message.content.get("text").and_then(|text| text.as_str());
    let id = message.id;
    let body = json!({"now": message.execute.to_string()});
    html! {
        tr #{ "scheduled-" (id) } {
            th scope="row" { time datetime=(message.execute) { (short(message.execute)) } }
            td { (to) }
            td.text { (text.unwrap_or("(template or media)")) }
            td { (id) }
            td {
                (form::action(
                    &format!("advance-to-{id}"), "Advance the clock to this time",
                    ("PUT", "/_sandbox/clock"), &body, "Clock set.",
                ))
            }
        }
    }
}
