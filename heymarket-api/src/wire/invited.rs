//! Invitations to an inbox.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hidden::Hidden;
use super::json_schema::json_schema;

/// The invitations to an inbox: a boolean in the older documentation, strings in the
/// newer one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invited {
    /// The form of the older documentation.
    Flag(bool),
    /// The form of the newer documentation, which does not say what the strings are.
    List(Vec<String>),
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.debug_tuple("Flag").field(flag).finish(),
            Self::List(_) => f.debug_tuple("List").field(&Hidden::Personal).finish(),
        }
    }
}

impl Serialize for Invited {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(list) => list.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Invited {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InvitedVisitor)
    }
}

struct InvitedVisitor;

impl<'de> Visitor<'de> for InvitedVisitor {
    type Value = Invited;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean or an array of strings")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Invited, E> {
        Ok(Invited::Flag(flag))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Invited, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Invited::List)
    }
}

json_schema!(Invited, |_| {
    "oneOf": [
        { "type": "boolean" },
        { "type": "array", "items": { "type": "string" } },
    ],
});
