//! How generated structs are read from JSON objects, and written as ones.
//!
//! What serde would derive is several times as much code for each member, all of it
//! compiled with the crate: a type for the names, a reader of arrays, and one of numbers
//! and bytes for each name.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize};
use serde_json::{Map, Value};

use super::integer::integer;
use super::lenient::Lenient;

/// A struct whose members are those of a JSON object.
pub(crate) trait Object: Sized {
    /// What an error expects.
    const EXPECTED: &'static str;

    /// One of its members.
    type Member;

    /// What holds the members that it does not know, if anything does.
    type Others: Others;

    /// Returns a member by its name in JSON, if it is known.
    fn member(name: &str) -> Option<Self::Member>;

    /// Reads all members. Of a member that is there twice, the last one counts.
    fn read<'de, A: MapAccess<'de>>(members: Members<Self, A>) -> Result<Self, A::Error>;
}

/// Deserializes an object.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Object,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(Members {
            map,
            others: T::Others::default(),
        })
    }
}

/// What holds unknown members: `()` skips them, and a map keeps them.
pub(crate) trait Others: Default {
    type Name;

    fn name(name: &str) -> Self::Name;

    /// Reads the value of an unknown member.
    fn take<'de, A>(&mut self, name: Self::Name, map: &mut A) -> Result<(), A::Error>
    where
        A: MapAccess<'de>;
}

impl Others for () {
    type Name = ();

    fn name(_name: &str) {}

    fn take<'de, A: MapAccess<'de>>(&mut self, (): (), map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }
}

impl Others for Map<String, Value> {
    type Name = String;

    fn name(name: &str) -> String {
        name.to_owned()
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error> {
        self.insert(name, map.next_value()?);
        Ok(())
    }
}

/// The members of an object that is read.
pub(crate) struct Members<T: Object, A> {
    map: A,
    others: T::Others,
}

impl<'de, T: Object, A: MapAccess<'de>> Members<T, A> {
    /// Returns the next member that `T` has.
    pub(crate) fn next(&mut self) -> Result<Option<T::Member>, A::Error> {
        while let Some(name) = self.map.next_key_seed(Key::<T>(PhantomData))? {
            match name {
                Name::Known(member) => return Ok(Some(member)),
                Name::Other(name) => self.others.take(name, &mut self.map)?,
            }
        }
        Ok(None)
    }

    /// Returns what holds the members that `T` does not know.
    pub(crate) fn others(self) -> T::Others {
        self.others
    }

    /// Reads the value of that member.
    pub(crate) fn value<V: de::Deserialize<'de>>(&mut self) -> Result<V, A::Error> {
        self.map.next_value()
    }

    /// Reads an optional value whose absence has more than one spelling.
    pub(crate) fn lenient<V: Lenient>(&mut self) -> Result<Option<V>, A::Error> {
        self.map.next_value_seed(Spelled(PhantomData))
    }

    /// Reads an integer in any notation.
    pub(crate) fn integer(&mut self) -> Result<i64, A::Error> {
        self.map.next_value_seed(AnyNotation)
    }
}

/// Returns the value of a required member.
pub(crate) fn required<V, E: de::Error>(value: Option<V>, name: &'static str) -> Result<V, E> {
    value.ok_or_else(|| E::missing_field(name))
}

