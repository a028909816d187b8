//! Credentials of the API.

use std::env::VarError;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;

const SECRET_ID: &str = "HEYMARKET_API_SECRET_ID";
const SECRET_KEY: &str = "HEYMARKET_API_SECRET_KEY";
const API_KEY: &str = "HEYMARKET_API_KEY";

/// The credentials of a client: an API secret, or a legacy API key.
///
/// Neither `Debug` nor any error shows a part of them. Their memory is wiped on drop.
///
/// ```
/// use heymarket_api::Credentials;
///
/// let credentials = Credentials::api_secret("secret id", "secret key");
/// assert_eq!(format!("{credentials:?}"), "Credentials::api_secret([secret], [secret])");
/// ```
///
/// Documented at <https://developers.heymarket.com/authentication>.
#[derive(Clone)]
pub struct Credentials(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    ApiSecret { id: SecretString, key: SecretString },
    ApiKey(SecretString),
}

impl Credentials {
    /// Creates credentials from an API secret: its ID and its key, from Settings >
    /// Integrations > API.
    ///
    /// Each request carries a token signed with the secret that is valid for five
    /// minutes. Building the client fails if either part is empty.
    #[must_use]
    pub fn api_secret(id: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Kind::ApiSecret {
            id: id.into().into(),
            key: key.into().into(),
        })
    }

    /// Creates credentials from a legacy team API key, which is sent as it is. The
    /// API's documentation announces the deprecation of such keys.
    #[must_use]
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Kind::ApiKey(key.into().into()))
    }

    /// Reads credentials from environment variables: `HEYMARKET_API_SECRET_ID` and
    /// `HEYMARKET_API_SECRET_KEY`, or else `HEYMARKET_API_KEY`. An empty variable
    /// counts as unset.
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if neither is set, or
    /// only half of a secret; the message names the variables.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(&variable)
    }

    fn from_variables(
        variable: &dyn Fn(&str) -> Result<Option<String>, Error>,
    ) -> Result<Self, Error> {
        match (variable(SECRET_ID)?, variable(SECRET_KEY)?) {
            (Some(id), Some(key)) => return Ok(Self::api_secret(id, key)),
            (None, None) => {}
            (id, _) => {
                let (set, missing) = if id.is_some() {
                    (SECRET_ID, SECRET_KEY)
                } else {
                    (SECRET_KEY, SECRET_ID)
                };
                return Err(Error::configuration(format!(
                    "{set} is set, but {missing} is not; an API secret needs both"
                )));
            }
        }
        match variable(API_KEY)? {
            Some(key) => Ok(Self::api_key(key)),
            None => Err(Error::configuration(format!(
                "no credentials in the environment; set {SECRET_ID} and {SECRET_KEY}, \
                 or {API_KEY}"
            ))),
        }
    }

    /// Checks for values that no server accepts.
    pub(super) fn check(&self) -> Result<(), Error> {
        let parts = match &self.0 {
            Kind::ApiSecret { id, key } => {
                vec![("the API secret's ID", id), ("the API secret's key", key)]
            }
            Kind::ApiKey(key) => vec![("the API key", key)],
        };
        for (name, part) in parts {
            let part = part.expose_secret();
            if part.trim().is_empty() {
                return Err(Error::configuration(format!("{name} is empty")));
            }
            if part.trim() != part || part.chars().any(char::is_control) {
                return Err(Error::configuration(format!(
                    "{name} has leading or trailing white space or a control character; \
                     was it copied with a line break?"
                )));
            }
        }
        Ok(())
    }

    /// Returns the parts of the secret, to find them in text that is shown.
    pub(crate) fn parts(&self) -> Vec<&str> {
        match &self.0 {
            Kind::ApiSecret { id, key } => vec![id.expose_secret(), key.expose_secret()],
            Kind::ApiKey(key) => vec![key.expose_secret()],
        }
    }
}

/// Returns an environment variable; `None` if it is unset or empty.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Error::configuration(format!("{name} is not valid UTF-8")))
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::ApiSecret { .. } => "Credentials::api_secret([secret], [secret])",
            Kind::ApiKey(_) => "Credentials::api_key([secret])",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Credentials, String> {
        Credentials::from_variables(&|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn an_api_secret_precedes_a_legacy_key() {
        let both = from(&[(SECRET_ID, "id"), (SECRET_KEY, "key"), (API_KEY, "legacy")]);
        assert_eq!(both.expect("a secret").parts(), ["id", "key"]);
        let legacy = from(&[(API_KEY, "legacy")]);
        assert_eq!(legacy.expect("a key").parts(), ["legacy"]);
    }

    #[test]
    fn missing_variables_are_named() {
        let half = from(&[(SECRET_KEY, "key")]).expect_err("half a secret");
        assert!(half.contains("HEYMARKET_API_SECRET_ID is not"), "{half}");
        let none = from(&[]).expect_err("nothing");
        assert!(none.contains("HEYMARKET_API_KEY"), "{none}");
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_and_not_shown() {
        let error = Credentials::api_key("sesame\n")
            .check()
            .expect_err("a line break");
        assert!(error.to_string().contains("line break"));
        assert!(!format!("{error} {error:?}").contains("sesame"));
    }
}
