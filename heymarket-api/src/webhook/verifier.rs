//! Verifies deliveries: size, nesting, envelope and token, in this order.

use std::fmt;
use std::ops::Deref;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::{Choice, ConstantTimeEq as _};

use super::delivery::Delivery;
use super::event::{Envelope, Event};

const MAX_BODY_BYTES: usize = 1024 * 1024;
const MAX_DEPTH: usize = 64;

/// Verifies deliveries of a webhook by its verification token.
///
/// Tokens are compared in constant time. `Debug` does not show them.
///
/// ```
/// use heymarket_api::webhook::{Verifier, WebhookError};
///
/// let verifier = Verifier::new("token");
/// let body = br#"{"type": "chat_closed", "token": "token", "event_data": {"id": 9920}}"#;
/// let event = verifier.verify(body)?;
/// assert_eq!(event.event_type.as_str(), "chat_closed");
///
/// let forged = br#"{"type": "chat_closed", "token": "guess", "event_data": {"id": 9920}}"#;
/// assert_eq!(verifier.verify(forged), Err(WebhookError::Unauthorized));
/// # Ok::<(), WebhookError>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    tokens: Vec<SecretString>,
    max_body_bytes: usize,
    max_depth: usize,
}

impl Verifier {
    /// Creates a verifier for the token that the app shows in the webhook's
    /// configuration. An empty token verifies nothing.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            tokens: vec![token.into().into()],
            max_body_bytes: MAX_BODY_BYTES,
            max_depth: MAX_DEPTH,
        }
    }

    /// Adds a token, for the time of a rotation, or for several webhooks with one
    /// receiver.
    #[must_use]
    pub fn or(mut self, token: impl Into<String>) -> Self {
        self.tokens.push(token.into().into());
        self
    }

    /// Sets the largest body that is accepted, in bytes; by default 1 MiB.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Sets how deep arrays and objects may be nested; by default 64, at most 120.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth.min(120);
        self
    }

    #[cfg(feature = "axum")]
    pub(super) fn body_limit(&self) -> usize {
        self.max_body_bytes
    }

    /// Verifies the body of a delivery and returns its event. Data of an unknown type or
    /// shape is not an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is too large, is not a delivery, or does not carry a
    /// token of this verifier.
    pub fn verify(&self, body: &[u8]) -> Result<Verified<Event>, WebhookError> {
        if body.len() > self.max_body_bytes {
            return Err(WebhookError::TooLarge);
        }
        // Few brackets cannot nest deeply, and counting them is much faster.
        let brackets = body.iter().filter(|byte| matches!(byte, b'[' | b'{'));
        if brackets.count() > self.max_depth && depth(body) > self.max_depth {
            return Err(WebhookError::Malformed);
        }
        // What is no UTF-8 is replaced: a body that is refused is delivered again and again.
        let body = String::from_utf8_lossy(body);
        let delivery = Delivery::read(&body, &|token| self.is_known(token))
            .map_err(|_| WebhookError::Malformed)?;
        if delivery.is_genuine != Some(true) {
            return Err(WebhookError::Unauthorized);
        }
        let (event_type, envelope) = match (&delivery.event_type, &delivery.event) {
            (Some(event_type), _) => (event_type.clone(), Envelope::Current),
            (None, Some(event)) => (event.clone(), Envelope::Older),
            (None, None) => return Err(WebhookError::Malformed),
        };
        Ok(Verified(Event {
            webhook_id: delivery.id,
            envelope,
            data: delivery.into_data(&event_type),
            event_type,
        }))
    }

    /// Compares with every token, even if one has matched.
    fn is_known(&self, token: &str) -> bool {
        let found = self.tokens.iter().fold(Choice::from(0), |found, known| {
            let known = known.expose_secret();
            let is_set = Choice::from(u8::from(!known.is_empty()));
            found | (is_set & known.as_bytes().ct_eq(token.as_bytes()))
        });
        found.into()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("tokens", &self.tokens.len())
            .field("max_body_bytes", &self.max_body_bytes)
            .field("max_depth", &self.max_depth)
            .finish()
    }
}

/// A verified value. Only [`Verifier::verify`] creates one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why a delivery was rejected. It has no details that would help a forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookError {
    /// The body is larger than the limit. Raise it if the sender is Heymarket.
    TooLarge,
    /// The body is not JSON, nested too deeply, or not a delivery.
    Malformed,
    /// The token is missing or wrong. Compare the token of the verifier with that in the
    /// app.
    Unauthorized,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body of the webhook is too large",
            Self::Malformed => "the body is not a delivery of a webhook",
            Self::Unauthorized => "the webhook does not carry the verification token",
        })
    }
}

impl std::error::Error for WebhookError {}

/// Returns how deep arrays and objects are nested, without parsing the body.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                // Skip to the end of the string.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[\"{{{"}],"c":"]"}"#), 3);
        assert_eq!(depth(b"]]][["), 2);
        assert_eq!(depth(br#"["#), 1);
        assert_eq!(depth(br#""\"#), 0);
    }
}
