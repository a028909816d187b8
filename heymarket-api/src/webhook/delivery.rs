//! Reads the body of a delivery: its envelope, and its data.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::events::EventData;
use crate::types::WebhookEventType;

/// A delivery. Each member may be missing.
#[derive(Default)]
pub(super) struct Delivery<'a> {
    pub(super) event_type: Option<WebhookEventType>,
    pub(super) event: Option<WebhookEventType>,
    pub(super) id: Option<i64>,
    /// Whether its token is the right one.
    pub(super) is_genuine: Option<bool>,
    data: Option<Data<'a>>,
}

/// The data stays text until its type is known, and that it is genuine.
enum Data<'a> {
    Text(&'a RawValue),
    Read(EventData),
}

impl<'a> Delivery<'a> {
    /// Reads a body, whose token `is_genuine` compares.
    ///
    /// Where the type and the right token come before the data, as in deliveries, the
    /// data is read in its place. If it has another shape, the body is read again, with
    /// the data as text.
    pub(super) fn read(
        body: &'a str,
        is_genuine: &dyn Fn(&str) -> bool,
    ) -> Result<Self, serde_json::Error> {
        let was_in_place = Cell::new(false);
        let read = |in_place| {
            let mut deserializer = serde_json::Deserializer::from_str(body);
            let delivery = deserializer.deserialize_map(Envelope {
                is_genuine,
                in_place,
            })?;
            deserializer.end().map(|()| delivery)
        };
        match read(Some(&was_in_place)) {
            Err(_) if was_in_place.get() => read(None),
            delivery => delivery,
        }
    }

    /// Returns the data as that of an event type.
    pub(super) fn into_data(self, event_type: &WebhookEventType) -> EventData {
        match self.data {
            Some(Data::Read(data)) => data,
            Some(Data::Text(text)) => EventData::read(event_type, text.get()),
            None => EventData::read(event_type, "null"),
        }
    }
}

impl EventData {
    /// Reads the data of an event type. Data of another shape is kept as free JSON, and
    /// text that is JSON only in form, such as half a surrogate, stays text.
    pub(super) fn read(event_type: &WebhookEventType, text: &str) -> Self {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Self::of_type(event_type, &mut deserializer)
            .or_else(|_| {
                serde_json::from_str(text).map(|json| Self::of_free_json(event_type, json))
            })
            .unwrap_or_else(|_| Self::of_free_json(event_type, Value::from(text)))
    }
}

struct Envelope<'f> {
    is_genuine: &'f dyn Fn(&str) -> bool,
    /// Set when data is read in its place, if it may be.
    in_place: Option<&'f Cell<bool>>,
}

/// A member of a delivery.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Type,
    Event,
    Id,
    Token,
    EventData,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = Delivery<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delivery")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Delivery<'de>, A::Error> {
        let (mut delivery, mut members) = (Delivery::default(), Members::default());
        let event_type = || TextOrNull(|text: &str| WebhookEventType::from(text));
        while let Some(member) = map.next_key()? {
            members.add(member)?;
            match member {
                Member::Type => delivery.event_type = map.next_value_seed(event_type())?,
                Member::Event => delivery.event = map.next_value_seed(event_type())?,
                Member::Id => delivery.id = id(map.next_value()?),
                Member::Token => {
                    delivery.is_genuine = map.next_value_seed(TextOrNull(self.is_genuine))?;
                }
                Member::EventData => {
                    delivery.data = Some(match (self.in_place, &delivery.event_type) {
                        (Some(in_place), Some(event_type)) if delivery.is_genuine == Some(true) => {
                            in_place.set(true);
                            Data::Read(map.next_value_seed(OfType(event_type))?)
                        }
                        _ => Data::Text(map.next_value()?),
                    });
                }
                Member::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(delivery)
    }
}

/// The members that have come. None may come twice, whatever its value: receivers could
/// disagree on which of the two counts.
#[derive(Default)]
struct Members(u8);

impl Members {
    fn add<E: de::Error>(&mut self, member: Member) -> Result<(), E> {
        let name = match member {
            Member::Type => "type",
            Member::Event => "event",
            Member::Id => "id",
            Member::Token => "token",
            Member::EventData => "event_data",
            // The others are not read.
            Member::Other => return Ok(()),
        };
        let bit = 1 << member as u8;
        if self.0 & bit != 0 {
            return Err(E::duplicate_field(name));
        }
        self.0 |= bit;
        Ok(())
    }
}

/// Reads an ID of any other type as `None`, since an event does not need it.
fn id(text: &RawValue) -> Option<i64> {
    serde_json::from_str(text.get()).ok()
}

/// Reads a text or `null`, and converts it without a copy.
struct TextOrNull<F>(F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for TextOrNull<F> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T, F: FnOnce(&str) -> T> Visitor<'de> for TextOrNull<F> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<T>, E> {
        Ok(Some((self.0)(text)))
    }
}

/// Reads the data of an event type.
struct OfType<'t>(&'t WebhookEventType);

impl<'de> DeserializeSeed<'de> for OfType<'_> {
    type Value = EventData;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EventData, D::Error> {
        EventData::of_type(self.0, deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read_in_place(members: &str, is_genuine: bool) -> bool {
        let body = format!(r#"{{{members},"event_data":{{"id":7}}}}"#);
        let delivery = Delivery::read(&body, &|_| is_genuine).expect("a delivery");
        matches!(delivery.data, Some(Data::Read(_)))
    }

    #[test]
    fn genuine_data_after_its_type_is_read_in_its_place() {
        let genuine = r#""type":"message_sent","token":"t""#;
        assert!(is_read_in_place(genuine, true));
        assert!(!is_read_in_place(genuine, false));
        for incomplete in [r#""type":"message_sent""#, r#""token":"t""#] {
            assert!(!is_read_in_place(incomplete, true), "{incomplete}");
        }
    }
}
