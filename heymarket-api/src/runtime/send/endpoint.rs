//! The server that a client sends to, and one attempt over HTTP.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::Url;

use super::partial_response::PartialResponse;
use super::transport::Transport;
use crate::error::{ErrorKind, Failure};
use crate::runtime::build::RequestParts;
use crate::runtime::{Headers, Outcome};

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

/// What sends the requests.
pub(crate) enum HttpClient {
    Reqwest(reqwest::Client),
    Transport(Arc<dyn Transport>),
}

/// One server, and the HTTP client that sends to it.
pub(crate) struct Endpoint {
    pub(crate) http: HttpClient,
    /// Whether the HTTP client may follow redirects.
    pub(crate) may_redirect: bool,
    /// Whether the HTTP client is the caller's, and so may retry on its own.
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
        let http = match &self.http {
            HttpClient::Reqwest(http) => http,
            HttpClient::Transport(transport) => {
                let attempt = self.attempt_through(&**transport, request, partial, on_head);
                return Box::pin(attempt).await;
            }
        };
        let (url, response) = self.start(http, request);
        let mut response = response.await.map_err(|error| self.unanswered(error))?;
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

    /// Returns why a request has no response. An HTTP client that follows redirects may have
    /// been redirected before it failed, so whatever it reports, the request may have been sent.
    fn unanswered(&self, error: reqwest::Error) -> Failure {
        let failure = Failure::from(error);
        if !self.may_redirect || failure.outcome() != Outcome::NotConnected {
            return failure;
        }
        Failure {
            kind: ErrorKind::Transport,
            is_final: false,
            ..failure
        }
    }

    /// Starts a request. Returns its URL too, if the HTTP client may be redirected to
    /// another.
    fn start(
        &self,
        http: &reqwest::Client,
        request: &AttemptRequest<'_>,
    ) -> (
        Option<Box<Url>>,
        impl Future<Output = Result<reqwest::Response, reqwest::Error>> + use<>,
    ) {
        let request = self.http_request(request);
        // The default HTTP client follows no redirects.
        let url = self.may_redirect.then(|| Box::new(request.url().clone()));
        (url, http.execute(request))
    }

    async fn attempt_through(
        &self,
        transport: &dyn Transport,
        request: &AttemptRequest<'_>,
        partial: &mut PartialResponse,
        on_head: impl FnOnce(StatusCode, &HeaderMap),
    ) -> Result<(), Failure> {
        let parts = request.parts;
        let sent = http::Request::builder()
            .method(parts.method)
            .uri(self.url(parts).as_str())
            .body(parts.body.cloned().unwrap_or_default());
        let mut sent = sent.map_err(|error| {
            let failure = Failure::new(ErrorKind::InvalidRequest, "the URL is not valid");
            failure.caused_by(Box::new(error)).into_final()
        })?;
        *sent.headers_mut() = headers(request);
        let mut response = transport.send(sent).await?;
        on_head(response.status, &response.headers);
        partial.begin(response.status, response.headers);
        while let Some(chunk) = response.body.chunk().await? {
            partial.push(chunk, 0, self.max_response_bytes)?;
        }
        Ok(())
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
        *request.headers_mut() = headers(attempt);
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

/// Returns the headers of an attempt, including those that the caller added.
fn headers(attempt: &AttemptRequest<'_>) -> HeaderMap {
    let parts = attempt.parts;
    let mut headers = attempt
        .headers
        .of(parts.method, parts.body.is_some())
        .clone();
    for (name, value) in attempt.own_headers {
        if !RESERVED.contains(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    headers
}
