//! A response that is arriving.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::Failure;
use crate::runtime::RawResponse;

/// The most that is allocated on a server's announcement, in bytes.
const MAX_RESERVED: usize = 1024 * 1024;

/// The part of a response that has arrived. It survives a timeout, a broken
/// connection and a body that is too large.
#[derive(Default)]
pub(super) struct PartialResponse {
    /// The head, and the body if that arrived in one chunk.
    response: Option<Box<RawResponse>>,
    /// The body if that arrived in several chunks.
    chunks: Vec<u8>,
}

impl PartialResponse {
    /// Sets the head.
    pub(super) fn begin(&mut self, status: StatusCode, headers: HeaderMap) {
        self.response = Some(Box::new(RawResponse {
            status,
            headers,
            body: Bytes::new(),
        }));
    }

    /// Adds a chunk to the body, unless the body would exceed `limit`. The first
    /// chunk is copied only if a second one arrives; `expected` bytes are reserved
    /// then.
    pub(super) fn push(
        &mut self,
        chunk: Bytes,
        expected: usize,
        limit: usize,
    ) -> Result<(), Failure> {
        let Some(response) = &mut self.response else {
            return Ok(());
        };
        let length = self.chunks.len().max(response.body.len());
        if length + chunk.len() > limit {
            return Err(Failure::too_large(limit));
        }
        if length == 0 {
            response.body = chunk;
            return Ok(());
        }
        if self.chunks.is_empty() {
            self.chunks.reserve_exact(expected.min(MAX_RESERVED));
            self.chunks
                .extend_from_slice(&std::mem::take(&mut response.body));
        }
        self.chunks.extend_from_slice(&chunk);
        Ok(())
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        Some(self.response.as_ref()?.status)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        self.response.as_ref()?.request_id().map(str::to_owned)
    }

    pub(super) fn into_response(self) -> Option<Box<RawResponse>> {
        let mut response = self.response?;
        if !self.chunks.is_empty() {
            response.body = self.chunks.into();
        }
        Some(response)
    }
}
