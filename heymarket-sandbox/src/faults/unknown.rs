//! Unknown values: enum values that no client knows.

use serde_json::Value;

use crate::spec::Spec;

/// Replaces every value of an open enum by an unknown one.
pub(crate) fn make_unknown(value: &mut Value) {
    const UNKNOWN: &str = "never_seen_before";
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if value.is_string() && Spec::get().is_open(name) {
                    *value = UNKNOWN.into();
                } else {
                    make_unknown(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_unknown),
        _ => {}
    }
}
