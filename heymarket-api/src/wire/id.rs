//! IDs as types of their own, so that the ID of one thing is not taken for that of
//! another.

use serde::{Deserialize, Deserializer};

use super::integer::Integer;
use super::lenient::Lenient;

/// An ID, or the number that it is.
pub(crate) trait Number: From<i64> {}

impl Number for i64 {}

impl<T: Number> Lenient for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let integer = Option::<Integer>::deserialize(deserializer)?;
        Ok(integer.map(|Integer(integer)| integer.into()))
    }
}

impl<T: Number> Lenient for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let integers = Option::<Vec<Integer>>::deserialize(deserializer)?;
        let of = |Integer(integer)| T::from(integer);
        Ok(integers.map(|integers| integers.into_iter().map(of).collect()))
    }
}

/// Defines the type of an ID. All of its functions are small, so they are compiled
/// where they are called.
macro_rules! id {
    ($name:ident, $of:literal) => {
        #[doc = concat!("The ID of ", $of, ".")]
        ///
        /// It is a number, and is read from every notation of one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_structs, reason = "it is a number")]
        pub struct $name(pub i64);

        impl crate::wire::id::Number for $name {}

        impl From<i64> for $name {
            #[inline]
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            #[inline]
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl PartialEq<i64> for $name {
            #[inline]
            fn eq(&self, id: &i64) -> bool {
                self.0 == *id
            }
        }

        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;

            #[inline]
            fn from_str(id: &str) -> Result<Self, Self::Err> {
                id.parse().map(Self)
            }
        }

        impl ::serde::Serialize for $name {
            #[inline]
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                crate::wire::integer(deserializer).map(Self)
            }
        }

        crate::wire::json_schema!(inline $name, "integer", "int64");
    };
}

pub(crate) use id;
