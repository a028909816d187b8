//! Optional values whose absence has more than one spelling.

use std::fmt;

use jiff::Timestamp;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::time;

/// A type whose absence the API may spell differently from a missing member and
/// `null`.
pub(crate) trait Lenient: Sized {
    /// Deserializes a value, or any spelling of its absence.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// Implements `Lenient` for types whose absence has no special spelling.
macro_rules! absent_if_null {
    ($($name:ident),* $(,)?) => {$(
        impl Lenient for super::$name {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                Option::deserialize(deserializer)
            }
        }
    )*};
}

absent_if_null!(
    ConversationMembers,
    Count,
    CreateContactsResult,
    Gallery,
    Identifier,
    Inboxes,
    Invited,
    ReadState,
    UndocumentedResult,
);

/// `""` and Go's zero time mean that no time is set.
impl Lenient for Timestamp {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

/// 0001-01-01T00:00:00Z, which Go writes for a time that is not set.
const GO_ZERO_TIME: i64 = -62_135_596_800;

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Option<Timestamp>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time, an empty string or null")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            return Ok(None);
        }
        let time =
            time::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))?;
        let is_zero = time.as_second() == GO_ZERO_TIME && time.subsec_nanosecond() == 0;
        Ok((!is_zero).then_some(time))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
