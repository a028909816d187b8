//! Phone numbers in requests.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{Check, Violation};
use super::hidden::Hidden;
use super::json_schema::json_schema;

/// A phone number in a request: 1 to 15 digits with the country code, such as
/// `15550100101`.
///
/// A leading `+` is removed. Any other character is kept, and the check of the request
/// rejects it. `Display` writes the number; `Debug` does not show it.
///
/// ```
/// use heymarket_api::types::Phone;
///
/// let phone: Phone = "+15550100101".parse()?;
/// assert_eq!(phone.to_string(), "15550100101");
/// assert_eq!(format!("{phone:?}"), "[personal]");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Phone(String);

/// The maximum length of E.164.
const MAX_DIGITS: usize = 15;

impl Phone {
    /// Returns the number, without a `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Phone {
    fn from(number: &str) -> Self {
        Self(number.strip_prefix('+').unwrap_or(number).to_owned())
    }
}

impl From<String> for Phone {
    fn from(number: String) -> Self {
        match number.strip_prefix('+') {
            Some(digits) => Self(digits.to_owned()),
            None => Self(number),
        }
    }
}

impl From<&String> for Phone {
    fn from(number: &String) -> Self {
        number.as_str().into()
    }
}

impl FromStr for Phone {
    type Err = Infallible;

    fn from_str(number: &str) -> Result<Self, Infallible> {
        Ok(number.into())
    }
}

impl AsRef<str> for Phone {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Check for Phone {
    fn check(&self, _: Timestamp) -> Result<(), Violation> {
        let is_number = (1..=MAX_DIGITS).contains(&self.0.len())
            && self.0.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            return Ok(());
        }
        Err(Violation::new(
            "a phone number is 1 to 15 digits with the country code; a leading + is allowed",
        ))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hidden::Personal.fmt(f)
    }
}

json_schema!(inline Phone, "string", "phone");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_digits_with_an_optional_plus() {
        for number in ["15550100101", "+15550100101", "12345"] {
            let phone = Phone::from(number);
            assert!(phone.check(Timestamp::UNIX_EPOCH).is_ok(), "{number}");
            assert!(!phone.as_str().contains('+'));
        }
        for number in [
            "",
            "+",
            "++1",
            "1 555",
            "1-555",
            "(555)",
            "1234567890123456",
            "١٢٣",
        ] {
            let phone = Phone::from(number.to_owned());
            assert!(phone.check(Timestamp::UNIX_EPOCH).is_err(), "{number}");
        }
        assert_eq!(format!("{:?}", Phone::from("15550100101")), "[personal]");
    }
}
