//! The values of flags.

use std::fs;
use std::io::{self, Read as _};

use jiff::Timestamp;
use serde_json::Value;

use crate::catalog::spec::Kind;
use crate::failure::Failure;
use crate::time::{self, Scheduled};

/// A value of a flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    /// A value as the API takes it.
    Value(Value),
    /// A text that has to be looked up or read first.
    Text(String),
    /// The time of a scheduled message.
    Scheduled(Scheduled),
}

/// Parses a value of a kind. This is what the prompts use; on the command line, the
/// parsers of clap do the same.
pub(super) fn parse(kind: Kind, text: &str) -> Result<Given, String> {
    Ok(match kind {
        Kind::Named(_) | Kind::Phone | Kind::Address | Kind::LongText => {
            Given::Text(text.to_owned())
        }
        Kind::Integer => Given::Value(
            text.parse::<i64>()
                .map_err(|_| format!("{text:?} is not a number"))?
                .into(),
        ),
        Kind::Boolean => Given::Value(
            text.parse::<bool>()
                .map_err(|_| format!("{text:?} is neither true nor false"))?
                .into(),
        ),
        Kind::Time => Given::Value(of_time(time::past(text)?)),
        Kind::FutureTime => Given::Scheduled(time::scheduled(text)?),
        Kind::Enum(values) if !values.contains(&text) => {
            return Err(format!("{text:?} is not one of {}", values.join(", ")));
        }
        Kind::Text | Kind::Enum(_) => Given::Value(text.into()),
        Kind::Json => Given::Value(json(text)?),
    })
}

/// Returns a time as the API takes it.
pub(super) fn of_time(time: Timestamp) -> Value {
    time.to_string().into()
}

/// Parses JSON; anything that does not look like it is a string.
pub(super) fn json(text: &str) -> Result<Value, String> {
    if text.starts_with(['{', '[', '"']) {
        return serde_json::from_str(text).map_err(|error| format!("invalid JSON: {error}"));
    }
    Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

/// Returns the text of a flag: `-` reads standard input, `@FILE` a file, and a text
/// that begins with an `@` is written with two.
pub(super) fn long_text(flag: &str, text: &str) -> Result<String, Failure> {
    let unreadable = |what: &str, error: io::Error| {
        Failure::usage(format!(
            "--{flag}: cannot read {what}: {error}; write @@ for a text that begins with @"
        ))
    };
    let read = match text {
        "-" => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| unreadable("standard input", error))?;
            text
        }
        text => match text.strip_prefix('@') {
            None => return Ok(text.to_owned()),
            Some(rest) if rest.starts_with('@') => return Ok(rest.to_owned()),
            Some(path) => fs::read_to_string(path).map_err(|error| unreadable(path, error))?,
        },
    };
    // The line end that editors add is not a part of the text.
    let text = read.strip_suffix('\n').unwrap_or(&read);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage(format!("--{flag}: the text is empty")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{json, long_text};

    #[test]
    fn a_value_that_looks_like_json_must_be_json() {
        assert_eq!(json("7"), Ok(7.into()));
        assert_eq!(json("a word"), Ok("a word".into()));
        assert!(json("{\"a\":").is_err());
    }

    #[test]
    fn a_text_comes_from_the_flag_or_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "Two\nlines\n").expect("a file");
        let of_file = format!("@{}", file.path().display());
        let read = |text: &str| long_text("text", text).ok();
        assert_eq!(read("Hi").as_deref(), Some("Hi"));
        assert_eq!(read("@@robin").as_deref(), Some("@robin"));
        assert_eq!(read(&of_file).as_deref(), Some("Two\nlines"));
        assert_eq!(read("@/nonexistent"), None);
    }
}
