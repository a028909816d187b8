//! Values of query parameters.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::wire::{Check, Phone, Violation};

/// A value of a query parameter.
pub(crate) trait QueryValue {
    /// Returns the text; `None` leaves the parameter out.
    fn text(&self) -> Option<Cow<'_, str>>;

    /// Checks the value.
    fn check(&self, _now: Timestamp) -> Result<(), Violation> {
        Ok(())
    }
}

impl QueryValue for bool {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(if *self { "true" } else { "false" }.into())
    }
}

impl QueryValue for i64 {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.to_string().into())
    }
}

impl QueryValue for str {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.into())
    }
}

impl QueryValue for Timestamp {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.to_string().into())
    }
}

impl<T: QueryValue + ?Sized> QueryValue for &T {
    fn text(&self) -> Option<Cow<'_, str>> {
        T::text(self)
    }

    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        T::check(self, now)
    }
}

impl QueryValue for String {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.as_str().into())
    }
}

impl QueryValue for Phone {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(self.as_str().into())
    }

    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        Check::check(self, now)
    }
}

impl<T: QueryValue> QueryValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::text)
    }

    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.as_ref().map_or(Ok(()), |value| value.check(now))
    }
}
