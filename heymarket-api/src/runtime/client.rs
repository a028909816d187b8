use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use super::attempt::{Attempt, Outcome};
use super::builder::ClientBuilder;
use super::decode::decode;
use super::error::{Error, ErrorKind, Failure};
use super::operation::Operation;
use super::redact::redact;
use super::request::{Parts, Request};
use super::response::{Answer, Response};
use super::server_message;
use crate::auth::{Clock, Credentials, Signer};

/// A client of the Heymarket API, with one method for each operation.
///
/// Cloning it is cheap, and clones share connections and the token. It needs
/// a tokio runtime.
///
/// A request is sent once. Dropping the future of a method is safe at any
/// time; the server may have acted on the request all the same.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

/// What the clones of a client share.
pub(super) struct Core {
    pub(super) http: reqwest::Client,
    /// Without a slash at its end.
    pub(super) base_url: String,
    pub(super) signer: Signer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) user_agent: HeaderValue,
    pub(super) timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) max_response_bytes: usize,
    pub(super) check_requests: bool,
}

impl Client {
    /// A client of the production API, with the defaults of
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) when the credentials cannot
    /// be right, or the crate was built without TLS.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A client after the environment: [`Credentials::from_env`], and
    /// `HEYMARKET_BASE_URL` for another server than production.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration), naming the variable.
    pub fn from_env() -> Result<Self, Error> {
        let builder = Self::builder(Credentials::from_env()?);
        match crate::auth::variable("HEYMARKET_BASE_URL")? {
            Some(url) => builder.base_url(url).build(),
            None => builder.build(),
        }
    }

    /// A builder, for what is not the default.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    pub(super) fn from_core(core: Core) -> Self {
        Self {
            core: Arc::new(core),
        }
    }

    /// Begins a request.
    pub(crate) fn request(
        &self,
        operation: &'static Operation,
        path: impl Into<Cow<'static, str>>,
    ) -> Request {
        let now = self.core.check_requests.then(|| self.core.clock.now());
        Request::new(operation, path.into(), now)
    }

    /// Sends a request and reads its answer as a `T`.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<Response<T>, Error> {
        let (answer, attempts) = self.answer(&request).await?;
        match decode(&answer.body) {
            Ok(value) => Ok(Response::new(value, answer, attempts)),
            Err(mismatch) => Err(Error::decode(request.operation, mismatch, answer, attempts)),
        }
    }

    /// Sends a request, and gives the answer if its status is a 2xx.
    ///
    /// It is not generic, so that it is compiled once and not for each
    /// operation.
    async fn answer(&self, request: &Request) -> Result<(Answer, Vec<Attempt>), Error> {
        let core = &*self.core;
        let operation = request.operation;
        let parts = request.parts()?;
        let mut progress = Progress::default();
        let (attempt, outcome) = core.timed_attempt(&parts, &mut progress).await;
        let attempts = vec![attempt];
        let answer = progress.into_answer();
        match (outcome, answer) {
            (Ok(()), Some(answer)) if answer.status.is_success() => Ok((answer, attempts)),
            (Ok(()), Some(answer)) => {
                let body = request.body().map(|body| &body[..]);
                let secrets = core.signer.credentials().parts();
                let message = server_message::find(&answer.body)
                    .map(|message| redact(&message, body, &secrets));
                let now = core.clock.now();
                Err(Error::status_of(operation, answer, message, now, attempts))
            }
            (Ok(()), None) => {
                let failure = Failure::new(ErrorKind::Transport, "no answer came");
                Err(Error::failed(operation, failure, None, attempts))
            }
            (Err(failure), answer) => Err(Error::failed(operation, failure, answer, attempts)),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.core.base_url)
            .field("credentials", self.core.signer.credentials())
            .finish_non_exhaustive()
    }
}

impl Core {
    /// One attempt, with its entry for the ledger.
    async fn timed_attempt(
        &self,
        parts: &Parts<'_>,
        progress: &mut Progress,
    ) -> (Attempt, Result<(), Failure>) {
        let started = self.clock.now();
        let clock = Instant::now();
        let limit = self.timeout.min(self.deadline);
        let outcome = match timeout(limit, self.attempt(parts, progress)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(
                ErrorKind::Timeout,
                format!("no whole answer within {limit:?}"),
            )),
        };
        let attempt = Attempt {
            started,
            duration: clock.elapsed(),
            outcome: match (&outcome, progress.status()) {
                (Ok(()), Some(status)) => Outcome::Answered(status),
                (Ok(()), None) => Outcome::Broken,
                (Err(failure), _) => failure.outcome(),
            },
            request_id: progress.request_id(),
        };
        (attempt, outcome)
    }

    /// Sends a request and reads the whole answer into `progress`, where it
    /// stays when this fails or is dropped halfway.
    async fn attempt(&self, parts: &Parts<'_>, progress: &mut Progress) -> Result<(), Failure> {
        let request = self.http_request(parts)?;
        let url = request.url().clone();
        let response = self.http.execute(request).await.map_err(Failure::of_http)?;
        let redirected = *response.url() != url;
        let mut response = response;
        progress.head = Some((response.status(), std::mem::take(response.headers_mut())));
        if redirected {
            return Err(Failure::new(
                ErrorKind::Transport,
                "the HTTP client followed a redirect; build it with `redirect::Policy::none()`",
            ));
        }
        let limit = self.max_response_bytes;
        if response
            .content_length()
            .is_some_and(|length| length > limit as u64)
        {
            return Err(Failure::too_large(limit));
        }
        while let Some(chunk) = response.chunk().await.map_err(Failure::of_http)? {
            if progress.body.len() + chunk.len() > limit {
                return Err(Failure::too_large(limit));
            }
            progress.body.push(chunk);
        }
        Ok(())
    }

    fn http_request(&self, parts: &Parts<'_>) -> Result<reqwest::Request, Failure> {
        let mark = if parts.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.base_url, parts.path, parts.query);
        let url = url
            .parse()
            .map_err(|_| Failure::new(ErrorKind::InvalidRequest, "its path does not make a URL"))?;
        let mut request = reqwest::Request::new(parts.method.clone(), url);
        let headers = request.headers_mut();
        let authorization = self.signer.authorization().map_err(Failure::of_signing)?;
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        if let Some(body) = parts.body {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }
}

/// What has come of an answer.
#[derive(Default)]
struct Progress {
    head: Option<(StatusCode, HeaderMap)>,
    body: Body,
}

impl Progress {
    fn status(&self) -> Option<StatusCode> {
        self.head.as_ref().map(|(status, _)| *status)
    }

    fn request_id(&self) -> Option<String> {
        let (_, headers) = self.head.as_ref()?;
        super::response::request_id(headers).map(str::to_owned)
    }

    fn into_answer(self) -> Option<Answer> {
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
    fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            source: None,
        }
    }

    fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(ErrorKind::BodyTooLarge, detail)
    }

    fn of_signing(error: Error) -> Self {
        Self::new(ErrorKind::Configuration, error.to_string())
    }

    fn of_http(error: reqwest::Error) -> Self {
        // The URL holds the query, and that phone numbers.
        let error = error.without_url();
        let kind = if error.is_connect() {
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
        }
    }

    fn outcome(&self) -> Outcome {
        match self.kind {
            ErrorKind::Timeout => Outcome::TimedOut,
            ErrorKind::BodyTooLarge => Outcome::TooLarge,
            ErrorKind::Transport => Outcome::Broken,
            _ => Outcome::NotConnected,
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
