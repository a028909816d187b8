//! Validators, and messages that name the field.

use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;

use super::convert::{INT64, Side, standalone};

/// The limit of violations in one message.
const TOLD: usize = 5;

/// Checks values against a schema of the spec.
pub(crate) struct Validator {
    schema: jsonschema::Validator,
    /// The sets of members of which one must be present.
    choice: Option<Choice>,
}

/// A violation: where and what. It never contains the value.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// Such as `content.text` or `0.phone`; empty at the top level.
    path: String,
    problem: String,
}

/// Sets of members of which one must be complete.
struct Choice {
    sets: Vec<Vec<String>>,
    /// Whether more than one set is an error.
    is_exclusive: bool,
}

impl Validator {
    pub(super) fn request(document: &Value, schema: &Value) -> Self {
        Self::new(document, schema, Side::Request)
    }

    pub(super) fn answer(document: &Value, schema: &Value) -> Self {
        Self::new(document, schema, Side::Response)
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
            ValidationErrorKind::MinLength { limit: 1 } => (path, "must not be empty".to_owned()),
            ValidationErrorKind::OneOfMultipleValid { .. }
            | ValidationErrorKind::OneOfNotValid { .. } => match &self.choice {
                Some(choice) if path.is_empty() => choice.problem(value),
                _ => (path, "matches none of the shapes in the spec".to_owned()),
            },
            ValidationErrorKind::AnyOf { context } => {
                if let Some(choice) = self.choice.as_ref().filter(|_| path.is_empty()) {
                    let (path, problem) = choice.problem(value);
                    return Violation { path, problem };
                }
                // A nullable schema: the other branch has the violation.
                let inner = context.iter().flatten().find(|inner| {
                    let kind = inner.kind();
                    !matches!(kind, ValidationErrorKind::Type { kind: TypeKind::Single(kind) }
                        if kind.to_string() == "null")
                });
                return match inner {
                    Some(inner) => self.violation(inner, value),
                    None => Violation {
                        path,
                        problem: "matches none of the shapes in the spec".to_owned(),
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
        // An empty string stands for no time.
        Side::Response => |text| text.is_empty() || is_time(text),
    };
    jsonschema::options()
        .should_validate_formats(true)
        .with_format("phone", is_phone)
        .with_format("address", is_address)
        .with_format("email-recipient", is_recipient)
        .with_format("date-time", time)
        .with_keyword(INT64, |_, _, _| Ok(Box::new(Int64)))
}

/// An integer that fits in 64 bits.
struct Int64;

impl<'i> Keyword<'i> for Int64 {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        Err(ValidationError::custom("must fit in 64 bits"))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        const OUT_OF_RANGE: f64 = 9_223_372_036_854_775_808.0;
        let Value::Number(number) = instance else {
            return true;
        };
        let float = number.as_f64().unwrap_or(OUT_OF_RANGE);
        number.is_i64() || (!number.is_u64() && float.abs() < OUT_OF_RANGE)
    }
}

fn is_phone(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let is_whole = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        is_whole && text.chars().all(|c| c > ' ')
    })
}

/// Other types of addresses have formats of their own.
fn is_address(text: &str) -> bool {
    !text.is_empty() && (!text.contains('@') || is_email(text)) && !text.starts_with('+')
}

fn is_recipient(text: &str) -> bool {
    let addresses = text
        .strip_prefix("to:")
        .or_else(|| text.strip_prefix("cc:"));
    addresses.is_some_and(|addresses| {
        addresses
            .split(',')
            .all(|one| is_email(one.trim_matches(' ')))
    })
}

/// RFC 3339, as Go parses it.
fn is_time(text: &str) -> bool {
    text.contains('T') && text.parse::<jiff::Timestamp>().is_ok()
}

fn format_problem(format: &str) -> String {
    match format {
        "phone" => "must be a phone number: 1 to 15 digits, nothing else".to_owned(),
        "address" => "must be a phone number, digits only, or an email address".to_owned(),
        "email-recipient" => {
            "must be `to:` or `cc:`, followed by email addresses separated by commas".to_owned()
        }
        "date-time" => "must be an RFC 3339 time, such as 2026-05-07T12:00:00Z".to_owned(),
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
    /// Returns the choice in a request schema: a `oneOf` or an `anyOf` whose
    /// items contain `required` only.
    fn of(document: &Value, schema: &Value) -> Option<Self> {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let schema = match reference.and_then(|text| text.strip_prefix('#')) {
            Some(pointer) => document.pointer(pointer)?,
            None => schema,
        };
        let is_exclusive = schema.get("oneOf").is_some();
        let items = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
        let sets = items.as_array()?.iter().map(|item| {
            let names = item.get("required")?.as_array()?.iter();
            names.map(|name| name.as_str().map(str::to_owned)).collect()
        });
        Some(Self {
            sets: sets.collect::<Option<_>>()?,
            is_exclusive,
        })
    }

    /// Returns the surplus or missing member.
    fn problem(&self, value: &Value) -> (String, String) {
        let is_there = |name: &str| value.get(name).is_some();
        let sets = &self.sets;
        let all: Vec<_> = sets.iter().map(|set| format!("`{}`", set[0])).collect();
        let all = all.join(", ");
        let count = if self.is_exclusive {
            "exactly"
        } else {
            "at least"
        };
        let there: Vec<_> = sets.iter().filter(|set| is_there(&set[0])).collect();
        match there.as_slice() {
            [] => (
                sets[0][0].clone(),
                format!("{count} one of {all} is required, and none is present"),
            ),
            [set] => {
                let missing = set.iter().find(|name| !is_there(name));
                let missing = missing.map_or(String::new(), Clone::clone);
                (missing, format!("is required with `{}`", set[0]))
            }
            [_, second, ..] => (
                second[0].clone(),
                format!(
                    "{count} one of {all} is required, and {} are present",
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