/// Writes a member, if it is set.
pub(crate) fn optional<M, V>(
    map: &mut M,
    name: &'static str,
    value: &Option<V>,
) -> Result<(), M::Error>
where
    M: SerializeMap,
    V: Serialize,
{
    match value {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

enum Name<M, N> {
    Known(M),
    Other(N),
}

type NameOf<T> = Name<<T as Object>::Member, <<T as Object>::Others as Others>::Name>;

struct Key<T>(PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for Key<T> {
    type Value = NameOf<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<NameOf<T>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Object> Visitor<'_> for Key<T> {
    type Value = NameOf<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<NameOf<T>, E> {
        Ok(match T::member(name) {
            Some(member) => Name::Known(member),
            None => Name::Other(T::Others::name(name)),
        })
    }
}

struct Spelled<V>(PhantomData<V>);

impl<'de, V: Lenient> DeserializeSeed<'de> for Spelled<V> {
    type Value = Option<V>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<V>, D::Error> {
        V::read(deserializer)
    }
}

struct AnyNotation;

impl<'de> DeserializeSeed<'de> for AnyNotation {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        integer(deserializer)
    }
}

/// Implements `Deserialize` and `Serialize` of a struct by its members: the name in JSON
/// of each, its field, and how it is read and written.
///
/// - `required`: it is always there.
/// - `integer`: it is always there, as an integer in any notation.
/// - `nullable`: it is always written; `null` and no member are `None`.
/// - `optional`: it is written if it is set.
/// - `lenient`: as `optional`, and its absence may be spelled in more ways.
///
/// The field after `..` holds all other members.
macro_rules! object {
    ($type:ident {
        $($name:literal $field:ident: $kind:ident,)*
        $(..$others:ident)?
    }) => {
        const _: () = {
            #[expect(non_camel_case_types, reason = "they are named like the fields")]
            pub(crate) enum ObjectMember {
                $($field,)*
            }

            impl $crate::wire::object::Object for $type {
                const EXPECTED: &'static str = concat!("struct ", stringify!($type));
                type Member = ObjectMember;
                type Others = $crate::wire::object::object!(@others $($others)?);

                // Not generic: it would be compiled with the crate for each struct.
                #[inline]
                fn member(name: &str) -> Option<ObjectMember> {
                    Some(match name {
                        $($name => ObjectMember::$field,)*
                        _ => return None,
                    })
                }

                fn read<'de, A: ::serde::de::MapAccess<'de>>(
                    mut members: $crate::wire::object::Members<Self, A>,
                ) -> ::std::result::Result<Self, A::Error> {
                    $(let mut $field = None;)*
                    while let Some(member) = members.next()? {
                        match member {
                            $(ObjectMember::$field => {
                                $field = $crate::wire::object::object!(@value $kind members);
                            })*
                        }
                    }
                    Ok(Self {
                        $($field: $crate::wire::object::object!(@field $kind $field $name),)*
                        $($others: members.others(),)?
                    })
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $type {
                fn deserialize<D: ::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::std::result::Result<Self, D::Error> {
                    $crate::wire::object::deserialize(deserializer)
                }
            }

            impl ::serde::Serialize for $type {
                fn serialize<S: ::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::std::result::Result<S::Ok, S::Error> {
                    use ::serde::ser::SerializeMap;
                    let mut map = serializer.serialize_map(None)?;
                    $($crate::wire::object::object!(@write $kind map $name self.$field);)*
                    $(for (name, value) in &self.$others {
                        map.serialize_entry(name, value)?;
                    })?
                    map.end()
                }
            }
        };
    };
    (@others) => { () };
    (@others $field:ident) => { ::serde_json::Map<String, ::serde_json::Value> };
    (@value required $members:ident) => { Some($members.value()?) };
    (@value integer $members:ident) => { Some($members.integer()?) };
    (@value lenient $members:ident) => { $members.lenient()? };
    (@value $kind:ident $members:ident) => { $members.value()? };
    (@field required $field:ident $name:literal) => {
        $crate::wire::object::required($field, $name)?
    };
    (@field integer $field:ident $name:literal) => {
        $crate::wire::object::required($field, $name)?
    };
    (@field $kind:ident $field:ident $name:literal) => { $field };
    (@write optional $map:ident $name:literal $self:ident.$field:ident) => {
        $crate::wire::object::optional(&mut $map, $name, &$self.$field)?
    };
    (@write lenient $map:ident $name:literal $self:ident.$field:ident) => {
        $crate::wire::object::optional(&mut $map, $name, &$self.$field)?
    };
    (@write $kind:ident $map:ident $name:literal $self:ident.$field:ident) => {
        $map.serialize_entry($name, &$self.$field)?
    };
}

pub(crate) use object;

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    #[derive(Debug, PartialEq)]
    struct Sample {
        id: i64,
        kind: String,
        note: Option<String>,
        owner: Option<i64>,
        sent: Option<jiff::Timestamp>,
    }

    object! {
        Sample {
            "id" id: integer,
            "type" kind: required,
            "note" note: optional,
            "owner" owner: nullable,
            "sent" sent: lenient,
        }
    }

    fn read(value: Value) -> Result<Sample, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn sample() -> Sample {
        Sample {
            id: 7,
            kind: "invented".to_owned(),
            note: None,
            owner: None,
            sent: None,
        }
    }

    #[test]
    fn members_are_read_in_any_order_and_unknown_ones_skipped() {
        let value = json!({"type": "invented", "other": {"id": 8}, "id": 7.0, "sent": ""});
        assert_eq!(read(value), Ok(sample()));
        let value = json!({"id": 7, "type": "invented", "note": null, "owner": 9});
        let owned = Sample {
            owner: Some(9),
            ..sample()
        };
        assert_eq!(read(value), Ok(owned));
    }

    #[derive(Debug, PartialEq)]
    struct Keeping {
        id: i64,
        others: Map<String, Value>,
    }

    object! {
        Keeping {
            "id" id: required,
            ..others
        }
    }

    #[test]
    fn unknown_members_are_kept_where_they_have_a_field() {
        let text = r#"{"first":[1],"id":7,"last":null}"#;
        let read: Keeping = serde_json::from_str(text).expect("an object");
        assert_eq!(read.id, 7);
        let others = json!({"first": [1], "last": null});
        assert_eq!(Some(&read.others), others.as_object());
        let written = serde_json::to_value(&read).expect("JSON");
        assert_eq!(written, json!({"id": 7, "first": [1], "last": null}));
    }

    #[test]
    fn the_last_of_two_members_counts() {
        let text = r#"{"id": 1, "type": "first", "type": "invented", "id": 7}"#;
        let read: Sample = serde_json::from_str(text).expect("a sample");
        assert_eq!(read, sample());
    }

    #[test]
    fn errors_name_the_struct_or_the_member() {
        let missing = read(json!({"id": 7}));
        assert_eq!(missing, Err("missing field `type`".to_owned()));
        let array = read(json!([7, "invented"]));
        let expected = "invalid type: sequence, expected struct Sample";
        assert_eq!(array, Err(expected.to_owned()));
    }

    #[test]
    fn unset_members_are_not_written_unless_nullable() {
        let text = serde_json::to_string(&sample()).expect("JSON");
        assert_eq!(text, r#"{"id":7,"type":"invented","owner":null}"#);
        let full = Sample {
            note: Some("n".to_owned()),
            owner: Some(9),
            sent: Some("2026-05-07T12:00:00Z".parse().expect("a time")),
            ..sample()
        };
        let text = serde_json::to_string(&full).expect("JSON");
        let expected =
            r#"{"id":7,"type":"invented","note":"n","owner":9,"sent":"2026-05-07T12:00:00Z"}"#;
        assert_eq!(text, expected);
    }
}
