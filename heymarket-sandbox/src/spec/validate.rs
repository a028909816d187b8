use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, ValidationOptions};
use serde_json::Value;

use super::convert::{Side, standalone};

/// How many of the things that are wrong are told.
const TOLD: usize = 5;

/// Checks values against a schema of the spec.
pub(crate) struct Validator {
    schema: jsonschema::Validator,
    /// The members of which exactly one set must be there.
    choice: Option<Choice>,
}

/// What is wrong, and where. It never holds the value.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// Such as `content.text` or `0.phone`; empty at the top.
    path: String,
    problem: String,
}

/// Sets of members, of which exactly one is to be complete.
struct Choice(Vec<Vec<String>>);

impl Validator {
    pub(super) fn request(document: &Value, schema: &Value) -> Self {
        Self::new(document, schema, Side::Request)
    }

    pub(super) fn answer(document: &Value, schema: &Value) -> Self {
        Self::new(document, schema, Side::Answer)
    }

    fn new(document: &Value, schema: &Value, side: Side) -> Self {
        let standalone = standalone(document, schema, side);
        #[expect(
            clippy::expect_used,
            reason = "a test makes a validator of every schema"
        )]
        let built = options(side)
            .build(&standalone)
            .expect("the spec's schemas are JSON Schemas");
        Self {
            schema: built,
            choice: Choice::of(document, schema),
        }
    }

    pub(crate) fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        if self.schema.is_valid(value) {
            return Ok(());
        }
        let errors = self.schema.iter_errors(value).take(TOLD);
        Err(errors.map(|error| self.violation(&error, value)).collect())
    }

    fn violation(&self, error: &ValidationError<'_>, value: &Value) -> Violation {
        let path = error.instance_path().as_str();
        let path = path.trim_start_matches('/').replace('/', ".");
        let (path, problem) = match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let dot = if path.is_empty() { "" } else { "." };
                (format!("{path}{dot}{name}"), "is missing".to_owned())
            }
            ValidationErrorKind::Type { kind } => {
                let expected = expected(kind);
                let found = kind_of(error.instance());
                (path, format!("must be {expected}, not {found}"))
            }
            ValidationErrorKind::Enum { options } => (path, format!("must be one of {options}")),
            ValidationErrorKind::Format { format } => (path, format_problem(format)),
            ValidationErrorKind::MaxItems { limit } => {
                (path, format!("must have at most {limit} items"))
            }
            ValidationErrorKind::MinItems { limit } => {
                (path, format!("must have at least {limit} items"))
            }
            ValidationErrorKind::OneOfMultipleValid { .. }
            | ValidationErrorKind::OneOfNotValid { .. } => match &self.choice {
                Some(choice) if path.is_empty() => choice.problem(value),
                _ => (
                    path,
                    "has none of the shapes that the spec knows".to_owned(),
                ),
            },
            ValidationErrorKind::AnyOf { context } => {
                // A nullable schema: what is wrong is told by the other branch.
                let inner = context.iter().flatten().find(|inner| {
                    let kind = inner.kind();
                    !matches!(kind, ValidationErrorKind::Type { kind: TypeKind::Single(kind) }
                        if kind.to_string() == "null")
                });
                return match inner {
                    Some(inner) => self.violation(inner, value),
                    None => Violation {
                        path,
                        problem: "has none of the shapes that the spec knows".to_owned(),
                    },
                };
            }
            _ => (path, error.masked().to_string()),
        };
        Violation { path, problem }
    }
}

fn options(side: Side) -> ValidationOptions<'static> {
    let time: fn(&str) -> bool = match side {
        Side::Request => is_time,
        // No time is an empty text too.
        Side::Answer => |text| text.is_empty() || is_time(text),
    };
    jsonschema::options()
        .should_validate_formats(true)
        .with_format("phone", is_phone)
        .with_format("address", is_address)
        .with_format("email-recipient", is_recipient)
        .with_format("date-time", time)
}

fn is_phone(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace)
    })
}

/// Other kinds of addresses than these two have forms of their own.
fn is_address(text: &str) -> bool {
    !text.is_empty() && (!text.contains('@') || is_email(text)) && !text.starts_with('+')
}

fn is_recipient(text: &str) -> bool {
    let addresses = text
        .strip_prefix("to:")
        .or_else(|| text.strip_prefix("cc:"));
    addresses.is_some_and(|addresses| addresses.split(',').all(|one| is_email(one.trim())))
}

/// RFC 3339, as Go reads it.
fn is_time(text: &str) -> bool {
    text.contains('T') && text.parse::<jiff::Timestamp>().is_ok()
}

