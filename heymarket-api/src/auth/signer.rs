use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::clock::Clock;
use super::credentials::{Credentials, Kind};
use super::headers::Headers;
use super::jwt;
use crate::runtime::Error;

/// A token is used for this long, which leaves a minute of the five that the
/// server takes it for to clocks that differ and requests that wait.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_secs(4 * 60);

/// A token is issued at most this far from this machine's clock, in either
/// direction. An answer's `Date` further off is ignored: a server or proxy could
/// otherwise collect tokens that are valid years from now.
const LARGEST_OFFSET: SignedDuration = SignedDuration::from_mins(10);

/// Two offsets this close are the same one: a `Date` has whole seconds, and
/// takes a while to arrive.
const SAME_OFFSET: SignedDuration = SignedDuration::from_secs(5);

/// Gives each attempt its headers, with its token in them.
pub(crate) struct Signer {
    credentials: Credentials,
    unsigned: Headers,
    clock: Arc<dyn Clock>,
    /// Locked for a signature at most, never across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// How far the server's clock is ahead of this one, as a 401 taught.
    offset: SignedDuration,
    /// Counts the tokens.
    generation: u64,
}

struct Token {
    headers: Arc<Headers>,
    /// By this machine's clock.
    issued_at: Timestamp,
}

/// Headers, and which token is in them.
pub(crate) struct Authorization {
    pub(crate) headers: Arc<Headers>,
    generation: u64,
}

impl Signer {
    pub(crate) fn new(
        credentials: Credentials,
        user_agent: HeaderValue,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        credentials.check()?;
        let signer = Self {
            credentials,
            unsigned: Headers::new(user_agent),
            clock,
            state: Mutex::default(),
        };
        // What cannot be put into a header is better known now.
        signer.authorization(signer.clock.now())?;
        Ok(signer)
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What signs an attempt at a time of this machine's clock.
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

    /// Handles a 401: drops the refused token, unless another caller did, and
    /// takes the offset of the next one from `server_time`, the answer's `Date`.
    ///
    /// An offset never outlives the refusal of a token signed with it: a `Date`
    /// that says the same again, or none, leads back to this machine's clock.
    ///
    /// Returns whether signing again can help.
    pub(crate) fn refused(&self, refused: &Authorization, server_time: Option<Timestamp>) -> bool {
        if matches!(self.credentials.0, Kind::ApiKey(_)) {
            return false;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation == refused.generation && state.token.take().is_some() {
            let offset = server_time.map(|time| time.duration_since(self.clock.now()));
            state.offset = offset
                .filter(|offset| offset.abs() <= LARGEST_OFFSET)
                .filter(|offset| state.offset.is_zero() || differ(*offset, state.offset))
                .unwrap_or_default();
        }
        true
    }

    /// Describes a difference between this machine's clock and the server's that
    /// is too large to correct; `None` where tokens do not depend on it.
    pub(crate) fn clock_fault(&self, server_time: Timestamp) -> Option<String> {
        let ahead = self.clock.now().duration_since(server_time);
        if matches!(self.credentials.0, Kind::ApiKey(_)) || ahead.abs() <= LARGEST_OFFSET {
            return None;
        }
        let minutes = SignedDuration::from_mins((ahead.abs().as_secs() + 30) / 60);
        let side = if ahead.is_negative() {
            "behind"
        } else {
            "ahead of"
        };
        Some(format!(
            "this machine's clock is {minutes:#} {side} the server's, and tokens carry its time; \
             set the clock"
        ))
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

fn differ(one: SignedDuration, other: SignedDuration) -> bool {
    (one - other).abs() > SAME_OFFSET
}

#[cfg(test)]
mod tests;
