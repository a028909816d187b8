use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use subtle::{Choice, ConstantTimeEq as _};

use super::event::{Envelope, Event};
use crate::types::WebhookEventType;

const MAX_BODY_BYTES: usize = 1024 * 1024;
const MAX_DEPTH: usize = 64;

/// Verifies the deliveries of a webhook by its token.
///
/// The comparison takes the same time wherever two tokens begin to differ, and
/// whichever of several tokens it is. `Debug` does not show them.
#[derive(Clone)]
pub struct Verifier {
    tokens: Vec<SecretString>,
    max_body_bytes: usize,
    max_depth: usize,
}

impl Verifier {
    /// A verifier for the verification token that the app shows where the
    /// webhook is configured. An empty token verifies nothing.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            tokens: vec![token.into().into()],
            max_body_bytes: MAX_BODY_BYTES,
            max_depth: MAX_DEPTH,
        }
    }

    /// Takes a second token as well, while one is being replaced by another, or
    /// for several webhooks with one receiver.
    #[must_use]
    pub fn or(mut self, token: impl Into<String>) -> Self {
        self.tokens.push(token.into().into());
        self
    }

    /// The largest body that is looked at, in bytes; by default 1 MiB.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// How deep arrays and objects may be nested; by default 64, and 120 at
    /// most.
    #[must_use]
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth.min(120);
        self
    }

    #[cfg(feature = "axum")]
    pub(super) fn body_limit(&self) -> usize {
        self.max_body_bytes
    }

    /// Verifies the body of a delivery, and gives its event. Data of an unknown
    /// type or shape is no error.
    ///
    /// # Errors
    ///
    /// When the body is too large, is no delivery, or does not carry a token of
    /// this verifier.
    pub fn verify(&self, body: &[u8]) -> Result<Verified<Event>, WebhookError> {
        if body.len() > self.max_body_bytes {
            return Err(WebhookError::TooLarge);
        }
        // Few brackets cannot be nested deeply, and counting is much faster.
        let brackets = body.iter().filter(|byte| matches!(byte, b'[' | b'{'));
        if brackets.count() > self.max_depth && depth(body) > self.max_depth {
            return Err(WebhookError::Malformed);
        }
        // Serde would read the members of an array in their order.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(WebhookError::Malformed);
        }
        let delivery: Delivery<'_> =
            serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
        let token = delivery
            .token
            .as_deref()
            .ok_or(WebhookError::Unauthorized)?;
        if !self.is_known(token) {
            return Err(WebhookError::Unauthorized);
        }
        let (event_type, envelope) = match (delivery.event_type, delivery.event) {
            (Some(event_type), _) => (event_type, Envelope::Current),
            (None, Some(event)) => (event, Envelope::Older),
            (None, None) => return Err(WebhookError::Malformed),
        };
        let event_type = WebhookEventType::from(event_type.as_ref());
        Ok(Verified(Event::new(
            event_type,
            delivery.id,
            envelope,
            delivery.event_data,
        )))
    }

    /// Compares with every token, whether or not one matched already.
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

/// Something that came with a token which a [`Verifier`] knows. Nothing else
/// makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was verified.
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

/// Why a delivery was not accepted. It says no more, so that whoever forged one
/// learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookError {
    /// The body is larger than the limit. Raise it if the sender is Heymarket.
    TooLarge,
    /// The body is not JSON, is nested too deeply, or is no delivery.
    Malformed,
    /// There is no token, or it is not the configured one. Compare the token of
    /// the verifier with that in the app.
    Unauthorized,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body of the webhook is too large",
            Self::Malformed => "the body is no delivery of a webhook",
            Self::Unauthorized => "the webhook does not carry the verification token",
        })
    }
}

impl std::error::Error for WebhookError {}

/// The body, borrowed as far as it can be: its data is read once it is known
/// of what type.
#[derive(Deserialize)]
struct Delivery<'a> {
    #[serde(borrow, rename = "type")]
    event_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "id_or_none")]
    id: Option<i64>,
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_data: Option<&'a RawValue>,
}

/// The id says nothing that an event needs, so one of another type is none.
fn id_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let id = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(id.get()).ok())
}

/// How deep the arrays and objects of a body are nested, without parsing it.
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
                // To the end of the string.
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
    fn brackets_in_strings_are_no_nesting() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[\"{{{"}],"c":"]"}"#), 3);
        assert_eq!(depth(b"]]][["), 2);
        assert_eq!(depth(br#"["#), 1);
        assert_eq!(depth(br#""\"#), 0);
    }
}
