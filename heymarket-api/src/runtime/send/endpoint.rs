//! The server that a client sends to, and one attempt over HTTP.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::Url;

use super::partial_response::PartialResponse;
use crate::error::{ErrorKind, Failure};
use crate::runtime::Headers;
use crate::runtime::build::RequestParts;

/// Headers that are part of the request's meaning: callers cannot replace them.
const RESERVED: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
];

/// The request of one attempt.
pub(super) struct AttemptRequest<'a> {
    pub(super) parts: &'a RequestParts<'a>,
    pub(super) headers: &'a Headers,
    /// The headers that the caller added.
    pub(super) own_headers: &'a HeaderMap,
    pub(super) timeout: Duration,
}

/// One server, and the HTTP client that sends to it.
pub(crate) struct Endpoint {
    pub(crate) http: reqwest::Client,
    /// Whether the HTTP client may follow redirects.
    pub(crate) may_redirect: bool,
    /// Whether the HTTP client is the caller's, and so may retry by itself.
    pub(crate) may_resend: bool,
    pub(crate) base_url: Url,
    /// The path of the base URL, without a trailing slash.
    pub(crate) base_path: String,
    /// The server's host name or address, for telemetry.
    pub(crate) host: String,
    pub(crate) max_response_bytes: usize,
}

impl Endpoint {
    /// Sends a request and reads the response into `partial`, which keeps what
    /// arrived if this fails. Calls `on_head` when the head of the response arrives.
    pub(super) async fn attempt(
        &self,
        request: &AttemptRequest<'_>,
        partial: &mut PartialResponse,
        on_head: impl FnOnce(StatusCode, &HeaderMap),
    ) -> Result<(), Failure> {
        let attempt = self.untimed_attempt(request, partial, on_head);
        match tokio::time::timeout(request.timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(
                ErrorKind::Timeout,
                format!("no complete response within {:?}", request.timeout),
            )),
        }
    }

    async fn untimed_attempt(
        &self,
        request: &AttemptRequest<'_>,
        partial: &mut PartialResponse,
        on_head: impl FnOnce(StatusCode, &HeaderMap),
    ) -> Result<(), Failure> {
        let (url, response) = self.start(request);
        let mut response = response.await?;
        let redirected = url.is_some_and(|url| *response.url() != *url);
        if !redirected {
            on_head(response.status(), response.headers());
        }
        let headers = std::mem::take(response.headers_mut());
        partial.begin(response.status(), headers);
        if redirected {
            return Err(Failure::new(
                ErrorKind::Transport,
                "the HTTP client followed a redirect; build it with `redirect::Policy::none()`",
            )
            .into_final());
        }
        let limit = self.max_response_bytes;
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Failure::too_large(limit));
        }
        let expected = announced.and_then(|length| usize::try_from(length).ok());
        let expected = expected.unwrap_or_default();
        while let Some(chunk) = response.chunk().await? {
            partial.push(chunk, expected, limit)?;
        }
        Ok(())
    }

    /// Starts a request. Returns its URL too, if the HTTP client may be redirected to
    /// another.
    fn start(
        &self,
        request: &AttemptRequest<'_>,
    ) -> (
        Option<Box<Url>>,
        impl Future<Output = Result<reqwest::Response, reqwest::Error>> + use<>,
    ) {
        let request = self.http_request(request);
        // The default HTTP client follows no redirects.
        let url = self.may_redirect.then(|| Box::new(request.url().clone()));
        (url, self.http.execute(request))
    }

    /// Returns the URL of a request. The base URL is parsed once: parsing a URL takes
    /// longer than all other steps of building a request.
    fn url(&self, parts: &RequestParts<'_>) -> Url {
        let mut url = self.base_url.clone();
        if self.base_path.is_empty() {
            url.set_path(parts.path);
        } else {
            url.set_path(&format!("{}{}", self.base_path, parts.path));
        }
        if !parts.query.is_empty() {
            url.set_query(Some(parts.query));
        }
        url
    }

    fn http_request(&self, attempt: &AttemptRequest<'_>) -> reqwest::Request {
        let parts = attempt.parts;
        let mut request = reqwest::Request::new(parts.method.clone(), self.url(parts));
        let headers = attempt.headers.of(parts.method, parts.body.is_some());
        let mut headers = headers.clone();
        for (name, value) in attempt.own_headers {
            if !RESERVED.contains(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        *request.headers_mut() = headers;
        *request.body_mut() = parts.body.map(|body| {
            if self.may_resend {
                // A body that cannot be copied cannot be sent again.
                reqwest::Body::wrap(http_body_util::Full::new(body.clone()))
            } else {
                body.clone().into()
            }
        });
        request
    }
}
