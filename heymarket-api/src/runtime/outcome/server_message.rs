//! Extracts the server's message from the body of an error status.
//!
//! The body is not documented. Public clients look for `message`, then `error`, then
//! `detail`, and fall back to the text.

use serde_json::Value;

use super::decode::is_html;

/// A longer text is not a message.
const MAX_LENGTH: usize = 300;

/// Returns the message of a body, neither redacted nor on one line.
pub(crate) fn find_message(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let message = match serde_json::from_str::<Value>(text) {
        Ok(value) => in_value(&value)?,
        Err(_) if is_html(body) || text.starts_with(['{', '[']) => return None,
        Err(_) if text.chars().count() > MAX_LENGTH => return None,
        Err(_) => text.to_owned(),
    };
    (!message.trim().is_empty()).then_some(message)
}

/// Joins a message into one line and truncates it.
pub(crate) fn one_line(message: &str) -> String {
    let words = message.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_LENGTH {
        return line;
    }
    let cut: String = line.chars().take(MAX_LENGTH).collect();
    format!("{cut}…")
}

fn in_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !is_html(text.as_bytes()) => Some(text.clone()),
        Value::Object(members) => [
            "message",
            "error",
            "detail",
            "error_description",
            "name",
            "code",
        ]
        .into_iter()
        .filter_map(|key| members.get(key))
        .filter(|value| value.is_string() || value.is_object())
        .find_map(in_value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{find_message, one_line};

    #[test]
    fn messages_are_found_in_every_usual_member() {
        let cases = [
            (r#"{"message":"a","error":"b"}"#, Some("a")),
            (r#"{"error":"b","detail":"c"}"#, Some("b")),
            (r#"{"error":{"message":"deep"}}"#, Some("deep")),
            (r#"{"detail":"c"}"#, Some("c")),
            (r#"{"error_description":"d"}"#, Some("d")),
            (r#"{"name":"bad_data"}"#, Some("bad_data")),
            (r#"{"message":null,"error":"b"}"#, Some("b")),
            (r#""a bare string""#, Some("a bare string")),
            ("two\nlines\t here", Some("two lines here")),
            ("<html>Bad Gateway</html>", None),
            (r#"{"message":"<html>"}"#, None),
            ("", None),
            ("{}", None),
            ("[1]", None),
            ("{\"message\":", None),
        ];
        for (body, expected) in cases {
            let found = find_message(body.as_bytes()).map(|message| one_line(&message));
            assert_eq!(found.as_deref(), expected, "{body}");
        }
        assert_eq!(find_message(b"\xff\xfe"), None);
    }

    #[test]
    fn long_messages_are_truncated_and_long_texts_ignored() {
        assert_eq!(find_message("x".repeat(301).as_bytes()), None);
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(400));
        assert_eq!(
            find_message(long.as_bytes()).map(|text| one_line(&text).chars().count()),
            Some(301)
        );
    }
}
