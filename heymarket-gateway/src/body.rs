//! Bodies of requests: their members, and the key that is added. Everything else stays
//! byte for byte.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

const LOCAL_ID: &str = "local_id";

/// The members of a JSON object, in order. Names may occur twice.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Returns the members; `None` if the body is not one JSON object.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Returns the value of a member, as most readers of JSON do: the last.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().rev();
        members
            .find(|(own, _)| own == name)
            .map(|(_, value)| *value)
    }

    /// Returns the value of a member as a string.
    fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// Returns the body with the key as its `local_id`, if it has none, and the `local_id`
/// that it then has. A body that is not an object stays as it is: the API refuses it.
pub(crate) fn with_local_id(body: Bytes, key: &str) -> (Bytes, Option<String>) {
    let Some(members) = Members::parse(&body) else {
        return (body, None);
    };
    let quoted = serde_json::Value::from(key).to_string();
    let changed = match members.get(LOCAL_ID) {
        None => inserted(&body, members.0.is_empty(), &quoted),
        Some(value) if matches!(value.get(), "null" | "\"\"") => {
            replaced(&body, range_of(&body, value.get()), &quoted)
        }
        // The caller's own, or of a type that the API refuses.
        Some(_) => {
            let own = members.string(LOCAL_ID);
            drop(members);
            return (body, own);
        }
    };
    (changed.into(), Some(key.to_owned()))
}

/// Returns the `local_id` of a body.
pub(crate) fn local_id(body: &[u8]) -> Option<String> {
    let own = Members::parse(body)?.string(LOCAL_ID)?;
    Some(own).filter(|own| !own.is_empty())
}

/// Inserts the member after the opening brace.
fn inserted(body: &[u8], is_empty: bool, quoted: &str) -> Vec<u8> {
    // An object begins with a brace, after white space.
    let brace = body.iter().position(|byte| *byte == b'{').unwrap_or(0);
    let comma = if is_empty { "" } else { "," };
    let member = format!("\"{LOCAL_ID}\":{quoted}{comma}");
    replaced(body, brace + 1..brace + 1, &member)
}

fn replaced(body: &[u8], range: Range<usize>, with: &str) -> Vec<u8> {
    [&body[..range.start], with.as_bytes(), &body[range.end..]].concat()
}

/// Returns where a part of a body is in it.
fn range_of(body: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - body.as_ptr().addr();
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_key(body: &str) -> (String, Option<String>) {
        let (body, key) = with_local_id(Bytes::copy_from_slice(body.as_bytes()), "k\"1");
        (String::from_utf8(body.to_vec()).expect("UTF-8"), key)
    }

    #[test]
    fn the_key_is_added_and_every_other_byte_stays() {
        let key = Some("k\"1".to_owned());
        for (before, after) in [
            ("{}", r#"{"local_id":"k\"1"}"#),
            (" \n{ }", " \n{\"local_id\":\"k\\\"1\" }"),
            (
                "{ \"text\" : \"{\\u00e9}\", \"n\": 1.50e1 }\n",
                "{\"local_id\":\"k\\\"1\", \"text\" : \"{\\u00e9}\", \"n\": 1.50e1 }\n",
            ),
            (
                r#"{"a":1,"local_id" : null }"#,
                r#"{"a":1,"local_id" : "k\"1" }"#,
            ),
            (r#"{"local_id":"","a":[]}"#, r#"{"local_id":"k\"1","a":[]}"#),
        ] {
            assert_eq!(with_key(before), (after.to_owned(), key.clone()));
        }
    }

    #[test]
    fn a_key_of_the_callers_stays() {
        let own = r#"{"local_id":"own","local_id":"\u006fther"}"#;
        assert_eq!(with_key(own), (own.to_owned(), Some("other".to_owned())));
        for body in [
            "",
            "[]",
            "null",
            "{",
            "{\"a\":1}x",
            "\u{feff}{}",
            r#"{"local_id":7}"#,
        ] {
            assert_eq!(with_key(body), (body.to_owned(), None), "{body}");
        }
    }
}
