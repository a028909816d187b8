use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::builder::ClientBuilder;
use super::decode::{Mismatch, decode};
use super::error::{Context, Error};
use super::operation::Operation;
use super::request::Request;
use super::response::{Delivery, Response};
use super::send::Core;
use super::telemetry::{self, OperationObserver, OperationReport};
use super::unknown::Unknowns;
use crate::auth::Credentials;
use crate::policy::Options;

/// A client of the Heymarket API, with one method for each operation.
///
/// Cloning it is cheap, and clones share connections, the token, the rate
/// limit and the retry budget. It needs a tokio runtime.
///
/// A request is sent again after a failure only if that cannot have an effect
/// twice: see [`Safety`](crate::Safety). Dropping the future of a method is
/// safe at any time; the server may have acted on the request all the same.
#[derive(Clone)]
pub struct Client {
    pub(super) core: Arc<Core>,
    pub(super) options: Arc<Options>,
    pub(super) observers: Arc<Observers>,
}

/// Who is told what the client sees.
#[derive(Default)]
pub(super) struct Observers {
    pub(super) operations: Option<Box<dyn OperationObserver>>,
    pub(super) responses: Option<Unknowns>,
}

impl Client {
    /// A client of the production API, with the defaults of
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) when the credentials
    /// cannot be right, or the crate was built without TLS.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A client after the environment: [`Credentials::from_env`], and
    /// `HEYMARKET_BASE_URL` for another server than production.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration), naming the variable.
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

    /// The same client with other options, for one request or for many. It is a
    /// cheap clone that shares everything with this one.
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

    /// Takes a place in the rate limit for each of these durations, until it has
    /// passed: for requests that a process with the same key made shortly before
    /// it ended, which the server still counts.
    ///
    /// A request counts for 60 seconds from its answer; one without an answer
    /// for as long as its timeouts on top. It has no effect on a
    /// [custom](crate::RateLimit::custom) limiter.
    pub fn hold_rate_limit(&self, durations: impl IntoIterator<Item = Duration>) {
        self.core.admissions.hold_for(durations);
    }

    /// The time of day, by the client's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// Begins a request.
    pub(crate) fn request(
        &self,
        operation: &'static Operation,
        path: impl Into<Cow<'static, str>>,
    ) -> Request<'_> {
        let checked_by = self.core.check_requests.then_some(&*self.core.clock);
        Request::new(operation, path.into(), checked_by)
    }

    /// Sends a request and reads its answer as a `T`. Nothing but the reading is
    /// generic, so that the rest is compiled once and not for each type.
    pub(crate) async fn send<T: DeserializeOwned + Send>(
        &self,
        mut request: Request<'_>,
    ) -> Result<Response<T>, Error> {
        let mut value = None;
        let unknowns = self.observers.responses.as_ref();
        let mut read = |body: &[u8]| {
            value = Some(match unknowns {
                // Into the box, and not copied from place to place.
                None => decode(body)?,
                Some(unknowns) => Box::new(unknowns.decode(body)?),
            });
            Ok(())
        };
        let delivery = self.deliver(&mut request, &mut read).await?;
        match value {
            Some(value) => Ok(Response::new(value, delivery)),
            None => unreachable!("what was delivered was read"),
        }
    }

    async fn deliver(&self, request: &mut Request<'_>, read: Read<'_>) -> Result<Delivery, Error> {
        let operation = request.operation;
        let observer = self.observers.operations.as_deref();
        let begun = observer.map(|_| self.core.clock.elapsed());
        let span = telemetry::span(operation, &self.core.transport.host);
        let answered = {
            let mut run = pin!(self.core.run(&self.options, request));
            poll_fn(|context| span.in_scope(|| run.as_mut().poll(context))).await
        };
        let outcome = answered.and_then(|(answer, attempts)| {
            let delivery = Delivery {
                answer,
                attempts,
                local_id: request.take_local_id(),
            };
            span.in_scope(|| delivered(operation, delivery, read))
        });
        telemetry::ended(&span, &outcome);
        if let (Some(observer), Some(begun)) = (observer, begun) {
            let duration = self.core.clock.elapsed().saturating_sub(begun);
            observer.ended(&OperationReport::new(operation, duration, &outcome));
        }
        outcome
    }
}

/// Reads the body of an answer.
fn delivered(
    operation: &'static Operation,
    delivery: Delivery,
    read: Read<'_>,
) -> Result<Delivery, Error> {
    match read(&delivery.answer.body) {
        Ok(()) => Ok(delivery),
        Err(mismatch) => {
            let context = Context {
                operation,
                attempts: delivery.attempts,
                local_id: delivery.local_id,
            };
            Err(Error::decode(context, mismatch, delivery.answer))
        }
    }
}

/// Reads a body into a place of its own.
type Read<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), Mismatch> + Send);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.core.transport.base_url.as_str())
            .field("credentials", self.core.signer.credentials())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
