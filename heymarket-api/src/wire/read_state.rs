//! The read state of conversations.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::integer;
use super::json_schema::json_schema;

/// Whether, or up to where, a conversation was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadState {
    /// The form of the older documentation.
    Flag(bool),
    /// The form of the newer documentation and of samples: `0`, or a number whose meaning
    /// is not documented. A sample has Unix time in seconds.
    Number(i64),
}

impl ReadState {
    /// Returns whether the conversation was read. That `0` means no and any other number
    /// yes is inferred.
    #[must_use]
    pub fn is_read(self) -> bool {
        match self {
            Self::Flag(read) => read,
            Self::Number(number) => number != 0,
        }
    }
}

impl Serialize for ReadState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(read) => serializer.serialize_bool(*read),
            Self::Number(number) => serializer.serialize_i64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for ReadState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadStateVisitor)
    }
}

struct ReadStateVisitor;

impl Visitor<'_> for ReadStateVisitor {
    type Value = ReadState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean or an integer")
    }

    fn visit_bool<E: de::Error>(self, read: bool) -> Result<ReadState, E> {
        Ok(ReadState::Flag(read))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ReadState, E> {
        Ok(ReadState::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ReadState, E> {
        integer::of_unsigned(number, &self).map(ReadState::Number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<ReadState, E> {
        integer::of_float(number, &self).map(ReadState::Number)
    }
}

json_schema!(ReadState, |_| {
    "oneOf": [{ "type": "boolean" }, { "type": "integer", "format": "int64" }],
});
