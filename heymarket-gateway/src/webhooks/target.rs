//! The URL that events are forwarded to.

use std::net::IpAddr;
use std::time::Duration;

use heymarket_api::reqwest::{self, Url};
use http::header::CONTENT_TYPE;

use crate::error::Error;

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where events are forwarded to.
pub(crate) struct Target {
    url: Url,
    client: reqwest::Client,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            // The URL may hold a password.
            Error::new(
                "the URL to forward webhooks to is neither an http nor an https URL; write one \
                 such as http://127.0.0.1:3000/webhook",
            )
        };
        let url: Url = text.parse().map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong());
        }
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("heymarket-gateway/", env!("CARGO_PKG_VERSION")));
        if is_local(&url) {
            // A proxy of the environment must not see local deliveries.
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| Error::new(format!("the HTTP client: {}", error.without_url())))?;
        Ok(Self { url, client })
    }

    /// Posts an event once. Returns whether the receiver accepted it.
    pub(super) async fn post(&self, key: &str, body: Vec<u8>) -> bool {
        let posted = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(body)
            .send()
            .await;
        posted.is_ok_and(|response| response.status().is_success())
    }
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
