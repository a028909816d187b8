//! Secrets in bodies and queries, which are not shown.

use serde_json::Value;

use super::entry::Body;

const REDACTED: &str = "[redacted]";

/// The names of members and query parameters whose values are secret.
const SECRET: [&str; 8] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "password",
    "secret",
    "secret_key",
    "token",
];

fn is_secret(name: &str) -> bool {
    SECRET
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// Returns a body as JSON, or as text if it is not JSON. It is `null` if it is
/// empty.
pub(super) fn shown(body: &Body) -> Value {
    if body.start.is_empty() {
        return Value::Null;
    }
    if !body.is_truncated()
        && let Ok(mut value) = serde_json::from_slice(&body.start)
    {
        redact(&mut value);
        return value;
    }
    let text = String::from_utf8_lossy(&body.start);
    // No member can be told from another in a text that is not JSON.
    if SECRET
        .iter()
        .any(|name| text.contains(&format!("\"{name}\"")))
    {
        return REDACTED.into();
    }
    text.into()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_secret(name) {
                    *value = REDACTED.into();
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Returns a query without the values of secret parameters.
pub(super) fn shown_query(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}
