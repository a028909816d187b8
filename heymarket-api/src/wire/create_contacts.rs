//! Answers of the batch creation of contacts.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json_schema::json_schema;
use crate::types::{Acknowledgement, RejectedContact};

/// The result of creating a batch of contacts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CreateContactsResult {
    /// All contacts were created.
    Done(Acknowledgement),
    /// The contacts that failed, according to the older documentation. The newer one
    /// says "contacts", without saying which. If it is empty, all were created.
    Failed(Vec<RejectedContact>),
}

impl CreateContactsResult {
    /// Returns the contacts that failed.
    #[must_use]
    pub fn failed(&self) -> &[RejectedContact] {
        match self {
            Self::Done(_) => &[],
            Self::Failed(contacts) => contacts,
        }
    }
}

impl Serialize for CreateContactsResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Done(acknowledgement) => acknowledgement.serialize(serializer),
            Self::Failed(contacts) => contacts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CreateContactsResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ResultVisitor)
    }
}

struct ResultVisitor;

impl<'de> Visitor<'de> for ResultVisitor {
    type Value = CreateContactsResult;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of contacts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<CreateContactsResult, E> {
        Ok(CreateContactsResult::Done(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<CreateContactsResult, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(CreateContactsResult::Failed)
    }
}

json_schema!(CreateContactsResult, |generator| {
    "oneOf": [
        { "type": "string" },
        { "type": "array", "items": generator.subschema_for::<RejectedContact>() },
    ],
});
