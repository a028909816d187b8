//! Integers in every notation of JSON: `7`, `7.0`, `7E0` and `-0`.

use std::fmt;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// Deserializes an integer.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_i64(IntegerVisitor)
}

/// An integer within another value.
pub(super) struct Integer(pub(super) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer).map(Self)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        of_unsigned(number, &self)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        of_float(number, &self)
    }
}

/// Implements `visit_u64` of a visitor for integers.
pub(super) fn of_unsigned<'de, V: Visitor<'de>, E: de::Error>(
    number: u64,
    visitor: &V,
) -> Result<i64, E> {
    i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), visitor))
}

/// Implements `visit_f64` of a visitor for integers.
pub(super) fn of_float<'de, V: Visitor<'de>, E: de::Error>(
    number: f64,
    visitor: &V,
) -> Result<i64, E> {
    whole(number).ok_or_else(|| E::invalid_type(Unexpected::Float(number), visitor))
}

/// Returns the number if it is an integer that fits.
pub(crate) fn whole_number(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| whole(number.as_f64()?))
}

/// Returns the number if it is an integer that only one literal rounds to. From 2^53 on,
/// different integers become the same float, so the result could be another object's
/// ID.
fn whole(number: f64) -> Option<i64> {
    const ROUNDED: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() < ROUNDED;
    is_whole.then_some(number as i64)
}
