//! The list of inboxes.

use std::fmt;
use std::ops::Deref;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::json_schema::json_schema;
use crate::types::Inbox;

/// The inboxes of the team.
///
/// The reference and samples have a bare array. A guide of the older documentation
/// shows an object with the member `inboxes`, and one public client expects `data`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "it is a list")]
pub struct Inboxes(pub Vec<Inbox>);

impl Deref for Inboxes {
    type Target = Vec<Inbox>;

    fn deref(&self) -> &Vec<Inbox> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Inboxes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InboxesVisitor)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Wrapper {
    #[serde(alias = "data")]
    Inboxes,
    #[serde(other)]
    Other,
}

struct InboxesVisitor;

impl<'de> Visitor<'de> for InboxesVisitor {
    type Value = Inboxes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of inboxes, or an object with an array in `inboxes` or `data`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Inboxes, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Inboxes)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Inboxes, A::Error> {
        let mut inboxes: Option<Option<Vec<Inbox>>> = None;
        while let Some(member) = members.next_key()? {
            match member {
                Wrapper::Inboxes => inboxes = Some(members.next_value()?),
                Wrapper::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        match inboxes {
            Some(inboxes) => Ok(Inboxes(inboxes.unwrap_or_default())),
            None => Err(de::Error::missing_field("inboxes")),
        }
    }
}

json_schema!(Inboxes, |generator| {
    "oneOf": [
        { "type": "array", "items": generator.subschema_for::<Inbox>() },
        {
            "type": "object",
            "required": ["inboxes"],
            "properties": {
                "inboxes": { "type": ["array", "null"], "items": generator.subschema_for::<Inbox>() },
            },
        },
        {
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": { "type": ["array", "null"], "items": generator.subschema_for::<Inbox>() },
            },
        },
    ],
});
