//! What a server says in the body of an error.
//!
//! No page documents the body. Public clients look for `message`, then
//! `error`, then `detail`, and fall back to the text.

use serde_json::Value;

use super::decode::is_html;

/// Longer texts are no messages.
const MAX_LENGTH: usize = 300;

/// The message in a body, as it is there: neither redacted nor on one line.
pub(super) fn find(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let message = match serde_json::from_str::<Value>(text) {
        Ok(value) => in_value(&value)?,
        Err(_) if is_html(body) || text.starts_with(['{', '[']) => return None,
        Err(_) if text.chars().count() > MAX_LENGTH => return None,
        Err(_) => text.to_owned(),
    };
    (!message.trim().is_empty()).then_some(message)
}

/// A message on one line, and no longer than a line should be.
pub(super) fn one_line(message: &str) -> String {
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
    use super::{find, one_line};

    #[test]
    fn a_message_is_found_wherever_servers_put_it() {
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
            let found = find(body.as_bytes()).map(|message| one_line(&message));
            assert_eq!(found.as_deref(), expected, "{body}");
        }
        assert_eq!(find(b"\xff\xfe"), None);
    }

    #[test]
    fn a_long_text_is_cut_and_a_page_of_it_dropped() {
        assert_eq!(find("x".repeat(301).as_bytes()), None);
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(400));
        assert_eq!(
            find(long.as_bytes()).map(|text| one_line(&text).chars().count()),
            Some(301)
        );
    }
}
