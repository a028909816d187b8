//! One request in the journal, as it is stored.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Uri};
use jiff::Timestamp;

/// The longest body that is stored whole, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// The longest target that is stored whole, in bytes.
const MAX_TARGET: usize = 4 * 1024;

/// The longest headers that are stored, in bytes.
const MAX_HEADERS: usize = 4 * 1024;

/// What an entry costs beside its texts, in bytes.
const OVERHEAD: usize = 512;

const REDACTED: HeaderValue = HeaderValue::from_static("[redacted]");

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) time: Timestamp,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) operation: Option<&'static str>,
    /// `None` if the connection was closed without a response.
    pub(super) status: Option<u16>,
    pub(super) duration: Duration,
    pub(super) rules: Vec<u64>,
    pub(super) warnings: Vec<String>,
    pub(super) headers: HeaderMap,
    pub(super) request: Body,
    pub(super) response: Body,
}

/// A body, truncated if it is long.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) start: Bytes,
    pub(super) length: usize,
}

impl Body {
    /// Keeps the start of a body. A long body is copied, since a slice would keep
    /// all of it in memory.
    pub(super) fn new(bytes: &Bytes) -> Self {
        let start = if bytes.len() > MAX_BODY {
            Bytes::copy_from_slice(&bytes[..MAX_BODY])
        } else {
            bytes.clone()
        };
        Self {
            start,
            length: bytes.len(),
        }
    }

    pub(super) fn is_truncated(&self) -> bool {
        self.length > self.start.len()
    }
}

impl Entry {
    pub(super) fn new(time: Timestamp, method: Method, uri: &Uri) -> Self {
        Self {
            id: 0,
            time,
            method,
            path: truncated(uri.path()),
            query: uri.query().map(truncated),
            operation: None,
            status: None,
            duration: Duration::ZERO,
            rules: Vec::new(),
            warnings: Vec::new(),
            headers: HeaderMap::new(),
            request: Body::default(),
            response: Body::default(),
        }
    }

    /// Returns about how much memory the entry takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let warnings: usize = self.warnings.iter().map(String::len).sum();
        OVERHEAD
            + self.path.len()
            + self.query.as_ref().map_or(0, String::len)
            + size_of_headers(&self.headers)
            + self.request.start.len()
            + self.response.start.len()
            + warnings
    }
}

fn truncated(text: &str) -> String {
    let end = text.len().min(MAX_TARGET);
    // A target is ASCII or percent-encoded; anything else is cut to be safe.
    let end = (0..=end).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or_default()].to_owned()
}

fn size_of_headers(headers: &HeaderMap) -> usize {
    let sizes = headers.iter();
    sizes
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

/// Removes the values of secret headers, and of all if they are long.
pub(super) fn without_secrets(mut headers: HeaderMap) -> HeaderMap {
    if size_of_headers(&headers) > MAX_HEADERS {
        headers = HeaderMap::new();
    }
    for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
        if headers.contains_key(&name) {
            headers.insert(name, REDACTED);
        }
    }
    let named = |word: &str| headers.keys().any(|name| name.as_str().contains(word));
    if ["key", "token", "secret"].into_iter().any(named) {
        for (name, value) in &mut headers {
            let is_secret = |word| name.as_str().contains(word);
            if ["key", "token", "secret"].into_iter().any(is_secret) {
                *value = REDACTED;
            }
        }
    }
    headers
}
