//! URLs that deliveries are posted to.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Response, Url};

use crate::failure::Failure;

/// The timeout of an attempt.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A URL that deliveries are posted to. `Display` shows neither a password nor
/// a query.
#[derive(Clone)]
pub(crate) struct Target {
    url: Url,
    client: Client,
}

impl Target {
    /// Parses an HTTP URL.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let refuse = |problem: &str| {
            Failure::usage(format!(
                "the URL to post to {problem}; write a URL such as http://127.0.0.1:9000/webhook"
            ))
        };
        let url: Url = text.parse().map_err(|_| refuse("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(refuse("is neither an http nor an https URL"));
        }
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("heymarket-cli/", env!("CARGO_PKG_VERSION")));
        if is_local(&url) {
            // A proxy of the environment must not see local deliveries.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Failure::other(format!("the HTTP client: {}", cause(&error.without_url())))
        })?;
        Ok(Self { url, client })
    }

    /// Returns whether `Display` shows the whole URL.
    pub(crate) fn is_shown_whole(&self) -> bool {
        self.to_string() == self.url.as_str()
    }

    /// Returns whether the URL is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        is_local(&self.url)
    }

    /// Returns whether deliveries cross a network unencrypted.
    pub(crate) fn is_unencrypted(&self) -> bool {
        self.url.scheme() == "http" && !self.is_local()
    }

    /// Posts the body of a delivery, once.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Response, reqwest::Error> {
        self.client
            .post(self.url.clone())
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(reqwest::Error::without_url)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        write!(f, "{origin}{}", self.url.path())
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

/// Returns the root cause of a failed request.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no response within {} s", TIMEOUT.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn target(url: &str) -> Target {
        Target::parse(url).expect("a target")
    }

    #[test]
    fn a_target_knows_whether_it_is_on_this_machine() {
        for url in [
            "http://localhost:1/",
            "http://127.1.2.3/a",
            "https://[::1]/",
        ] {
            assert!(target(url).is_local(), "{url}");
        }
        for url in [
            "http://192.0.2.1/",
            "https://localhost.example.com/",
            "http://[2001:db8::1]/",
        ] {
            assert!(!target(url).is_local(), "{url}");
        }
        assert!(target("http://example.com/").is_unencrypted());
        assert!(!target("https://example.com/").is_unencrypted());
        for url in ["", "example.com", "ftp://example.com/", "http://"] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn neither_a_password_nor_a_query_is_shown() {
        let shown =
            target("https://user:canary@example.com:8443/a?token=canary#canary").to_string();
        assert_eq!(shown, "https://example.com:8443/a");
    }
}
