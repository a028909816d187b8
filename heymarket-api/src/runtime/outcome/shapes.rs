//! Records the shapes of responses: names, types and counts, never a value that could
//! be personal.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::decode::is_name;
use super::unknown::{ObservedResponse, ResponseObserver, Unknown};

/// The version of the record's format.
const FORMAT: u32 = 1;

/// The most members that are recorded of an operation.
const MAX_MEMBERS: usize = 2_000;

/// Members below this depth are not recorded.
const MAX_DEPTH: usize = 20;

/// The longest name of a member, and the longest value of an enum.
const MAX_NAME: usize = 40;

/// The most digits of a value: those of a phone number are more.
const MAX_DIGITS: usize = 4;

/// Records the shapes of the responses that a client receives, to compare what the API
/// does with what its spec says.
///
/// The record holds the names of members, the JSON types of their values, counts, and the
/// values of enums that this version does not know. It holds no other value: no ID, phone
/// number, name, address, text or time. A key that does not look like a member's name is
/// recorded as `*`, and a value of an enum only if it looks like one: short, lower-case
/// or upper-case letters, with at most four digits.
///
/// Clones share one record.
///
/// ```
/// use heymarket_api::{Client, Credentials, Shapes};
///
/// # async fn run() -> Result<(), heymarket_api::Error> {
/// let shapes = Shapes::new();
/// let client = Client::builder(Credentials::api_key("key"))
///     .observe_responses(shapes.clone())
///     .build()?;
/// client.list_inboxes().await?;
/// println!("{}", shapes.to_json());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Shapes(Arc<Mutex<Record>>);

/// What a recorder saw.
#[derive(Default, Serialize)]
struct Record {
    format: u32,
    /// The version of this crate, whose spec the responses were read by.
    version: &'static str,
    operations: BTreeMap<&'static str, Operation>,
    /// The values that enums do not know, by the enum's type.
    values: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// The responses of an operation.
#[derive(Default, Serialize)]
struct Operation {
    responses: u64,
    /// The types of each member, by its path: `[].assigned.id`.
    members: BTreeMap<String, BTreeMap<&'static str, u64>>,
}

impl Shapes {
    /// Creates an empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the record as JSON, which `cargo xtask observe` reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.format = FORMAT;
        record.version = env!("CARGO_PKG_VERSION");
        // Maps of text and numbers serialize.
        serde_json::to_string_pretty(&*record).unwrap_or_default()
    }
}

impl fmt::Debug for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shapes").finish_non_exhaustive()
    }
}

impl ResponseObserver for Shapes {
    fn unknown(&self, _: &Unknown<'_>) {}

    fn received(&self, response: &ObservedResponse<'_>) {
        let mut record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = record
            .operations
            .entry(response.operation.id())
            .or_default();
        operation.responses += 1;
        match serde_json::from_slice(response.body) {
            Ok(body) => operation.add(&mut String::new(), &body, 0),
            Err(_) => operation.count("", "text"),
        }
        for (name, value) in response.unknown_values {
            if is_value(value) {
                let values = record.values.entry(name).or_default();
                *values.entry(value.clone()).or_default() += 1;
            }
        }
    }
}

impl Operation {
    fn add(&mut self, path: &mut String, value: &Value, depth: usize) {
        self.count(path, type_of(value));
        if depth == MAX_DEPTH {
            return;
        }
        let length = path.len();
        match value {
            Value::Array(items) => {
                path.push_str("[]");
                for item in items {
                    self.add(path, item, depth + 1);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(if is_member(key) { key } else { "*" });
                    self.add(path, value, depth + 1);
                    path.truncate(length);
                }
            }
            _ => {}
        }
        path.truncate(length);
    }

    fn count(&mut self, path: &str, of_type: &'static str) {
        if self.members.len() < MAX_MEMBERS || self.members.contains_key(path) {
            let types = self.members.entry(path.to_owned()).or_default();
            *types.entry(of_type).or_default() += 1;
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(text) if text.is_empty() => "empty string",
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "date-time",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns whether a key is a member's name, and no ID, address or phone number.
fn is_member(key: &str) -> bool {
    is_name(key) && key.len() <= MAX_NAME && digits(key) <= MAX_DIGITS
}

/// Returns whether a text looks like a value of an enum.
fn is_value(text: &str) -> bool {
    let is_upper = text.starts_with(|first: char| first.is_ascii_uppercase());
    let is_letter = |one: char| {
        if is_upper {
            one.is_ascii_uppercase()
        } else {
            one.is_ascii_lowercase()
        }
    };
    text.len() <= MAX_NAME
        && digits(text) <= MAX_DIGITS
        && text.starts_with(is_letter)
        && text
            .chars()
            .all(|one| is_letter(one) || one.is_ascii_digit() || "_-.".contains(one))
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::{is_member, is_value};

    #[test]
    fn what_may_be_personal_is_no_value_and_no_name() {
        for value in ["snoozed", "on_hold", "HIGH", "v2.1", "rcs"] {
            assert!(is_value(value), "{value}");
        }
        let personal = [
            "Robin",
            "Robin Doe",
            "15550100101",
            "a15550100101",
            "robin@example.com",
        ];
        for value in personal
            .into_iter()
            .chain(["", "On its way.", "2026-05-07", "é"])
        {
            assert!(!is_value(value), "{value}");
            assert!(!is_member(value), "{value}");
        }
        assert!(is_member("last_msg") && !is_member("id_15550100101") && !is_member("801"));
    }
}
