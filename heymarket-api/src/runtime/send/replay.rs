//! A transport that answers from a list, for tests without a server.

use std::collections::VecDeque;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request};

use super::transport::{Sending, Transport, TransportError, TransportResponse};

/// A [`Transport`] that returns recorded responses, for tests without a server.
///
/// Each response is used once: a request takes the first one for its method and path. A
/// request without one fails with [`InvalidRequest`](crate::ErrorKind::InvalidRequest)
/// and is not retried. Clones share the responses and the requests.
///
/// ```
/// use heymarket_api::{Client, Credentials, ReplayTransport, http::Method};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), heymarket_api::Error> {
/// let replay = ReplayTransport::new()
///     .respond(Method::GET, "/v1/conversations/9920", 503, "")
///     .respond(Method::GET, "/v1/conversations/9920", 200, r#"{"id": 9920, "status": "open"}"#);
/// let client = Client::builder(Credentials::api_key("key")).transport(replay.clone()).build()?;
///
/// let conversation = client.get_conversation(9920).await?;
/// assert_eq!(conversation.attempts().len(), 2);
/// assert_eq!(replay.requests().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ReplayTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    recorded: VecDeque<Recorded>,
    requests: Vec<ReplayedRequest>,
}

struct Recorded {
    method: Method,
    /// With the query, if only requests with that query match.
    path: String,
    result: Result<TransportResponse, TransportError>,
}

/// A request that a [`ReplayTransport`] received.
///
/// `Debug` shows neither query nor body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayedRequest {
    /// The HTTP method.
    pub method: Method,
    /// The path, with the query.
    pub path: String,
    /// The body; empty if the request has none.
    pub body: Bytes,
}

impl ReplayTransport {
    /// Creates a transport without responses.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a response with a status and a body.
    ///
    /// A path without a query matches requests with any query.
    ///
    /// # Panics
    ///
    /// Panics if the status is not between 100 and 999.
    #[must_use]
    pub fn respond(
        self,
        method: Method,
        path: impl Into<String>,
        status: u16,
        body: impl Into<Bytes>,
    ) -> Self {
        let response = http::Response::builder().status(status).body(body.into());
        match response {
            Ok(response) => self.respond_with(method, path, response),
            Err(_) => panic!("{status} is not an HTTP status"),
        }
    }

    /// Adds a response with headers, for instance a 429 with `Retry-After`.
    #[must_use]
    pub fn respond_with(
        self,
        method: Method,
        path: impl Into<String>,
        response: impl Into<TransportResponse>,
    ) -> Self {
        self.record(method, path.into(), Ok(response.into()))
    }

    /// Adds a failure, such as a broken connection.
    #[must_use]
    pub fn fail(self, method: Method, path: impl Into<String>, error: TransportError) -> Self {
        self.record(method, path.into(), Err(error))
    }

    /// Returns the requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<ReplayedRequest> {
        self.lock().requests.clone()
    }

    /// Returns how many responses were not used.
    #[must_use]
    pub fn unused(&self) -> usize {
        self.lock().recorded.len()
    }

    fn record(
        self,
        method: Method,
        path: String,
        result: Result<TransportResponse, TransportError>,
    ) -> Self {
        self.lock().recorded.push_back(Recorded {
            method,
            path,
            result,
        });
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for ReplayTransport {
    fn send(&self, request: Request<Bytes>) -> Sending<'_> {
        let (parts, body) = request.into_parts();
        let (method, uri) = (parts.method, parts.uri);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut state = self.lock();
        state.requests.push(ReplayedRequest {
            method: method.clone(),
            path: path.to_owned(),
            body,
        });
        let is_match = |recorded: &Recorded| {
            let is_path = recorded.path == path || recorded.path == uri.path();
            recorded.method == method && is_path
        };
        let found = state.recorded.iter().position(is_match);
        let found = found.and_then(|index| state.recorded.remove(index));
        let result = found.map(|recorded| recorded.result).unwrap_or_else(|| {
            let problem = format!("no response is recorded for {method} {}", uri.path());
            Err(TransportError::refused_because(problem))
        });
        Box::pin(ready(result))
    }
}

impl fmt::Debug for ReplayTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ReplayTransport")
            .field("unused", &state.recorded.len())
            .field("requests", &state.requests)
            .finish()
    }
}

impl fmt::Debug for ReplayedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("ReplayedRequest")
            .field("method", &self.method)
            .field("path", &path)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
