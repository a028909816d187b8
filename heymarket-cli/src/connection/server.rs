//! The base URL of a server.

use std::fmt;

use heymarket_api::RawRequest;
use reqwest::Url;

/// The URL of the production API.
pub(crate) const PRODUCTION: &str = heymarket_api::server::BASE_URL;

/// A base URL. `Display` shows only its origin and path: user name, password,
/// query and fragment may be secret.
#[derive(Clone)]
pub(crate) struct Server(String);

impl Server {
    /// Wraps a base URL without checking it.
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// Returns the production server.
    pub(crate) fn production() -> Self {
        Self::new(PRODUCTION)
    }

    /// Returns the unredacted URL, for a client or a file. Never print it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the parsed URL, if its scheme is http or https.
    pub(crate) fn url(&self) -> Option<Url> {
        let url: Url = self.0.parse().ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// Returns the URL that a client sends the request to.
    pub(crate) fn url_of(&self, request: &RawRequest) -> Option<Url> {
        let mut url = self.url()?;
        let path = format!("{}{}", url.path().trim_end_matches('/'), request.path());
        url.set_path(&path);
        let query = request.query_string();
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        Some(url)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(url) = self.url() else {
            return f.write_str("(not an HTTP URL)");
        };
        let origin = url.origin().ascii_serialization();
        write!(f, "{origin}{}", url.path().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn a_url_is_shown_without_its_secret_parts() {
        for (url, shown) in [
            ("https://api.example.com", "https://api.example.com"),
            (
                "https://u:canary@example.com:8443/a/?canary#canary",
                "https://example.com:8443/a",
            ),
            ("https://canary@example.com/", "https://example.com"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("canary", "(not an HTTP URL)"),
            ("https://u:canary@exa mple.com", "(not an HTTP URL)"),
            ("canary://canary", "(not an HTTP URL)"),
        ] {
            assert_eq!(Server::new(url).to_string(), shown);
        }
    }
}
