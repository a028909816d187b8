//! Addresses of contacts in requests.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{Check, Violation};
use super::hidden::Hidden;
use super::json_schema::json_schema;

/// The address of a contact in a request: a phone number, an e-mail address or the
/// handle of another channel.
///
/// A leading `+` is removed if only digits follow, since the API expects phone numbers
/// without it. `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Address(String);

impl Address {
    /// Returns the address, without the `+` of a phone number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the address consists of digits.
    #[must_use]
    pub fn is_number(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl From<&str> for Address {
    fn from(address: &str) -> Self {
        let digits = address.strip_prefix('+');
        let number = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        Self(number.unwrap_or(address).to_owned())
    }
}

impl From<String> for Address {
    fn from(address: String) -> Self {
        address.as_str().into()
    }
}

impl From<&String> for Address {
    fn from(address: &String) -> Self {
        address.as_str().into()
    }
}

impl Check for Address {
    fn check(&self, _: Timestamp) -> Result<(), Violation> {
        if self.0.trim().is_empty() {
            return Err(Violation::new("it is empty"));
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hidden::Personal.fmt(f)
    }
}

json_schema!(inline Address, "string", "address");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_removed_from_phone_numbers_only() {
        let cases = [
            ("+15550100101", "15550100101"),
            ("15550100101", "15550100101"),
            ("+one@example.com", "+one@example.com"),
            ("handle", "handle"),
        ];
        for (given, expected) in cases {
            assert_eq!(Address::from(given).as_str(), expected);
        }
        assert!(Address::from(" ").check(Timestamp::UNIX_EPOCH).is_err());
        assert_eq!(format!("{:?}", Address::from("handle")), "[personal]");
    }
}
