//! IDs that are strings or integers.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::integer;
use super::json_schema::json_schema;

/// An ID whose type differs between the sources: a string, mostly a UUID, in the older
/// documentation, and an integer in the newer one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identifier {
    /// An integer.
    Number(i64),
    /// A string, such as a UUID.
    Text(String),
}

impl Identifier {
    /// Returns the text, unless the ID is a number.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdentifierVisitor)
    }
}

struct IdentifierVisitor;

impl Visitor<'_> for IdentifierVisitor {
    type Value = Identifier;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ID: a string or an integer")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Identifier, E> {
        Ok(Identifier::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Identifier, E> {
        integer::of_unsigned(number, &self).map(Identifier::Number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Identifier, E> {
        integer::of_float(number, &self).map(Identifier::Number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Identifier, E> {
        Ok(Identifier::Text(text.to_owned()))
    }
}

json_schema!(Identifier, |_| {
    "oneOf": [{ "type": "string" }, { "type": "integer", "format": "int64" }],
});
