use std::fmt;
use std::ops::Deref;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::json_schema::json_schema;
use crate::types::Member;

/// The team members who take part in a conversation.
///
/// An array of them; in the message history an object takes its place, of
/// which only the empty one is known, and which is read as no members.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a list, and nothing else")]
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
