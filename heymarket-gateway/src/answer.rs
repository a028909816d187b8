//! Answers: those of the API, passed on, and the gateway's own.

use std::time::Duration;

use bytes::Bytes;
use heymarket_api::{Attempt, Error, ErrorKind};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::problem::Problem;
use crate::report::RequestOutcome;

pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("x-heymarket-attempts");
pub(crate) const OUTCOME: HeaderName = HeaderName::from_static("x-heymarket-outcome");
pub(crate) const LOCAL_ID: HeaderName = HeaderName::from_static("x-heymarket-local-id");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("x-heymarket-replayed");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of one connection, and those that describe another body or another way than
/// the caller's.
const DROPPED: [HeaderName; 13] = [
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::LOCATION,
    header::PROXY_AUTHENTICATE,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("alt-svc"),
];

/// An answer before it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) outcome: RequestOutcome,
    pub(crate) attempts: usize,
    /// How long the rate limit delayed it.
    pub(crate) rate_limit_wait: Duration,
    pub(crate) local_id: Option<String>,
    pub(crate) is_replayed: bool,
    pub(crate) problem: Option<&'static str>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            body,
            outcome: RequestOutcome::Done,
            attempts: 0,
            rate_limit_wait: Duration::ZERO,
            local_id: None,
            is_replayed: false,
            problem: None,
        }
    }

    /// Creates the answer of an API's response.
    pub(crate) fn passed(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        Self {
            headers: end_to_end(headers),
            ..Self::new(status, "", body)
        }
    }

    /// Creates the answer of a failed operation: the API's response if there is a whole
    /// one, else a problem.
    pub(crate) fn of_error(error: &Error) -> Self {
        let outcome = outcome(error);
        let response = error.status().zip(error.headers()).zip(error.body());
        let is_whole = matches!(error.kind(), ErrorKind::Status | ErrorKind::Decode);
        let answer = match response {
            Some(((status, headers), body)) if is_whole => {
                Self::passed(status, headers, body.clone())
            }
            _ => problem(error).with_outcome(outcome).into(),
        };
        Self {
            outcome,
            local_id: error.local_id().map(str::to_owned),
            ..answer
        }
        .after(error.attempts())
    }

    /// Counts the attempts that led to it.
    pub(crate) fn after(mut self, attempts: &[Attempt]) -> Self {
        self.attempts = attempts.len();
        self.rate_limit_wait = attempts.iter().map(|attempt| attempt.rate_limit_wait).sum();
        self
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        let id = self.headers.get(&REQUEST_ID)?;
        id.to_str().ok().map(str::to_owned)
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let mut headers = self.headers;
        let own = |value: &str| HeaderValue::from_str(value).ok();
        headers.insert(ATTEMPTS, HeaderValue::from(self.attempts));
        headers.insert(OUTCOME, HeaderValue::from_static(self.outcome.as_str()));
        if let Some(local_id) = self.local_id.as_deref().and_then(own) {
            headers.insert(LOCAL_ID, local_id);
        }
        if self.is_replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        *response.headers_mut() = headers;
        response
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut answer = Self::new(problem.status, "application/problem+json", problem.body());
        answer.outcome = problem.outcome;
        answer.problem = Some(problem.code);
        if let Some(wait) = problem.retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            answer.headers.insert(header::RETRY_AFTER, seconds);
        }
        if let Some(allow) = problem.allow.and_then(|allow| allow.parse().ok()) {
            answer.headers.insert(header::ALLOW, allow);
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"heymarket gateway\"");
            answer.headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

/// Returns the headers that are not of the connection to the API.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut passed = headers.clone();
    for name in &DROPPED {
        passed.remove(name);
    }
    for name in named {
        passed.remove(name.as_str());
    }
    for name in [ATTEMPTS, OUTCOME, LOCAL_ID, REPLAYED] {
        passed.remove(name);
    }
    passed
}

/// Returns the outcome of a request that failed.
fn outcome(error: &Error) -> RequestOutcome {
    if error.kind() == ErrorKind::Decode {
        RequestOutcome::Done
    } else if error.may_have_been_sent() {
        RequestOutcome::Unknown
    } else {
        RequestOutcome::NotSent
    }
}

/// Describes a failure without a whole response. The text holds nothing sensitive.
fn problem(error: &Error) -> Problem {
    let detail = error.to_string();
    let (status, code, title) = match error.kind() {
        ErrorKind::InvalidRequest => {
            return Problem::bad_request("invalid-request", detail);
        }
        ErrorKind::Connect => (
            StatusCode::BAD_GATEWAY,
            "not-connected",
            "The API is not reachable",
        ),
        ErrorKind::Timeout => (
            StatusCode::GATEWAY_TIMEOUT,
            "timed-out",
            "The API did not answer in time",
        ),
        ErrorKind::RateLimitTimeout => (
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limited",
            "The rate limit is used up",
        ),
        ErrorKind::RateLimiter => (
            StatusCode::SERVICE_UNAVAILABLE,
            "rate-limiter",
            "The shared rate limit is not reachable",
        ),
        ErrorKind::Cancelled => (
            StatusCode::SERVICE_UNAVAILABLE,
            "ledger",
            "The ledger cannot be written",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "connection-broken",
            "The API gave no complete answer",
        ),
    };
    let problem = Problem::new(status, code, title, detail);
    match error.kind() {
        ErrorKind::RateLimitTimeout => problem.retry_after(Duration::from_secs(10)),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hop_by_hop_headers_are_dropped() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-encoding", "gzip"),
            ("location", "https://example.com/"),
            ("set-cookie", "a=b"),
            ("x-heymarket-outcome", "done"),
            ("content-type", "text/html"),
            ("x-request-id", "r"),
            ("retry-after", "3"),
        ] {
            headers.append(name, value.parse().expect("a value"));
        }
        let passed = end_to_end(&headers);
        let mut names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "retry-after", "x-request-id"]);
    }
}
