//! A transport other than the default HTTP client, for middleware, other TLS stacks and
//! mocks.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Request, StatusCode};

use crate::error::{ErrorKind, Failure};

/// An error of any type.
type AnyError = Box<dyn StdError + Send + Sync>;

/// Sends one request and returns its response. Set one with
/// [`ClientBuilder::transport`](crate::ClientBuilder::transport).
///
/// The client calls a transport for each attempt, below the rate limit, the signature,
/// the retries and the timeouts. A transport must send a request at most once: if it
/// follows redirects or retries, a message may be sent twice. The client may
/// drop the future at any time.
///
/// ```
/// use bytes::Bytes;
/// use heymarket_api::{Client, Credentials, Sending, Transport, TransportError, http, reqwest};
///
/// /// Adds a header to each request, such as a middleware does.
/// struct Traced(reqwest::Client);
///
/// impl Transport for Traced {
///     fn send(&self, mut request: http::Request<Bytes>) -> Sending<'_> {
///         let value = http::HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736");
///         request.headers_mut().insert("traceparent", value);
///         Box::pin(async {
///             let request = reqwest::Request::try_from(request)?;
///             Ok(self.0.execute(request).await?.into())
///         })
///     }
/// }
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
/// let client = Client::builder(Credentials::api_key("key")).transport(Traced(http)).build()?;
/// # Ok(())
/// # }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends a request. The URI is absolute, and the headers include the token. The body
    /// is empty if the request has none.
    ///
    /// # Errors
    ///
    /// Returns a [`TransportError`] that says whether the request may have reached the
    /// server. The client decides by it whether the request may be sent again.
    fn send(&self, request: Request<Bytes>) -> Sending<'_>;
}

/// The future of [`Transport::send`].
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<TransportResponse, TransportError>> + Send + 'a>>;

/// The response of a [`Transport`], from an [`http::Response`] or a
/// [`reqwest::Response`].
///
/// ```
/// use heymarket_api::{TransportResponse, http};
///
/// let response = http::Response::builder().status(200).body(r#"{"id": 9920}"#).unwrap();
/// let response = TransportResponse::from(response);
/// ```
pub struct TransportResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

/// The body of a response.
pub(super) enum Body {
    Whole(Bytes),
    Reqwest(reqwest::Response),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, AnyError>> + Send>>),
}

impl TransportResponse {
    /// Creates a response whose body arrives in chunks. An error of the stream counts as
    /// a broken connection.
    pub fn from_stream<E: Into<AnyError>>(
        response: http::Response<impl Stream<Item = Result<Bytes, E>> + Send + 'static>,
    ) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: Body::Stream(Box::pin(Chunks(Box::pin(body)))),
        }
    }
}

/// A stream whose error is of any type.
struct Chunks<S>(Pin<Box<S>>);

impl<S, E> Stream for Chunks<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<AnyError>,
{
    type Item = Result<Bytes, AnyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.0.as_mut().poll_next(context);
        chunk.map(|chunk| chunk.map(|chunk| chunk.map_err(Into::into)))
    }
}

impl<B: Into<Bytes>> From<http::Response<B>> for TransportResponse {
    fn from(response: http::Response<B>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: Body::Whole(body.into()),
        }
    }
}

impl From<reqwest::Response> for TransportResponse {
    fn from(mut response: reqwest::Response) -> Self {
        Self {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: Body::Reqwest(response),
        }
    }
}

impl fmt::Debug for TransportResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies hold phone numbers and message text.
        f.debug_struct("TransportResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Body {
    /// Returns the next chunk; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Whole(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Self::Reqwest(response) => Ok(response.chunk().await?),
            Self::Stream(stream) => {
                let chunk = poll_fn(|context| stream.as_mut().poll_next(context)).await;
                chunk
                    .transpose()
                    .map_err(|source| TransportError::broken(source).into())
            }
        }
    }
}

/// Why a [`Transport`] has no response. `Display` and `source()` are those of the
/// error's source.
#[derive(Debug)]
pub struct TransportError {
    kind: ErrorKind,
    is_final: bool,
    /// A text that is safe to show.
    detail: Option<String>,
    source: AnyError,
}

impl TransportError {
    /// No connection was made, so the request was not sent. The client may try again.
    pub fn not_connected(source: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Connect, source)
    }

    /// The response did not arrive in time. The server may have acted.
    pub fn timed_out(source: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Timeout, source)
    }

    /// The connection broke. The server may have acted.
    pub fn broken(source: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Transport, source)
    }

    /// The transport refuses the request, and would refuse it again. It was not sent.
    pub fn refused(source: impl Into<AnyError>) -> Self {
        Self {
            is_final: true,
            ..Self::new(ErrorKind::InvalidRequest, source)
        }
    }

    /// Refuses a request with a text that is safe to show.
    pub(super) fn refused_because(detail: String) -> Self {
        Self {
            detail: Some(detail.clone()),
            ..Self::refused(detail)
        }
    }

    fn new(kind: ErrorKind, source: impl Into<AnyError>) -> Self {
        Self {
            kind,
            is_final: false,
            detail: None,
            source: source.into(),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.source()
    }
}

impl From<reqwest::Error> for TransportError {
    fn from(error: reqwest::Error) -> Self {
        let failure = Failure::from(error);
        Self {
            kind: failure.kind,
            is_final: failure.is_final,
            detail: None,
            source: failure.source.unwrap_or_else(|| failure.detail.into()),
        }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        // The text of a foreign error may hold anything, so only `source()` has it.
        let detail = match error.kind {
            ErrorKind::InvalidRequest => "the transport refused the request",
            ErrorKind::Connect => "the transport did not connect",
            ErrorKind::Timeout => "the transport timed out",
            _ => "the transport failed",
        };
        let detail = error.detail.unwrap_or_else(|| detail.to_owned());
        let failure = Self::new(error.kind, detail).caused_by(error.source);
        if error.is_final {
            failure.into_final()
        } else {
            failure
        }
    }
}
