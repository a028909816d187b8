//! A webhook: a receiver of events, and how they are delivered to it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::quoted;
use crate::spec::Spec;

/// A receiver of events.
///
/// The API configures webhooks in its settings and has no operation for them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The ID of the configuration, which each delivery carries. 0 takes the
    /// next free one.
    #[serde(default)]
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) token: String,
    /// The types of events to deliver; empty for all.
    #[serde(default)]
    pub(super) types: Vec<String>,
    /// How often a delivery without a 2xx response is repeated.
    #[serde(default)]
    pub(super) retries: u32,
    #[serde(default = "default_retry_delay_ms")]
    pub(super) retry_delay_ms: u64,
    /// How many extra times each event is delivered.
    #[serde(default)]
    pub(super) duplicates: u32,
}

fn default_retry_delay_ms() -> u64 {
    1000
}

impl Webhook {
    /// Creates a webhook that delivers all events to a URL, once each.
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            id: 0,
            url: url.into(),
            token: token.into(),
            types: Vec::new(),
            retries: 0,
            retry_delay_ms: default_retry_delay_ms(),
            duplicates: 0,
        }
    }

    /// Limits the webhook to these types of events, such as `message_recieved`.
    #[must_use]
    pub fn types(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Repeats a delivery without a 2xx response up to `retries` times, `delay`
    /// apart. The sources disagree on whether the API retries.
    #[must_use]
    pub fn retries(mut self, retries: u32, delay: Duration) -> Self {
        self.retries = retries;
        self.retry_delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Delivers each event this many extra times.
    #[must_use]
    pub fn duplicates(mut self, duplicates: u32) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Returns an error if the webhook is invalid.
    pub(super) fn check(&self) -> Result<(), String> {
        let uri: http::Uri = self
            .url
            .parse()
            .map_err(|_| "url: must be a URL, such as http://127.0.0.1:9000/webhook".to_owned())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "rustls") => {}
            Some("https") => {
                return Err(
                    "url: this sandbox was built without TLS; use http://, or build it \
                            with the feature `rustls`"
                        .to_owned(),
                );
            }
            _ => return Err("url: must begin with http:// or https://".to_owned()),
        }
        if self.token.is_empty() {
            return Err("token: must not be empty".to_owned());
        }
        let known = || Spec::get().webhook_types();
        let is_unknown = |wanted: &&String| !known().any(|kind| kind == wanted.as_str());
        if let Some(unknown) = self.types.iter().find(is_unknown) {
            let all: Vec<_> = known().collect();
            let all = all.join(", ");
            return Err(format!(
                "types: unknown event type {}; use any of {all}",
                quoted(unknown)
            ));
        }
        Ok(())
    }

    /// Whether it has the receiver, or the id, of another.
    pub(crate) fn is_for(&self, other: &Self) -> bool {
        self.url == other.url || (self.id != 0 && self.id == other.id)
    }

    pub(super) fn wants(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind)
    }
}

impl fmt::Debug for Webhook {
    /// Shows everything except the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("types", &self.types)
            .field("retries", &self.retries)
            .field("duplicates", &self.duplicates)
            .finish_non_exhaustive()
    }
}
