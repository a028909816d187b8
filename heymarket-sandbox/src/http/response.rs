//! A response of the API, and its faults in transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::dialect::DialectChooser;
use crate::render::Renderer;
use crate::store::{Rejection, Store};

/// Names the unknown members of a request.
pub(super) const WARNING: HeaderName = HeaderName::from_static("x-sandbox-warning");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Marks a response whose connection is closed instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Close;

/// A response before it is converted to HTTP.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) allow: Option<String>,
    /// The offset of `Date`, in seconds.
    pub(crate) skew_seconds: i64,
    pub(crate) cut_off: bool,
    /// How long the body takes to be sent.
    pub(crate) drip: Duration,
    pub(crate) retry_after_seconds: Option<u64>,
    /// Unknown members of the request.
    pub(crate) warning: Option<String>,
}

impl ApiResponse {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: body.to_string().into(),
            allow: None,
            skew_seconds: 0,
            cut_off: false,
            drip: Duration::ZERO,
            retry_after_seconds: None,
            warning: None,
        }
    }

    /// Returns JSON that is a text already.
    pub(crate) fn text(status: u16, body: &'static str) -> Self {
        Self {
            body: Bytes::from_static(body.as_bytes()),
            ..Self::json(status, &Value::Null)
        }
    }

    /// Returns the error page of a proxy.
    pub(crate) fn html(status: u16) -> Self {
        let status_line = StatusCode::from_u16(status)
            .map_or_else(|_| status.to_string(), |status| status.to_string());
        let page = format!(
            "<html>\r\n<head><title>{status_line}</title></head>\r\n<body>\r\n\
             <center><h1>{status_line}</h1></center>\r\n<hr><center>nginx</center>\r\n\
             </body>\r\n</html>\r\n"
        );
        Self {
            content_type: "text/html",
            body: page.into(),
            ..Self::json(status, &Value::Null)
        }
    }

    pub(crate) fn rejection(rejection: &Rejection, dialect: &mut DialectChooser) -> Self {
        // An error response contains no records.
        let store = Store::default();
        let mut renderer = Renderer {
            store: &store,
            dialect,
        };
        let body = renderer.error(rejection.name, &rejection.message);
        Self::json(rejection.status, &body)
    }

    /// Returns the bytes of the response, with `Connection: close`.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let body = self.body.clone();
        let response = self.into_response();
        let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
        for (name, value) in response.headers() {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"connection: close\r\n\r\n");
        bytes.extend_from_slice(&body);
        bytes
    }

    pub(crate) fn into_response(self) -> Response {
        let length = self.body.len();
        let body = if self.cut_off {
            Body::new(CutOff(Some(self.body.slice(..length / 2))))
        } else if !self.drip.is_zero() {
            Body::new(Drip::new(self.body, self.drip))
        } else {
            Body::new(Full::new(self.body))
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CONTENT_LENGTH, length.into());
        put_text(headers, REQUEST_ID, &uuid::Uuid::new_v4().to_string());
        if let Some(allow) = &self.allow {
            put_text(headers, http::header::ALLOW, allow);
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(warning) = &self.warning {
            put_text(headers, WARNING, &warning.escape_default().to_string());
        }
        let skew = SignedDuration::from_secs(self.skew_seconds);
        let date = Timestamp::now()
            .saturating_add(skew)
            .unwrap_or(Timestamp::MAX);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        put_text(headers, DATE, &date);
        response
    }
}

fn put_text(headers: &mut http::HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Returns a response that closes the connection instead of being sent.
pub(crate) fn close() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Close);
    response
}

/// Returns a 500 for an internal error.
pub(crate) fn internal(problem: &str) -> Rejection {
    Rejection::new(500, "server_error", problem)
}

/// A body that ends with an error, short of its `Content-Length`.
struct CutOff(Option<Bytes>);

impl HttpBody for CutOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(start) if !start.is_empty() => Ok(Frame::data(start)),
            _ => Err(io::ErrorKind::ConnectionReset.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// How many pieces a slow body is sent in.
const PIECES: usize = 50;

/// A body that is sent in small pieces, with a pause before each.
struct Drip {
    rest: Bytes,
    piece: usize,
    pause: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl Drip {
    fn new(body: Bytes, total: Duration) -> Self {
        let piece = body.len().div_ceil(PIECES).max(1);
        let pieces = body.len().div_ceil(piece).max(1);
        let pause = total / u32::try_from(pieces).unwrap_or(u32::MAX);
        Self {
            rest: body,
            piece,
            pause,
            sleep: Box::pin(tokio::time::sleep(pause)),
        }
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.sleep.as_mut().poll(context));
        let next = tokio::time::Instant::now() + self.pause;
        self.sleep.as_mut().reset(next);
        let length = self.piece.min(self.rest.len());
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
