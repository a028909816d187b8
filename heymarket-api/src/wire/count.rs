//! Answers of count operations.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::integer;
use super::json_schema::json_schema;

/// A number of items.
///
/// No source shows the answer of a count endpoint, and one page documents a string
/// such as `1042`. A number, any string and an object decode.
///
/// `Debug` shows only the number.
#[derive(Clone, PartialEq)]
pub struct Count {
    value: Option<i64>,
    raw: Value,
}

impl Count {
    /// Returns the number. `None` if the answer is a string that is not an `i64`, or an
    /// object with neither a member `count` nor exactly one numeric member;
    /// [`raw`](Self::raw) returns the answer.
    #[must_use]
    pub fn value(&self) -> Option<i64> {
        self.value
    }

    /// Returns the answer as it arrived.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Count").field(&self.value).finish()
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, a string or an object")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Count, E> {
        Ok(Count {
            value: Some(number),
            raw: number.into(),
        })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
        let number = integer::of_unsigned(number, &self)?;
        self.visit_i64(number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Count, E> {
        Ok(Count {
            value: Some(integer::of_float(number, &self)?),
            raw: number.into(),
        })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Count, E> {
        Ok(Count {
            value: text.trim().parse().ok(),
            raw: text.into(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        let mut members = Map::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            members.insert(key, value);
        }
        Ok(Count {
            value: count_of(&members),
            raw: Value::Object(members),
        })
    }
}

fn count_of(members: &Map<String, Value>) -> Option<i64> {
    if let Some(count) = members.get("count") {
        return number(count);
    }
    let mut numbers = members.values().filter_map(number);
    match (numbers.next(), numbers.next()) {
        (Some(number), None) => Some(number),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => integer::whole_number(number),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

json_schema!(Count, |_| {
    "oneOf": [
        { "type": "integer", "format": "int64" },
        { "type": "string" },
        { "type": "object" },
    ],
});
