//! References to templates.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::hidden::Hidden;
use super::integer;
use super::json_schema::json_schema;
use super::lenient::Lenient;
use crate::types::TemplateId;

/// The template of a scheduled message: its ID in the newer documentation, an object of
/// an undocumented shape in the older one.
///
/// In a response, `0` means no template.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum TemplateReference {
    /// The template's ID.
    Id(TemplateId),
    /// An object, as it arrived.
    Object(Map<String, Value>),
}

impl TemplateReference {
    /// Returns the template's ID, if it is known.
    #[must_use]
    pub fn id(&self) -> Option<TemplateId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Object(members) => {
                integer::whole_number(members.get("id")?.as_number()?).map(TemplateId)
            }
        }
    }
}

impl From<i64> for TemplateReference {
    fn from(id: i64) -> Self {
        Self::Id(TemplateId(id))
    }
}

impl From<TemplateId> for TemplateReference {
    fn from(id: TemplateId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Debug for TemplateReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.debug_tuple("Id").field(id).finish(),
            Self::Object(_) => f.debug_tuple("Object").field(&Hidden::Content).finish(),
        }
    }
}

impl Serialize for TemplateReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TemplateReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

impl Lenient for TemplateReference {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let reference = Option::deserialize(deserializer)?;
        Ok(reference.filter(|reference| *reference != Self::Id(TemplateId(0))))
    }
}

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = TemplateReference;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a template: an id or an object")
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<TemplateReference, E> {
        Ok(id.into())
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<TemplateReference, E> {
        integer::of_unsigned(id, &self).map(TemplateReference::from)
    }

    fn visit_f64<E: de::Error>(self, id: f64) -> Result<TemplateReference, E> {
        integer::of_float(id, &self).map(TemplateReference::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<TemplateReference, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(members)).map(TemplateReference::Object)
    }
}

json_schema!(TemplateReference, |_| {
    "oneOf": [{ "type": "integer", "format": "int64" }, { "type": "object" }],
});
