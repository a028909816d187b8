//! The formats of strings, in one table: the type that each becomes, and the
//! pattern that stands for it where the format is not known.

use serde_json::{Map, Value, json};

/// A format of strings that has a type.
pub(crate) struct Format {
    /// Its name in the spec.
    pub(crate) name: &'static str,
    /// The path of its type in the client.
    pub(crate) path: &'static str,
    /// The pattern of a format that only this project knows.
    pub(crate) pattern: Option<&'static str>,
}

/// All formats that have a type.
pub(crate) const FORMATS: [Format; 4] = [
    Format {
        name: "address",
        path: "crate::wire::Address",
        pattern: Some(r"^([^+@][^@]*|[^+@\x00-\x20][^@\x00-\x20]*@[^@\x00-\x20]+)$"),
    },
    Format {
        name: "date-time",
        path: "::jiff::Timestamp",
        pattern: None,
    },
    Format {
        name: "email-recipient",
        path: "crate::wire::EmailRecipient",
        pattern: Some(
            r"^(to|cc): *[^@,\x00-\x20]+@[^@,\x00-\x20]+( *, *[^@,\x00-\x20]+@[^@,\x00-\x20]+)* *$",
        ),
    },
    Format {
        name: "phone",
        path: "crate::wire::Phone",
        pattern: Some("^[0-9]{1,15}$"),
    },
];

impl Format {
    /// Returns whether only this project knows it. Its type then checks itself.
    pub(crate) fn is_private(&self) -> bool {
        self.pattern.is_some()
    }

    /// Returns the name of its type, without the path.
    pub(crate) fn type_name(&self) -> &'static str {
        self.path.rsplit(':').next().unwrap_or(self.path)
    }
}

/// Returns the format with this name.
pub(crate) fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Returns the private format whose type has this name.
pub(crate) fn of_type(name: &str) -> Option<&'static Format> {
    let mut private = FORMATS.iter().filter(|format| format.is_private());
    private.find(|format| format.type_name() == name)
}

/// Returns the pattern of a schema's format, if only this project knows it.
pub(crate) fn pattern(schema: &Map<String, Value>) -> Option<&'static str> {
    find(schema.get("format")?.as_str()?)?.pattern
}

/// Adds the pattern of each private format beside it, so that other tools accept the
/// same strings.
pub(crate) fn expand(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(pattern) = pattern(members) {
                members.entry("pattern").or_insert_with(|| json!(pattern));
            }
            for (key, member) in members {
                if key != "example" && key != "examples" {
                    expand(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(expand),
        _ => {}
    }
}
