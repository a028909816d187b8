//! Decodes bodies. A body that does not decode is reported by its JSON path, without
//! any of its content.

use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer, UnitDeserializer};
use serde_json::{Number, Value};
use serde_path_to_error::{Path, Segment};

use crate::wire::whole_number;

/// Where a body does not decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// A JSON path; `$` is the whole body.
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// Decodes a body as a type.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Mismatch> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(error) if error.is_data() => Err(locate::<T>(body)),
        // Some JSON strings arrive without quotes.
        Err(error) => without_quotes(body).ok_or_else(|| Mismatch {
            path: "$".to_owned(),
            expected: "JSON".to_owned(),
            found: not_json(body, &error),
        }),
    }
}

/// Decodes a bare word as a string, and an empty body as null, if the type accepts
/// it.
fn without_quotes<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.is_empty() {
        let nothing: UnitDeserializer<ValueError> = UnitDeserializer::new();
        return T::deserialize(nothing).ok();
    }
    let is_word = text.len() <= 100
        && !text.starts_with(['<', '{', '[', '"'])
        && !text.contains(char::is_control);
    if !is_word {
        return None;
    }
    let word: StrDeserializer<'_, ValueError> = StrDeserializer::new(text);
    T::deserialize(word).ok()
}

fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    if body.iter().all(u8::is_ascii_whitespace) {
        return "an empty body".to_owned();
    }
    if let Err(error) = std::str::from_utf8(body) {
        return format!("bytes that are not UTF-8, at byte {}", error.valid_up_to());
    }
    if is_html(body) {
        return "HTML".to_owned();
    }
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        format!("JSON that ends early, at line {line} column {column}")
    } else {
        format!("text that is not JSON, at line {line} column {column}")
    }
}

/// Returns whether a body looks like a web page, such as a proxy sends.
pub(crate) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Decodes again and tracks the path. serde's message is never exposed because it
/// quotes the value.
fn locate<T: DeserializeOwned>(body: &[u8]) -> Mismatch {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let outcome: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let Err(error) = outcome else {
        return Mismatch {
            path: "$".to_owned(),
            expected: "one JSON value".to_owned(),
            found: "something after it".to_owned(),
        };
    };
    let path = error.path();
    let message = error.inner().to_string();
    let (expected, found) = match quoted_name(&message, "missing field `") {
        Some(name) => (format!("the member `{name}`"), "none".to_owned()),
        None => match quoted_name(&message, "duplicate field `") {
            Some(name) => (format!("one member `{name}`"), "two".to_owned()),
            None => (expectation(&message), kind_at(body, path)),
        },
    };
    Mismatch {
        path: display(path),
        expected,
        found,
    }
}

/// Returns the name in a message of serde's about a field. The name belongs to the
/// type, not to the body.
fn quoted_name<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(prefix)?;
    rest.split_once('`').map(|(name, _)| name)
}

/// Returns what the type expected. serde puts it last, after the value that it
/// quotes.
fn expectation(message: &str) -> String {
    let Some((_, expected)) = message.rsplit_once(", expected ") else {
        return "another value".to_owned();
    };
    let expected = expected
        .rsplit_once(" at line ")
        .map_or(expected, |(text, _)| text);
    match expected {
        "i64" => "an integer".to_owned(),
        "f64" => "a number".to_owned(),
        other => other.to_owned(),
    }
}

fn display(path: &Path) -> String {
    let mut text = "$".to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } if is_name(key) => text.push_str(&format!(".{key}")),
            // Keys of some maps are phone numbers.
            Segment::Map { .. } => text.push_str(".*"),
            Segment::Enum { .. } | Segment::Unknown => text.push_str(".?"),
        }
    }
    text
}

pub(crate) fn is_name(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn kind_at(body: &[u8], path: &Path) -> String {
    let Ok(root) = serde_json::from_slice::<Value>(body) else {
        return "another value".to_owned();
    };
    let mut value = &root;
    for segment in path {
        let next = match segment {
            Segment::Seq { index } => value.get(index),
            Segment::Map { key } => value.get(key),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match next {
            Some(next) => value = next,
            None => break,
        }
    }
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if whole_number(number).is_some() => "an integer",
        Value::Number(number) if has_fraction(number) => "a number with a fraction",
        Value::Number(_) => "a number too large to be exact",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
    .to_owned()
}

fn has_fraction(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| number.fract() != 0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::types::{Acknowledgement, Conversation, UndocumentedResult};

    fn mismatch<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> String {
        let Mismatch {
            path,
            expected,
            found,
        } = decode::<T>(body.as_bytes()).expect_err("not of its type");
        format!("{path}: {expected}: {found}")
    }

    #[test]
    fn mismatches_report_the_path_without_the_value() {
        assert_eq!(
            mismatch::<Vec<Conversation>>(r#"[{"id":1},{"id":"15550100101"}]"#),
            "$[1].id: an integer: a string"
        );
        assert_eq!(
            mismatch::<Conversation>(r#"{"id":1,"created":"soon, expected 15550100101"}"#),
            "$.created: an RFC 3339 time, an empty string or null: a string"
        );
        for (number, found) in [
            ("1.5", "a number with a fraction"),
            ("9007199254740993.0", "a number too large to be exact"),
            ("9223372036854775808", "a number too large to be exact"),
        ] {
            assert_eq!(
                mismatch::<Conversation>(&format!(r#"{{"id":{number}}}"#)),
                format!("$.id: an integer: {found}")
            );
        }
        assert_eq!(
            mismatch::<Conversation>(r#"{"id":1,"name":7.0}"#),
            "$.name: a string: an integer"
        );
        assert_eq!(
            mismatch::<Conversation>(r#"{"channel":"sms"}"#),
            "$: the member `id`: none"
        );
        assert_eq!(
            mismatch::<BTreeMap<String, i64>>(r#"{"15550100101":"x"}"#),
            "$.*: an integer: a string"
        );
    }

    #[test]
    fn bare_words_decode_as_strings_and_empty_bodies_as_null() {
        let bare: Acknowledgement = decode(b"ok\n").expect("a bare word");
        assert_eq!(bare, Acknowledgement::Ok);
        let nothing: UndocumentedResult = decode(b" ").expect("an empty body");
        assert!(nothing.value().is_null());
        assert_eq!(mismatch::<Acknowledgement>(""), "$: JSON: an empty body");
        assert_eq!(
            mismatch::<Acknowledgement>("<html>ok</html>"),
            "$: JSON: HTML"
        );
        assert_eq!(
            mismatch::<Conversation>("ok"),
            "$: JSON: text that is not JSON, at line 1 column 1"
        );
    }
}
