//! `--debug`: what goes over the wire, without what nobody is to see.

use heymarket_api::{Error, RawRequest, Response, operations};
use serde_json::Value;

use crate::connection::Connection;
use crate::context::Context;
use crate::output::{Log, json};

/// A number in a query with as many digits may be one of a phone.
const PHONE_DIGITS: usize = 10;
const HIDDEN: &str = "[hidden]";

/// Shows what the library tells while it works: attempts and waits.
pub(crate) fn watch(context: &Context) {
    if !context.globals.debug {
        return;
    }
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(|| Log)
        .with_ansi(false)
        .with_target(false)
        .finish();
    // A second one would be for a second command, and there is but one.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Shows who is asked, and with whose credentials.
pub(crate) fn debug_connection(context: &Context, connection: &Connection) {
    if context.globals.debug {
        let Connection { server, source, .. } = connection;
        let said = format!("* {server}, with the credentials of {source}");
        context.terminal.say(&said);
    }
}

/// Shows a request that is about to be sent.
pub(crate) fn debug_request(context: &Context, request: &RawRequest) {
    if !context.globals.debug {
        return;
    }
    let query: Vec<String> = request
        .query_parameters()
        .map(|(name, value)| format!("{name}={}", shown(value)))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let segments: Vec<String> = request.path().split('/').map(shown_segment).collect();
    context.terminal.say(&format!(
        "> {} {}{mark}{}",
        request.operation().method(),
        segments.join("/"),
        query.join("&")
    ));
    if let Some(body) = request.body() {
        let mut body = body.clone();
        hide(&mut body, false);
        for line in json::pretty(&body.to_string()).lines() {
            context.terminal.say(&format!("> {line}"));
        }
    }
}

/// Shows how it ended: the status, the request id and every attempt.
pub(crate) fn debug_outcome<T>(context: &Context, outcome: &Result<Response<T>, Error>) {
    if !context.globals.debug {
        return;
    }
    let (status, request_id, bytes, ledger) = match outcome {
        Ok(response) => (
            Some(response.status()),
            response.request_id(),
            response.body().len(),
            response.ledger(),
        ),
        Err(error) => (
            error.status(),
            error.request_id(),
            error.body().map_or(0, |body| body.len()),
            error.ledger(),
        ),
    };
    let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let request_id = request_id.unwrap_or("none");
    let terminal = &context.terminal;
    terminal.say(&format!(
        "< {status}, {bytes} bytes, request id {request_id}"
    ));
    terminal.say(&format!("< attempts: {ledger}"));
}

/// Hides the values of sensitive members; all, if the value is sensitive itself.
pub(crate) fn hide(value: &mut Value, is_sensitive: bool) {
    match value {
        Value::Object(members) if is_sensitive => {
            // The keys may be phone numbers.
            *value = format!("{HIDDEN}: {} members", members.len()).into();
        }
        Value::Object(members) => {
            for (name, value) in members {
                hide(value, operations::is_sensitive(name));
            }
        }
        Value::Array(items) => {
            for item in items {
                hide(item, is_sensitive);
            }
        }
        Value::Null | Value::Bool(_) => {}
        other if is_sensitive => *other = HIDDEN.into(),
        _ => {}
    }
}

fn shown(value: &str) -> &str {
    let is_number = value.chars().all(|c| c.is_ascii_digit()) && value.len() < PHONE_DIGITS;
    if is_number || matches!(value, "true" | "false") {
        value
    } else {
        HIDDEN
    }
}

/// A segment of a path, unless it looks like a phone number or an address.
fn shown_segment(segment: &str) -> String {
    let digits = segment.chars().filter(char::is_ascii_digit).count();
    let is_phone = digits >= PHONE_DIGITS && !segment.contains(|c: char| c.is_ascii_alphabetic());
    if is_phone || segment.contains('@') || segment.contains("%40") {
        HIDDEN.to_owned()
    } else {
        segment.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sensitive_members_are_hidden_at_any_depth() {
        let mut body = json!({
            "inbox_id": 1, "phone_number": "15550100101", "targets": ["15550100102"],
            "content": {"text": "canary"}, "members": {"15550100103": 1},
        });
        hide(&mut body, false);
        let text = body.to_string();
        assert!(
            !text.contains("1555010") && !text.contains("canary"),
            "{text}"
        );
        assert_eq!(body["inbox_id"], 1);
    }

    #[test]
    fn a_phone_number_is_shown_in_neither_path_nor_query() {
        assert_eq!(shown("15550100101"), HIDDEN);
        assert_eq!(shown("41001"), "41001");
        assert_eq!(shown_segment("9920"), "9920");
        assert_eq!(shown_segment("+15550100101"), HIDDEN);
        assert_eq!(shown_segment("ada@example.com"), HIDDEN);
    }
}
