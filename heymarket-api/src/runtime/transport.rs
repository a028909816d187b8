//! One attempt over HTTP.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::Url;

use super::attempt::Outcome;
use super::error::{ErrorKind, Failure};
use super::request::Parts;
use super::response::Answer;
use crate::auth::Headers;

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

/// What an attempt needs beside the request.
pub(super) struct Call<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) headers: &'a Headers,
    /// Of the caller's own choosing.
    pub(super) own_headers: &'a HeaderMap,
    pub(super) timeout: Duration,
}

/// Sends requests to one server.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
    /// Whether it may follow redirects.
    pub(super) may_redirect: bool,
    /// Whether it is one of the caller's, which may send a request again.
    pub(super) may_resend: bool,
    pub(super) base_url: Url,
    /// The path of the base URL, without a slash at its end.
    pub(super) base_path: String,
    /// The server's host name or address, for telemetry.
    pub(super) host: String,
    pub(super) max_response_bytes: usize,
}

impl Transport {
    /// Sends a request and reads the whole answer into `progress`, where what
    /// came of it stays when this fails. Calls `answered` when the head of the
    /// answer is there.
    pub(super) async fn attempt(
        &self,
        call: &Call<'_>,
        progress: &mut Progress,
        answered: impl FnOnce(StatusCode, &HeaderMap),
    ) -> Result<(), Failure> {
        let attempt = self.untimed_attempt(call, progress, answered);
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
        answered: impl FnOnce(StatusCode, &HeaderMap),
    ) -> Result<(), Failure> {
        let (url, answer) = self.begin(call);
        let mut response = answer.await.map_err(Failure::of_http)?;
        let redirected = url.is_some_and(|url| *response.url() != *url);
        if !redirected {
            answered(response.status(), response.headers());
        }
        progress.begin(&mut response);
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
        let expected = announced.and_then(|length| usize::try_from(length).ok());
        let expected = expected.unwrap_or_default();
        while let Some(piece) = response.chunk().await.map_err(Failure::of_http)? {
            progress.push(piece, expected, limit)?;
        }
        Ok(())
    }

    /// The answer that is on its way, and what was asked if another may answer.
    fn begin(
        &self,
        call: &Call<'_>,
    ) -> (
        Option<Box<Url>>,
        impl Future<Output = Result<reqwest::Response, reqwest::Error>> + use<>,
    ) {
        let request = self.http_request(call);
        // A client of the crate's own follows none.
        let url = self.may_redirect.then(|| Box::new(request.url().clone()));
        (url, self.http.execute(request))
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
        let headers = call.headers.of(parts.method, parts.body.is_some());
        let mut headers = headers.clone();
        for (name, value) in call.own_headers {
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

/// What has come of an answer.
#[derive(Default)]
pub(super) struct Progress {
    /// Its head, and its body if that came in one piece.
    answer: Option<Box<Answer>>,
    /// Its body if that came in several.
    pieces: Vec<u8>,
}

impl Progress {
    fn begin(&mut self, response: &mut reqwest::Response) {
        self.answer = Some(Box::new(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: Bytes::new(),
        }));
    }

    /// Adds to the body, unless it would be larger than allowed. The first piece
    /// is copied only if there is a second; there is room for `expected` bytes
    /// then.
    fn push(&mut self, piece: Bytes, expected: usize, limit: usize) -> Result<(), Failure> {
        let Some(answer) = &mut self.answer else {
            return Ok(());
        };
        let length = self.pieces.len().max(answer.body.len());
        if length + piece.len() > limit {
            return Err(Failure::too_large(limit));
        }
        if length == 0 {
            answer.body = piece;
            return Ok(());
        }
        if self.pieces.is_empty() {
            self.pieces.reserve_exact(expected.min(RESERVED_AT_MOST));
            self.pieces
                .extend_from_slice(&std::mem::take(&mut answer.body));
        }
        self.pieces.extend_from_slice(&piece);
        Ok(())
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.answer.as_ref().map(|answer| answer.status)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        let answer = self.answer.as_ref()?;
        answer.request_id().map(str::to_owned)
    }

    pub(super) fn into_answer(self) -> Option<Box<Answer>> {
        let mut answer = self.answer?;
        if !self.pieces.is_empty() {
            answer.body = self.pieces.into();
        }
        Some(answer)
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
    pub(super) fn for_good(mut self) -> Self {
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
