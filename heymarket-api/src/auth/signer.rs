use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::clock::Clock;
use super::credentials::{Credentials, Kind};
use super::jwt;
use crate::runtime::Error;

/// A token is used for this long, which leaves a minute of the five that the
/// server takes it for to clocks that differ and requests that wait.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(4 * 60);

/// Gives each request its `Authorization` header.
pub(crate) struct Signer {
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    /// The token in use. Locked for a signature at most, never across an
    /// await.
    token: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    issued_at: Timestamp,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        credentials.check()?;
        let signer = Self {
            credentials,
            clock,
            token: Mutex::new(None),
        };
        // What cannot be put into a header is better known now.
        signer.authorization()?;
        Ok(signer)
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> Result<HeaderValue, Error> {
        let now = self.clock.now();
        let mut cached = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &*cached
            && self.is_usable(token, now)
        {
            return Ok(token.header.clone());
        }
        let header = self.header(now)?;
        *cached = Some(Token {
            header: header.clone(),
            issued_at: now,
        });
        Ok(header)
    }

    /// A token from the future is not used either: the clock was set back.
    fn is_usable(&self, token: &Token, now: Timestamp) -> bool {
        match self.credentials.0 {
            Kind::ApiKey(_) => true,
            Kind::ApiSecret { .. } => {
                let age = now.duration_since(token.issued_at);
                (SignedDuration::ZERO..TOKEN_LIFETIME).contains(&age)
            }
        }
    }

    fn header(&self, now: Timestamp) -> Result<HeaderValue, Error> {
        let token = match &self.credentials.0 {
            Kind::ApiSecret { id, key } => jwt::token(id.expose_secret(), key.expose_secret(), now),
            Kind::ApiKey(key) => key.expose_secret().to_owned(),
        };
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
            Error::configuration("the API key has a character that no header can hold")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}
