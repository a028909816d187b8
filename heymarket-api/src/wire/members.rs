//! Members of conversations.

use std::fmt;
use std::ops::Deref;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::json_schema::json_schema;
use crate::types::Member;

/// The team members of a conversation.
///
/// The message history has an object in place of the array. Only an empty one is known;
/// any object decodes as no members.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "it is a list")]
pub struct ConversationMembers(pub Vec<Member>);

impl Deref for ConversationMembers {
    type Target = Vec<Member>;

    fn deref(&self) -> &Vec<Member> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ConversationMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = ConversationMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of team members or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = items.next_element()? {
            members.push(member);
        }
        Ok(ConversationMembers(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(ConversationMembers::default())
    }
}

json_schema!(ConversationMembers, |generator| {
    "oneOf": [
        { "type": "array", "items": generator.subschema_for::<Member>() },
        { "type": "object" },
    ],
});
