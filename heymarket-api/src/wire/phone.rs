use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{Check, Violation};
use super::hidden::Hidden;
use super::json_schema::json_schema;

/// A phone number in a request: digits only, with the country's code, such as
/// `15550100101`.
///
/// A leading `+` is taken off. Whatever else is not a digit is found when the
/// request is checked. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Phone(String);

/// E.164 has no longer ones.
const MAX_DIGITS: usize = 15;

impl Phone {
    /// The number, without a `+`.
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

impl Check for Phone {
    fn check(&self, _: Timestamp) -> Result<(), Violation> {
        let is_number = (1..=MAX_DIGITS).contains(&self.0.len())
            && self.0.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            return Ok(());
        }
        Err(Violation::new(
            "a phone number is 1 to 15 digits and nothing else, with the country's code; \
             a leading + is taken off",
        ))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hidden::Personal.fmt(f)
    }
}

json_schema!(inline Phone, "phone");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_number_and_a_plus_is_taken_off() {
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
