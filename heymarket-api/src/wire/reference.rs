//! References to team members and inboxes.

use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::hidden::Hidden;
use super::integer::{self, Integer};
use super::json_schema::json_schema;
use super::lenient::Lenient;
use crate::types::{InboxId, MemberId};

/// A reference to a team member.
///
/// The older documentation shows an object, the newer one and samples a bare ID, in
/// which `0` means no member. Both decode as this type; without a member, the field is
/// `None`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct MemberReference {
    /// The member's ID.
    pub id: MemberId,
    /// The member's name, if the response has an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The member's e-mail address, if the response has an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A reference to an inbox.
///
/// The older documentation shows an object, the newer one and samples a bare ID, in
/// which `0` means no inbox. Both decode as this type; without an inbox, the field is
/// `None`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct InboxReference {
    /// The inbox's ID.
    pub id: InboxId,
    /// The inbox's name, if the response has an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for MemberReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberReference")
            .field("id", &self.id)
            .field("name", &self.name.as_ref().map(|_| Hidden::Personal))
            .field("email", &self.email.as_ref().map(|_| Hidden::Personal))
            .finish()
    }
}

impl fmt::Debug for InboxReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxReference")
            .field("id", &self.id)
            .field("name", &self.name.as_ref().map(|_| Hidden::Personal))
            .finish()
    }
}

impl Lenient for MemberReference {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let parts = deserializer.deserialize_any(PartsVisitor("a team member"))?;
        Ok(parts.id().map(|id| Self {
            id: id.into(),
            name: parts.name,
            email: parts.email,
        }))
    }
}

impl Lenient for InboxReference {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let parts = deserializer.deserialize_any(PartsVisitor("an inbox"))?;
        Ok(parts.id().map(|id| Self {
            id: id.into(),
            name: parts.name,
        }))
    }
}

impl<'de> Deserialize<'de> for MemberReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)?.ok_or_else(|| de::Error::missing_field("id"))
    }
}

impl<'de> Deserialize<'de> for InboxReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)?.ok_or_else(|| de::Error::missing_field("id"))
    }
}

/// The content of either shape.
#[derive(Default)]
struct Parts {
    id: Option<i64>,
    name: Option<String>,
    email: Option<String>,
}

impl Parts {
    /// Returns the ID, unless it means that nothing is referred to.
    fn id(&self) -> Option<i64> {
        self.id.filter(|id| *id != 0)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Id,
    Name,
    Email,
    #[serde(other)]
    Other,
}

/// Names what is referred to, for the error message.
struct PartsVisitor(&'static str);

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: an object with an `id`, an integer or null", self.0)
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<Parts, E> {
        Ok(Parts {
            id: Some(id),
            ..Parts::default()
        })
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<Parts, E> {
        let id = integer::of_unsigned(id, &self)?;
        self.visit_i64(id)
    }

    fn visit_f64<E: de::Error>(self, id: f64) -> Result<Parts, E> {
        let id = integer::of_float(id, &self)?;
        self.visit_i64(id)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Parts, E> {
        Ok(Parts::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
        let mut parts = Parts::default();
        while let Some(member) = map.next_key()? {
            match member {
                Member::Id => {
                    let id: Option<Integer> = map.next_value()?;
                    parts.id = id.map(|Integer(id)| id);
                }
                Member::Name => parts.name = map.next_value()?,
                Member::Email => parts.email = map.next_value()?,
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(parts)
    }
}

json_schema!(MemberReference, |_| {
    "oneOf": [
        { "type": "integer", "format": "int64" },
        {
            "type": "object",
            "properties": {
                "id": { "type": ["integer", "null"], "format": "int64" },
                "name": { "type": ["string", "null"] },
                "email": { "type": ["string", "null"] },
            },
        },
    ],
});

json_schema!(InboxReference, |_| {
    "oneOf": [
        { "type": "integer", "format": "int64" },
        {
            "type": "object",
            "properties": {
                "id": { "type": ["integer", "null"], "format": "int64" },
                "name": { "type": ["string", "null"] },
            },
        },
    ],
});
