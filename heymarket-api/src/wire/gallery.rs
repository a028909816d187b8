//! Pictures of templates and scheduled messages.

use std::fmt;
use std::ops::Deref;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::json_schema::json_schema;
use crate::types::GalleryEntry;

/// The pictures of a template or a scheduled message.
///
/// Only an array is documented, and no sample has a gallery. An object decodes as one
/// picture, and a string as the URL of one, unless they are empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "it is a list")]
pub struct Gallery(pub Vec<GalleryEntry>);

impl Deref for Gallery {
    type Target = Vec<GalleryEntry>;

    fn deref(&self) -> &Vec<GalleryEntry> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Gallery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GalleryVisitor)
    }
}

struct GalleryVisitor;

impl<'de> Visitor<'de> for GalleryVisitor {
    type Value = Gallery;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of pictures, an object or a string")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Gallery, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Gallery)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Gallery, A::Error> {
        let picture = GalleryEntry::deserialize(MapAccessDeserializer::new(members))?;
        let is_empty = picture == GalleryEntry::default();
        Ok(Gallery(if is_empty { Vec::new() } else { vec![picture] }))
    }

    fn visit_str<E: de::Error>(self, url: &str) -> Result<Gallery, E> {
        if url.is_empty() {
            return Ok(Gallery::default());
        }
        Ok(Gallery(vec![GalleryEntry {
            url: Some(url.to_owned()),
            ..GalleryEntry::default()
        }]))
    }
}

json_schema!(Gallery, |generator| {
    "oneOf": [
        { "type": "array", "items": generator.subschema_for::<GalleryEntry>() },
        { "type": "object" },
        { "type": "string" },
    ],
});
