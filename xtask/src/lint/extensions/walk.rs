//! Finds the `x-` keys of a document.

use serde_json::Value;

use crate::schema;
use crate::yaml::escape_pointer;

/// Calls `visitor` with each extension: the pointer of what carries it, its
/// key and its value.
pub(super) fn walk(value: &Value, pointer: String, visitor: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(members) => {
            // The keys of these are names of the spec's own choosing.
            let holds_names = ["properties", "schemas", "headers"]
                .iter()
                .any(|key| pointer.ends_with(&format!("/{key}")));
            for (key, value) in members {
                if key == "example" || key == "examples" {
                    continue;
                }
                if key.starts_with("x-") && !holds_names {
                    visitor(&pointer, key, value);
                    // The webhooks carry extensions themselves.
                    if key != schema::WEBHOOKS {
                        continue;
                    }
                }
                walk(value, format!("{pointer}/{}", escape_pointer(key)), visitor);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{pointer}/{index}"), visitor);
            }
        }
        _ => {}
    }
}
