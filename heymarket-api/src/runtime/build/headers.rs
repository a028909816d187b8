//! The headers of every request.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The headers that requests have in common, including the token. They are built
/// once for each token: cloning a map costs less than inserting each header.
#[derive(Clone)]
pub(crate) struct Headers {
    json: HeaderMap,
    /// For a POST or PUT without a body.
    empty: HeaderMap,
    none: HeaderMap,
}

impl Headers {
    /// Creates the headers without a token.
    pub(crate) fn new(user_agent: HeaderValue) -> Self {
        let mut none = HeaderMap::with_capacity(4);
        none.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        none.insert(header::USER_AGENT, user_agent);
        let with = |name: HeaderName, value: &'static str| {
            let mut headers = none.clone();
            headers.insert(name, HeaderValue::from_static(value));
            headers
        };
        Self {
            json: with(header::CONTENT_TYPE, "application/json"),
            // Some proxies require it where a body is allowed.
            empty: with(header::CONTENT_LENGTH, "0"),
            none,
        }
    }

    /// Adds a token.
    pub(crate) fn signed(&self, token: &HeaderValue) -> Self {
        let mut signed = self.clone();
        for headers in [&mut signed.json, &mut signed.empty, &mut signed.none] {
            headers.insert(header::AUTHORIZATION, token.clone());
        }
        signed
    }

    /// Returns the headers of a request.
    pub(crate) fn of(&self, method: &Method, has_body: bool) -> &HeaderMap {
        if has_body {
            &self.json
        } else if matches!(*method, Method::POST | Method::PUT) {
            &self.empty
        } else {
            &self.none
        }
    }

    /// Returns the token.
    pub(crate) fn token(&self) -> Option<&str> {
        let value = self.none.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    }
}
