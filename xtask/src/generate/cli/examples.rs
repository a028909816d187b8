//! Turns the examples of the spec into command lines.

use serde_json::Value;

use super::arguments::{Argument, Kind, Place};
use crate::operation::Operation;
use crate::schema;

/// Members that an example does not need: the client generates them.
const LEFT_OUT: [&str; 1] = ["local_id"];

/// Returns the command lines of an operation's examples, the shortest first.
pub(super) fn of(operation: &Operation<'_>, command: &str, arguments: &[Argument]) -> Vec<String> {
    let media = operation
        .value
        .pointer("/requestBody/content/application~1json");
    let mut bodies: Vec<&Value> = Vec::new();
    if let Some(media) = media {
        bodies.extend(media.get("example"));
        let named = schema::object(media.get("examples"));
        bodies.extend(named.filter_map(|(_, example)| example.get("value")));
    }
    let mut lines: Vec<String> = if bodies.is_empty() {
        line(command, arguments, None).into_iter().collect()
    } else {
        bodies
            .iter()
            .filter_map(|body| line(command, arguments, Some(body)))
            .collect()
    };
    lines.sort_by_key(String::len);
    lines.dedup();
    lines.truncate(3);
    lines
}

/// Returns the command line with the examples of the parameters and of a body.
fn line(command: &str, arguments: &[Argument], body: Option<&Value>) -> Option<String> {
    let mut line = format!("heymarket {command}");
    let mut is_covered = true;
    for argument in arguments {
        let (value, is_path) = match &argument.place {
            Place::Path(_) => (argument.example.as_ref(), true),
            Place::Query(_) => {
                let example = argument.example.as_ref();
                (example.filter(|_| argument.is_required), false)
            }
            Place::Member(path) => {
                let mut value = body;
                for name in path {
                    value = value.and_then(|value| value.get(name));
                }
                let is_left_out = LEFT_OUT.iter().any(|name| path == &[*name]);
                (value.filter(|_| !is_left_out), false)
            }
        };
        if let Some(value) = value {
            line.push(' ');
            line.push_str(&words(argument, value, is_path));
        } else if is_path {
            return None;
        }
    }
    if let Some(body) = body {
        let known = |name: &String| {
            LEFT_OUT.contains(&name.as_str())
                || arguments.iter().any(|argument| {
                    matches!(&argument.place, Place::Member(path) if path.first() == Some(name))
                })
        };
        is_covered = body
            .as_object()
            .is_some_and(|members| members.keys().all(known));
    }
    if let (false, Some(body)) = (is_covered, body) {
        line.push_str(&format!(" --body {}", quoted(&body.to_string())));
    }
    Some(line)
}

/// Returns the words of an argument.
fn words(argument: &Argument, value: &Value, is_path: bool) -> String {
    let flag = &argument.flag;
    if is_path {
        return quoted(&text(value));
    }
    match (&argument.kind, value) {
        (Kind::FutureTime, _) => format!("--{flag} 'tomorrow 9am'"),
        (Kind::Json, value) => format!("--{flag} {}", quoted(&value.to_string())),
        (_, Value::Bool(true)) => format!("--{flag}"),
        (_, Value::Bool(false)) => format!("--{flag}=false"),
        (_, Value::Array(items)) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("--{flag} {}", quoted(&text(item))))
                .collect();
            items.join(" ")
        }
        (_, value) => format!("--{flag} {}", quoted(&text(value))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Quotes a word for a POSIX shell, if it needs it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/@+=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_a_word_that_needs_it_is_quoted() {
        for (word, expected) in [
            ("41001", "41001"),
            ("robin@example.com", "robin@example.com"),
            ("On its way.", "'On its way.'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("[1]", "'[1]'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
