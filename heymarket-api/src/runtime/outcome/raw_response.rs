//! A response before its body is decoded.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};

/// A response as it arrived. It is large and moves through several futures, so it
/// is boxed as soon as its head arrives.
#[derive(Clone)]
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl RawResponse {
    pub(crate) fn request_id(&self) -> Option<&str> {
        static NAME: HeaderName = HeaderName::from_static("x-request-id");
        self.headers.get(&NAME)?.to_str().ok()
    }
}
