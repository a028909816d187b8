//! Recipients of e-mails.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::check::{Check, Violation};
use super::hidden::Hidden;
use super::json_schema::json_schema;

/// A recipient of an e-mail: `to:` or `cc:`, followed by an address or several that are
/// separated by commas.
///
/// [`to`](Self::to) and [`cc`](Self::cc) add the prefix. Conversions from strings take
/// the text as it is, and the check of the request validates it. `Debug` does not show
/// it.
///
/// ```
/// use heymarket_api::types::EmailRecipient;
///
/// assert_eq!(EmailRecipient::to("support@example.com").as_str(), "to:support@example.com");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailRecipient(String);

impl EmailRecipient {
    /// Creates a recipient in `To`.
    #[must_use]
    pub fn to(address: &str) -> Self {
        Self(format!("to:{address}"))
    }

    /// Creates a recipient in `Cc`.
    #[must_use]
    pub fn cc(address: &str) -> Self {
        Self(format!("cc:{address}"))
    }

    /// Returns the recipient with its prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EmailRecipient {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for EmailRecipient {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Check for EmailRecipient {
    fn check(&self, _: Timestamp) -> Result<(), Violation> {
        let prefix = self.0.get(..3).unwrap_or_default();
        if !matches!(prefix, "to:" | "cc:") {
            return Err(Violation::new(
                "a recipient starts with `to:` or `cc:`; see `EmailRecipient::to`",
            ));
        }
        if self.0[3..]
            .split(',')
            .all(|address| is_address(address.trim()))
        {
            return Ok(());
        }
        Err(Violation::new(
            "`to:` or `cc:` is followed by e-mail addresses that are separated by commas",
        ))
    }
}

/// Checks only what every address has. The server checks the rest.
fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

impl fmt::Debug for EmailRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hidden::Personal.fmt(f)
    }
}

json_schema!(inline EmailRecipient, "string", "email-recipient");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_have_a_prefix_and_addresses() {
        let is_right = |text: &str| {
            EmailRecipient::from(text)
                .check(Timestamp::UNIX_EPOCH)
                .is_ok()
        };
        assert!(is_right("to:a@example.com"));
        assert!(is_right("cc:a@example.com, b@example.com"));
        assert!(is_right(EmailRecipient::cc("a@example.com").as_str()));
        for wrong in [
            "a@example.com",
            "bcc:a@example.com",
            "to:",
            "to:a@example.com,",
            "to:a b@example.com",
            "to:a@b@c",
            "é",
        ] {
            assert!(!is_right(wrong), "{wrong}");
        }
    }
}
