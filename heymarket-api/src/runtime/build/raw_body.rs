//! Bodies that are assembled at run time, normalized by the type of their operation.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::runtime::outcome::decode;
use crate::wire::{Check, Violation};

/// Decodes a body as its type, checks it if there is a time, and returns it as the
/// type serializes it. Members that the type does not have stay.
pub(crate) fn normal_form<T>(body: &Value, now: Option<Timestamp>) -> Result<Value, Violation>
where
    T: DeserializeOwned + Serialize + Check,
{
    let typed: T = read_body(body)?;
    if let Some(now) = now {
        typed.check(now)?;
    }
    let mut normal = body.clone();
    if let Ok(written) = serde_json::to_value(&typed) {
        overlay(&mut normal, written);
    }
    Ok(normal)
}

/// Decodes a body as its type.
pub(crate) fn read_body<T: DeserializeOwned>(body: &Value) -> Result<T, Violation> {
    let text = body.to_string();
    decode(text.as_bytes()).map_err(|mismatch| {
        let field = mismatch.path.trim_start_matches(['$', '.']);
        let problem = format!("expected {}, found {}", mismatch.expected, mismatch.found);
        Violation::of(if field.is_empty() { "the body" } else { field }, problem)
    })
}

/// Replaces the values of `lower` with those of `upper`. Members that only `lower`
/// has stay.
fn overlay(lower: &mut Value, upper: Value) {
    match (lower, upper) {
        (Value::Object(lower), Value::Object(upper)) => {
            for (key, value) in upper {
                overlay(lower.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(lower), Value::Array(upper)) if lower.len() == upper.len() => {
            for (lower, upper) in lower.iter_mut().zip(upper) {
                overlay(lower, upper);
            }
        }
        (lower, upper) => *lower = upper,
    }
}