fn format_problem(format: &str) -> String {
    match format {
        "phone" => "must be a phone number: 1 to 15 digits and nothing else".to_owned(),
        "address" => "must be a phone number, digits only, or an e-mail address".to_owned(),
        "email-recipient" => {
            "must be `to:` or `cc:` with e-mail addresses behind it, commas between them".to_owned()
        }
        "date-time" => "must be a time as RFC 3339 has it, such as 2026-05-07T12:00:00Z".to_owned(),
        other => format!("must be a {other}"),
    }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.to_string()).collect();
            kinds.join(" or ")
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Choice {
    /// The choice that the schema of a request offers: a `oneOf` whose items
    /// hold `required` alone.
    fn of(document: &Value, schema: &Value) -> Option<Self> {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let schema = match reference.and_then(|text| text.strip_prefix('#')) {
            Some(pointer) => document.pointer(pointer)?,
            None => schema,
        };
        let sets = schema.get("oneOf")?.as_array()?.iter().map(|item| {
            let names = item.get("required")?.as_array()?.iter();
            names.map(|name| name.as_str().map(str::to_owned)).collect()
        });
        sets.collect::<Option<Vec<Vec<String>>>>().map(Self)
    }

    /// Which member is too many, or which are missing.
    fn problem(&self, value: &Value) -> (String, String) {
        let is_there = |name: &str| value.get(name).is_some();
        let all: Vec<_> = self.0.iter().map(|set| format!("`{}`", set[0])).collect();
        let all = all.join(", ");
        let there: Vec<_> = self.0.iter().filter(|set| is_there(&set[0])).collect();
        match there.as_slice() {
            [] => (
                self.0[0][0].clone(),
                format!("exactly one of {all} must be there, and none is"),
            ),
            [set] => {
                let missing = set.iter().find(|name| !is_there(name));
                let missing = missing.map_or(String::new(), Clone::clone);
                (missing, format!("must be there with `{}`", set[0]))
            }
            [_, second, ..] => (
                second[0].clone(),
                format!(
                    "exactly one of {all} must be there, and {} are",
                    there.len()
                ),
            ),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return write!(f, "the body {}", self.problem);
        }
        write!(f, "{}: {}", self.path, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::spec::Spec;

    fn problems(operation: &str, body: &serde_json::Value) -> Vec<String> {
        let spec = Spec::get();
        let operation = spec.operation(operation).expect("an operation");
        let body_schema = operation.body.as_ref().expect("a body");
        match spec.body(body_schema).check(body) {
            Ok(()) => Vec::new(),
            Err(violations) => violations.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field_and_without_its_value() {
        for (operation, body, problem) in [
            (
                "send_message",
                json!({"creator_id": 1, "phone_number": "15550100101"}),
                "inbox_id: is missing",
            ),
            (
                "send_message",
                json!({"inbox_id": 1, "creator_id": 1}),
                "phone_number: exactly one of `phone_number`, `chat_id`, `list_id`, `targets` \
                 must be there, and none is",
            ),
            (
                "send_message",
                json!({"inbox_id": 1, "creator_id": 1, "phone_number": "1", "chat_id": 2}),
                "chat_id: exactly one of `phone_number`, `chat_id`, `list_id`, `targets` must be \
                 there, and 2 are",
            ),
            (
                "send_message",
                json!({"inbox_id": 1, "creator_id": 1, "list_id": 2}),
                "local_id: must be there with `list_id`",
            ),
            (
                "send_message",
                json!({"inbox_id": 1, "creator_id": 1, "phone_number": "+15550100101"}),
                "phone_number: must be a phone number: 1 to 15 digits and nothing else",
            ),
            (
                "create_template",
                json!({"title": "T", "content": {"text": 5}}),
                "content.text: must be string, not a number",
            ),
            (
                "set_contact_status",
                json!({"id": 1, "status": "gone"}),
                "status: must be one of [\"active\",\"blocked\",\"unblocked\",\"subscribed\",\
                 \"unsubscribed\"]",
            ),
            (
                "create_contact",
                json!([]),
                "the body must be object, not an array",
            ),
            (
                "list_contacts",
                json!({"date": "yesterday"}),
                "date: must be a time as RFC 3339 has it, such as 2026-05-07T12:00:00Z",
            ),
        ] {
            assert_eq!(problems(operation, &body), [problem]);
        }
        let good = json!({"inbox_id": 1, "creator_id": 1, "phone_number": "15550100101"});
        assert_eq!(problems("send_message", &good), [] as [&str; 0]);
        let other_kind = json!({"channel_type": "other", "channel_id": "somebody"});
        assert_eq!(
            problems("add_contact_channel", &other_kind),
            [] as [&str; 0]
        );
    }
}
