//! Formats a conversation as a chat.

use anstyle::Style;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::context::Context;
use crate::output::cell::{self, Formatter};
use crate::output::names::Names;
use crate::output::width::wrap;
use crate::output::{plain, style};

/// The indentation of a message's text.
const INDENT: usize = 2;

/// A conversation as a chat, with what was shown last.
pub(super) struct Thread {
    names: Names,
    /// The name of the contact.
    contact: Option<String>,
    zone: TimeZone,
    now: Zoned,
    width: usize,
    is_colored: bool,
    day: Option<Date>,
}

impl Thread {
    pub(super) fn new(
        context: &Context,
        formatter: &Formatter,
        names: Names,
        contact: Option<String>,
    ) -> Self {
        Self {
            names,
            contact,
            zone: formatter.zone.clone(),
            now: formatter.now.to_zoned(formatter.zone.clone()),
            width: context.terminal.width().min(100),
            is_colored: context.terminal.colors_output,
            day: None,
        }
    }

    /// Returns the lines about the conversation itself.
    pub(super) fn header(&self, conversation: &Value) -> Vec<String> {
        let text = |name: &str| {
            let text = cell::text(conversation.get(name));
            plain::one_line(&text).into_owned()
        };
        let target = text("target");
        let title = match &self.contact {
            Some(name) => format!("{} ({target})", plain::one_line(name)),
            None => target,
        };
        let named = |member: &str| {
            let value = conversation.get(member)?;
            if let Some(name) = value.get("name").and_then(Value::as_str) {
                return Some(plain::one_line(name).into_owned());
            }
            let id = value.as_i64().or_else(|| value.get("id")?.as_i64())?;
            let name = self.names.of(member, id);
            (id != 0).then(|| {
                name.map_or_else(|| id.to_string(), |name| plain::one_line(name).into_owned())
            })
        };
        let status = text("status");
        let mut parts = vec![self.paint(&status, style::of_status(&status))];
        parts.retain(|part| !part.is_empty());
        parts.extend(named("inbox").map(|inbox| format!("inbox {inbox}")));
        parts.push(match named("assigned") {
            Some(member) => format!("assigned to {member}"),
            None => "unassigned".to_owned(),
        });
        if conversation.get("unread").and_then(Value::as_bool) == Some(true) {
            parts.push(self.paint("unread", style::WARN));
        }
        vec![self.paint(&title, style::HEADER), parts.join(", ")]
    }

    /// Returns the lines of messages, the oldest first.
    pub(super) fn messages(&mut self, messages: &[Value]) -> Vec<String> {
        messages
            .iter()
            .flat_map(|message| self.message(message))
            .collect()
    }

    fn message(&mut self, message: &Value) -> Vec<String> {
        let text = |name: &str| {
            message
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let mut lines = Vec::new();
        let time = text("date").parse::<Timestamp>().ok();
        let time = time.map(|time| time.to_zoned(self.zone.clone()));
        if let Some(time) = &time
            && self.day != Some(time.date())
        {
            self.day = Some(time.date());
            let day = format!("-- {} --", self.day_name(time));
            lines.extend([String::new(), self.paint(&day, style::DIM)]);
        }
        lines.push(String::new());
        let clock = time
            .map(|time| time.strftime("%H:%M").to_string())
            .unwrap_or_default();
        let mut head = format!(
            "{} {}",
            self.paint(&clock, style::DIM),
            self.author(message)
        );
        let is_private = text("type") == "private" || text("type") == "comment";
        if is_private {
            head.push_str(&self.paint(" (private comment)", style::WARN));
        }
        head.push_str(&self.state(message));
        lines.push(head);
        let room = self.width.saturating_sub(INDENT).max(10);
        let style = if is_private { style::DIM } else { Style::new() };
        for line in text("text").lines() {
            for part in wrap(&plain::one_line(line), room) {
                lines.push(format!(
                    "{}{}",
                    " ".repeat(INDENT),
                    self.paint(&part, style)
                ));
            }
        }
        for (name, label) in [
            ("media", "media"),
            ("media_url", "media"),
            ("link_url", "link"),
        ] {
            if !text(name).is_empty() {
                let media = format!("[{label}] {}", plain::one_line(text(name)));
                lines.push(format!("{}{media}", " ".repeat(INDENT)));
            }
        }
        lines
    }

    /// Returns who wrote a message.
    fn author(&self, message: &Value) -> String {
        let user = message.get("user").and_then(Value::as_i64).unwrap_or(0);
        let author = message
            .get("author")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_received = message.get("status").and_then(Value::as_str) == Some("received");
        let name = if !author.is_empty() {
            author.to_owned()
        } else if user != 0 && !is_received {
            let name = self.names.of("user", user);
            name.map_or_else(|| format!("member {user}"), str::to_owned)
        } else {
            let target = || cell::text(message.get("target"));
            self.contact.clone().unwrap_or_else(target)
        };
        let style = if user != 0 && !is_received {
            style::HEADER
        } else {
            style::NAME
        };
        self.paint(&plain::one_line(&name), style)
    }

    /// Returns the outcome of a message, unless it is the expected one.
    fn state(&self, message: &Value) -> String {
        let text = |name: &str| {
            message
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        match text("status") {
            "" | "received" | "sent" | "delivered" => String::new(),
            status => {
                let error = text("raw_error");
                let reason = if error.is_empty() {
                    String::new()
                } else {
                    format!(": {}", plain::one_line(error))
                };
                let state = format!(" [{}{reason}]", plain::one_line(status));
                self.paint(&state, style::of_status(status))
            }
        }
    }

    fn day_name(&self, time: &Zoned) -> String {
        let today = self.now.date();
        let date = time.date();
        if date == today {
            "Today".to_owned()
        } else if today.yesterday().is_ok_and(|yesterday| date == yesterday) {
            "Yesterday".to_owned()
        } else {
            time.strftime("%a %Y-%m-%d").to_string()
        }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.is_colored && !text.is_empty() && style != Style::new() {
            style::paint(text, style)
        } else {
            text.to_owned()
        }
    }
}
