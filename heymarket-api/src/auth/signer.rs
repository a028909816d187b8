//! Signs attempts: one token for several minutes, and the clock that it is dated by.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::credentials::{Credentials, Kind};
use super::jwt;
use crate::clock::{CLOCK_SKEW, Clock};
use crate::error::Error;
use crate::runtime::Headers;

/// How long a token is used. The server accepts it for five minutes; the remaining
/// minute is for clocks that differ and requests in flight.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(4 * 60);

/// Offsets that differ by less are equal: a `Date` has whole seconds, and takes time
/// to arrive.
const SAME_OFFSET: SignedDuration = SignedDuration::from_secs(5);

/// Provides the headers of each attempt, including the token.
///
/// A token is dated at most [`CLOCK_SKEW`] from this machine's clock, in either
/// direction. A `Date` further off is ignored: a server or proxy could otherwise
/// collect tokens that are valid years from now.
pub(crate) struct Signer {
    credentials: Credentials,
    unsigned: Headers,
    clock: Arc<dyn Clock>,
    /// Locked for one signature at most, never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// How far the server's clock is ahead of this machine's, from the `Date` of a 401.
    offset: SignedDuration,
    /// The number of tokens so far.
    generation: u64,
}

struct Token {
    headers: Arc<Headers>,
    /// By this machine's clock.
    issued_at: Timestamp,
}

/// Headers, and the number of their token.
pub(crate) struct Authorization {
    pub(crate) headers: Arc<Headers>,
    generation: u64,
}

impl Signer {
    pub(crate) fn new(
        credentials: Credentials,
        unsigned: Headers,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        credentials.check()?;
        let signer = Self {
            credentials,
            unsigned,
            clock,
            state: Mutex::default(),
        };
        // Reports now what cannot be a header.
        signer.authorization(signer.clock.now())?;
        Ok(signer)
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the headers of an attempt at a time of this machine's clock.
    pub(crate) fn authorization(&self, now: Timestamp) -> Result<Authorization, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = &state.token
            && self.is_usable(token, now)
        {
            return Ok(Authorization {
                headers: Arc::clone(&token.headers),
                generation: state.generation,
            });
        }
        let server_time = now.saturating_add(state.offset).unwrap_or(Timestamp::MAX);
        let headers = Arc::new(self.unsigned.signed(&self.header(server_time)?));
        state.generation += 1;
        state.token = Some(Token {
            headers: Arc::clone(&headers),
            issued_at: now,
        });
        Ok(Authorization {
            headers,
            generation: state.generation,
        })
    }

    /// Handles a 401: drops the refused token, unless another caller did, and takes the
    /// offset of the next one from `server_time`, the `Date` of the response.
    ///
    /// An offset ends when a token with it is refused: the same `Date` again, or none,
    /// leads back to this machine's clock.
    ///
    /// Returns whether a new token can help.
    pub(crate) fn refused(&self, refused: &Authorization, server_time: Option<Timestamp>) -> bool {
        if matches!(self.credentials.0, Kind::ApiKey(_)) {
            return false;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation == refused.generation && state.token.take().is_some() {
            let offset = server_time.map(|time| time.duration_since(self.clock.now()));
            state.offset = offset
                .filter(|offset| offset.abs() <= CLOCK_SKEW)
                .filter(|offset| state.offset.is_zero() || differ(*offset, state.offset))
                .unwrap_or_default();
        }
        true
    }

    /// Describes a difference between this machine's clock and the server's that is too
    /// large to correct; `None` if tokens do not depend on it.
    pub(crate) fn clock_fault(&self, server_time: Timestamp) -> Option<String> {
        let ahead = self.clock.now().duration_since(server_time);
        if matches!(self.credentials.0, Kind::ApiKey(_)) || ahead.abs() <= CLOCK_SKEW {
            return None;
        }
        let minutes = SignedDuration::from_mins((ahead.abs().as_secs() + 30) / 60);
        let side = if ahead.is_negative() {
            "behind"
        } else {
            "ahead of"
        };
        Some(format!(
            "this machine's clock is {minutes:#} {side} the server's, and tokens carry the time; \
             set the clock"
        ))
    }

    /// Returns whether a token may still be used. One from the future may not: the clock
    /// was set back.
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
            Error::configuration("the API key has a character that is not valid in a header")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn differ(one: SignedDuration, other: SignedDuration) -> bool {
    (one - other).abs() > SAME_OFFSET
}

#[cfg(test)]
mod tests;
