//! The client: its constructors, and the path of a request through it.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::build::{Operation, RawRequest, Request};
use super::builder::ClientBuilder;
use super::outcome::{
    Mismatch, OperationObserver, OperationReport, Response, ResponseParts, Unknowns, decode, ended,
    span,
};
use super::send::{Core, run};
use crate::auth::{Credentials, variable};
use crate::error::{Context, Error};
use crate::policy::Options;

/// A client of the Heymarket API, with one method for each operation.
///
/// Clones are cheap, and share connections, the token, the rate limit and the retry
/// budget. A client needs a tokio runtime.
///
/// A failed request is retried only if that cannot have a second effect: see
/// [`Safety`](crate::Safety). Dropping the future of a method is safe at any time,
/// but the server may still act on the request.
#[derive(Clone)]
pub struct Client {
    pub(super) core: Arc<Core>,
    pub(super) options: Arc<Options>,
    pub(super) observers: Arc<Observers>,
}

/// The observers of a client.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) operations: Option<Box<dyn OperationObserver>>,
    pub(super) responses: Option<Unknowns>,
}

impl Client {
    /// Creates a client of the production API, with the defaults of
    /// [`ClientBuilder`].
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), heymarket_api::Error> {
    /// use heymarket_api::{Client, Credentials};
    ///
    /// let client = Client::new(Credentials::api_secret("secret id", "secret key"))?;
    /// let conversation = client.get_conversation(9920).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if the credentials
    /// are not valid, or the crate was built without TLS.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// Creates a client from environment variables: those of
    /// [`Credentials::from_env`], and `HEYMARKET_BASE_URL` for another server than
    /// production.
    ///
    /// ```no_run
    /// # fn run() -> Result<(), heymarket_api::Error> {
    /// let client = heymarket_api::Client::from_env()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration), which names the
    /// variable.
    pub fn from_env() -> Result<Self, Error> {
        let builder = Self::builder(Credentials::from_env()?);
        match variable("HEYMARKET_BASE_URL")? {
            Some(url) => builder.base_url(url).build(),
            None => builder.build(),
        }
    }

    /// Returns a builder, for settings other than the defaults.
    ///
    /// ```no_run
    /// # fn run() -> Result<(), heymarket_api::Error> {
    /// use std::time::Duration;
    ///
    /// use heymarket_api::{Client, Credentials};
    ///
    /// let client = Client::builder(Credentials::from_env()?)
    ///     .timeout(Duration::from_secs(10))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    /// Returns a client with other options, for one request or for many. It is a cheap
    /// clone that shares everything else with this one.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
    /// use std::time::Duration;
    ///
    /// let hasty = client.with_options(|options| {
    ///     options.timeout(Duration::from_secs(2)).max_retries(0)
    /// });
    /// hasty.list_inboxes().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(&self, change: impl FnOnce(Options) -> Options) -> Self {
        Self {
            core: Arc::clone(&self.core),
            options: Arc::new(change((*self.options).clone())),
            observers: Arc::clone(&self.observers),
        }
    }

    /// Takes a slot of the rate limit for each duration, until it has passed. Use it for
    /// requests that a process with the same key made shortly before it ended, which
    /// the server still counts.
    ///
    /// A request counts for 60 seconds from its response; without a response, for its
    /// timeouts and 60 seconds. A [custom](crate::RateLimit::custom) limiter is not
    /// affected.
    ///
    /// ```no_run
    /// # fn run(client: &heymarket_api::Client) {
    /// use std::time::Duration;
    ///
    /// // 20 requests were answered 15 seconds ago.
    /// client.hold_rate_limit([Duration::from_secs(45); 20]);
    /// # }
    /// ```
    pub fn hold_rate_limit(&self, durations: impl IntoIterator<Item = Duration>) {
        self.core.admissions.hold_for(durations);
    }

    /// Returns how long an attempt of this client may take to reach the server: its connect
    /// timeout and its timeout (or its deadline, if that is shorter), by default 40 seconds. The server may count a
    /// request without a response for 60 seconds longer.
    #[must_use]
    pub fn max_flight(&self) -> Duration {
        let connecting = self.core.connect_timeout;
        connecting.saturating_add(self.options.timeout.min(self.options.deadline))
    }

    /// Returns a bearer token, for a request that another program sends.
    ///
    /// A token of an API secret is valid for at least a minute; a legacy API key is
    /// returned as it is. Treat either as a secret.
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if the clock is
    /// before 1970.
    pub fn token(&self) -> Result<String, Error> {
        let authorization = self.core.signer.authorization(self.core.clock.now())?;
        Ok(authorization.headers.token().unwrap_or_default().to_owned())
    }

    /// Returns the time of day, by the client's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// Starts to build a request.
    pub(crate) fn request(
        &self,
        operation: &'static Operation,
        path: impl Into<Cow<'static, str>>,
    ) -> Request<'_> {
        let checked_by = self.core.check_requests.then_some(&*self.core.clock);
        Request::new(operation, path.into(), checked_by)
    }

    /// Sends a request that was assembled at run time, like the operation's method does.
    /// [`Response::body`] returns the bytes as they arrived.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
    /// use heymarket_api::{RawRequest, http::Method};
    ///
    /// let request = RawRequest::new(Method::GET, "/v1/conversations/9920");
    /// let conversation = client.execute(&request).await?;
    /// println!("{}", conversation["status"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Like the operation's method.
    pub async fn execute(&self, request: &RawRequest) -> Result<Response<Value>, Error> {
        self.execute_as(request).await
    }

    /// Sends a request like [`execute`](Self::execute), and decodes the response as a
    /// `T`.
    ///
    /// # Errors
    ///
    /// Like the operation's method.
    pub async fn execute_as<T: DeserializeOwned + Send>(
        &self,
        request: &RawRequest,
    ) -> Result<Response<T>, Error> {
        let checked_by = self.core.check_requests.then_some(&*self.core.clock);
        self.send(request.built(checked_by)).await
    }

    /// Sends a request and decodes its response as a `T`. Only the decoding is
    /// generic, so the rest is compiled once and not for each type.
    pub(crate) async fn send<T: DeserializeOwned + Send>(
        &self,
        mut request: Request<'_>,
    ) -> Result<Response<T>, Error> {
        let mut value = None;
        let unknowns = self.observers.responses.as_ref();
        let operation = request.operation;
        let mut read = |body: &[u8]| {
            value = Some(match unknowns {
                // Decodes into the box, without a copy.
                None => decode(body)?,
                Some(unknowns) => Box::new(unknowns.decode(operation, body)?),
            });
            Ok(())
        };
        let parts = self.send_and_read(&mut request, &mut read).await?;
        match value {
            Some(value) => Ok(Response::new(value, parts)),
            None => unreachable!("a successful response was read"),
        }
    }

    async fn send_and_read(
        &self,
        request: &mut Request<'_>,
        read: Read<'_>,
    ) -> Result<ResponseParts, Error> {
        let operation = request.operation;
        let observer = self.observers.operations.as_deref();
        let begun = observer.map(|_| self.core.clock.elapsed());
        let span = span(operation, &self.core.endpoint.host);
        let sent = {
            let mut run = pin!(run(&self.core, &self.options, request));
            poll_fn(|context| span.in_scope(|| run.as_mut().poll(context))).await
        };
        let outcome = sent.and_then(|(response, attempts)| {
            let parts = ResponseParts {
                response,
                attempts,
                local_id: request.take_local_id(),
            };
            span.in_scope(|| read_body(operation, parts, read))
        });
        ended(&span, &outcome);
        if let (Some(observer), Some(begun)) = (observer, begun) {
            let duration = self.core.clock.elapsed().saturating_sub(begun);
            observer.ended(&OperationReport::new(operation, duration, &outcome));
        }
        outcome
    }
}

/// Decodes the body of a response.
fn read_body(
    operation: &'static Operation,
    parts: ResponseParts,
    read: Read<'_>,
) -> Result<ResponseParts, Error> {
    match read(&parts.response.body) {
        Ok(()) => Ok(parts),
        Err(mismatch) => {
            let context = Context {
                operation,
                attempts: parts.attempts,
                local_id: parts.local_id,
            };
            Err(Error::decode(context, mismatch, parts.response))
        }
    }
}

/// Decodes a body and stores the value.
type Read<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), Mismatch> + Send);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.core.endpoint.base_url.as_str())
            .field("credentials", self.core.signer.credentials())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
