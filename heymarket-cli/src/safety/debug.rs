//! `--debug`: requests and responses on standard error, without secrets.

use heymarket_api::{Error, RawRequest, Response, operations};
use serde_json::Value;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::context::Context;
use crate::output::json;
use crate::output::terminal::Log;

/// A number in a query with this many digits may be a phone number.
const PHONE_DIGITS: usize = 10;
const REDACTED: &str = "[redacted]";

/// Shows the log of the library: attempts and waits.
pub(crate) fn log(context: &Context) {
    if !context.globals.debug {
        return;
    }
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Log)
        .with_ansi(false)
        .with_target(false);
    // rmcp writes whole messages, which hold phone numbers and texts.
    let is_shown = filter_fn(|event| {
        *event.level() <= tracing::Level::DEBUG && !event.target().starts_with("rmcp")
    });
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(is_shown));
    // A process runs one command, so there is no other subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
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
    context.terminal.notice(&format!(
        "> {} {}{mark}{}",
        request.operation().method(),
        segments.join("/"),
        query.join("&")
    ));
    if let Some(body) = request.body() {
        let mut body = body.clone();
        redact(&mut body, false);
        for line in json::pretty(&body.to_string()).lines() {
            context.terminal.notice(&format!("> {line}"));
        }
    }
}

/// Shows the outcome: the status, the request ID and every attempt.
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
    terminal.notice(&format!(
        "< {status}, {bytes} bytes, request ID {request_id}"
    ));
    terminal.notice(&format!("< attempts: {ledger}"));
}

/// Redacts the values of sensitive members, or everything if the value itself is
/// sensitive.
pub(crate) fn redact(value: &mut Value, is_sensitive: bool) {
    match value {
        Value::Object(members) if is_sensitive => {
            // The keys may be phone numbers.
            *value = format!("{REDACTED}: {} members", members.len()).into();
        }
        Value::Object(members) => {
            for (name, value) in members {
                redact(value, operations::is_sensitive(name));
            }
        }
        Value::Array(items) => {
            for item in items {
                redact(item, is_sensitive);
            }
        }
        Value::Null | Value::Bool(_) => {}
        other if is_sensitive => *other = REDACTED.into(),
        _ => {}
    }
}

fn shown(value: &str) -> &str {
    let is_number = value.chars().all(|c| c.is_ascii_digit()) && value.len() < PHONE_DIGITS;
    if is_number || matches!(value, "true" | "false") {
        value
    } else {
        REDACTED
    }
}

/// Returns a segment of a path, redacted if it looks like a phone number or an
/// email address.
fn shown_segment(segment: &str) -> String {
    let digits = segment.chars().filter(char::is_ascii_digit).count();
    let is_phone = digits >= PHONE_DIGITS && !segment.contains(|c: char| c.is_ascii_alphabetic());
    if is_phone || segment.contains('@') || segment.contains("%40") {
        REDACTED.to_owned()
    } else {
        segment.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sensitive_members_are_redacted_at_any_depth() {
        let mut body = json!({
            "inbox_id": 1, "phone_number": "15550100101", "targets": ["15550100102"],
            "content": {"text": "canary"}, "members": {"15550100103": 1},
        });
        redact(&mut body, false);
        let text = body.to_string();
        assert!(
            !text.contains("1555010") && !text.contains("canary"),
            "{text}"
        );
        assert_eq!(body["inbox_id"], 1);
    }

    #[test]
    fn a_phone_number_is_shown_in_neither_path_nor_query() {
        assert_eq!(shown("15550100101"), REDACTED);
        assert_eq!(shown("41001"), "41001");
        assert_eq!(shown_segment("9920"), "9920");
        assert_eq!(shown_segment("+15550100101"), REDACTED);
        assert_eq!(shown_segment("ada@example.com"), REDACTED);
    }
}
