//! One attempt over HTTP.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Url;

use super::attempt::Outcome;
use super::error::{ErrorKind, Failure};
use super::request::Parts;
use super::response::{self, Answer};

/// Headers that say what the request is; a caller's own would make it another.
const RESERVED: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
];

/// How much is made room for on a server's word, in bytes.
const RESERVED_AT_MOST: usize = 1024 * 1024;

/// How many headers the client sets by itself at most.
const HEADERS: usize = 4;

/// What an attempt needs beside the request.
pub(super) struct Call<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) authorization: &'a HeaderValue,
    /// Of the caller's own choosing.
    pub(super) headers: &'a HeaderMap,
    pub(super) timeout: Duration,
}

/// Sends requests to one server.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
    /// Whether it is one of the caller's, which may follow redirects.
    pub(super) may_redirect: bool,
    pub(super) base_url: Url,
    /// The path of the base URL, without a slash at its end.
    pub(super) base_path: String,
    /// The server's host name or address, for telemetry.
    pub(super) host: String,
    pub(super) user_agent: HeaderValue,
    pub(super) max_response_bytes: usize,
}

impl Transport {
    /// Sends a request and reads the whole answer into `progress`, where what
    /// came of it stays when this fails.
    pub(super) async fn attempt(
        &self,
        call: &Call<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        // It is the largest part of every operation's future, each layer of which
        // would copy it.
        let attempt = Box::pin(self.untimed_attempt(call, progress));
        match tokio::time::timeout(call.timeout, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(
                ErrorKind::Timeout,
                format!("no whole answer within {:?}", call.timeout),
            )),
        }
    }

    async fn untimed_attempt(
        &self,
        call: &Call<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let request = self.http_request(call);
        // A client of the crate's own follows none.
        let url = self.may_redirect.then(|| request.url().clone());
        let mut response = self.http.execute(request).await.map_err(Failure::of_http)?;
        let redirected = url.is_some_and(|url| *response.url() != url);
        let headers = std::mem::take(response.headers_mut());
        progress.head = Some((response.status(), headers));
        if redirected {
            return Err(Failure::new(
                ErrorKind::Transport,
                "the HTTP client followed a redirect; build it with `redirect::Policy::none()`",
            )
            .for_good());
        }
        let limit = self.max_response_bytes;
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Failure::too_large(limit));
        }
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        progress.body.expected = announced.unwrap_or_default().min(RESERVED_AT_MOST);
        while let Some(chunk) = response.chunk().await.map_err(Failure::of_http)? {
            if progress.body.len() + chunk.len() > limit {
                return Err(Failure::too_large(limit));
            }
            progress.body.push(chunk);
        }
        Ok(())
    }

    /// The base URL is parsed once: parsing a whole URL takes longer than all the
    /// rest of building a request.
    fn url(&self, parts: &Parts<'_>) -> Url {
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

    fn http_request(&self, call: &Call<'_>) -> reqwest::Request {
        let parts = call.parts;
        let mut request = reqwest::Request::new(parts.method.clone(), self.url(parts));
        let headers = request.headers_mut();
        headers.reserve(HEADERS + call.headers.len());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        for (name, value) in call.headers {
            if !RESERVED.contains(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        headers.insert(header::AUTHORIZATION, call.authorization.clone());
        if let Some(body) = parts.body {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.clone().into());
        } else if matches!(*parts.method, Method::POST | Method::PUT) {
            // Some proxies want to hear that there is no body.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        request
    }
}

/// What has come of an answer.
#[derive(Default)]
pub(super) struct Progress {
    head: Option<(StatusCode, HeaderMap)>,
    body: Body,
}

impl Progress {
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.head.as_ref().map(|(status, _)| *status)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        let (_, headers) = self.head.as_ref()?;
        response::request_id(headers).map(str::to_owned)
    }

    pub(super) fn into_answer(self) -> Option<Answer> {
        let (status, headers) = self.head?;
        Some(Answer {
            status,
            headers,
            body: self.body.into_bytes(),
        })
    }
}

/// The chunks of a body; the first is copied only if there is a second.
#[derive(Default)]
struct Body {
    first: Bytes,
    all: Vec<u8>,
    /// How much room to make for it at once.
    expected: usize,
}

impl Body {
    fn len(&self) -> usize {
        self.first.len().max(self.all.len())
    }

    fn push(&mut self, chunk: Bytes) {
        if self.first.is_empty() {
            self.first = chunk;
            return;
        }
        if self.all.is_empty() {
            self.all.reserve_exact(self.expected);
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&chunk);
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.into()
        }
    }
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            source: None,
            is_final: false,
        }
    }

    /// The same would happen again.
    fn for_good(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// The same, with the reason why there is no further attempt.
    pub(super) fn because(mut self, reason: &str) -> Self {
        if !reason.is_empty() {
            self.detail = format!("{}; {reason}", self.detail);
        }
        self
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self.kind {
            ErrorKind::Timeout => Outcome::TimedOut,
            ErrorKind::BodyTooLarge => Outcome::TooLarge,
            ErrorKind::Transport => Outcome::Broken,
            _ => Outcome::NotConnected,
        }
    }

    fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(ErrorKind::BodyTooLarge, detail)
    }

    fn of_http(error: reqwest::Error) -> Self {
        // The URL holds the query, and that phone numbers.
        let error = error.without_url();
        let is_final = error.is_builder();
        let kind = if is_final {
            // It was not sent: the HTTP client does not take it.
            ErrorKind::InvalidRequest
        } else if error.is_connect() {
            ErrorKind::Connect
        } else if error.is_timeout() {
            ErrorKind::Timeout
        } else {
            ErrorKind::Transport
        };
        Self {
            kind,
            detail: causes(&error),
            source: Some(Box::new(error)),
            is_final,
        }
    }
}

/// The messages of an error's sources, the outermost first; its own says no
/// more than that it happened.
fn causes(error: &reqwest::Error) -> String {
    let mut messages: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let message = source.to_string();
        // Some errors repeat what they are caused by.
        if messages.last().is_none_or(|last| !last.contains(&message)) {
            messages.push(message);
        }
        next = source.source();
    }
    if messages.is_empty() {
        messages.push(error.to_string());
    }
    messages.join(": ")
}
