//! A recorded request, for programs and people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::entry::Entry;
use super::redact;

/// A request that the sandbox received, and its response.
///
/// [`Sandbox::requests`](crate::Sandbox::requests) returns them, and
/// `GET /_sandbox/requests` has the same members as JSON. Tokens and keys read
/// `[redacted]`. Its [`Display`](fmt::Display) is a line of a log, without texts
/// and phone numbers of the body.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The number of the request, counted from 1.
    pub id: u64,
    /// When it arrived, by the clock of the sandbox.
    pub time: Timestamp,
    /// The method, such as `POST`.
    pub method: String,
    /// The path, such as `/v1/message/send`.
    pub path: String,
    /// The query without its `?`.
    pub query: Option<String>,
    /// The ID of the operation, or `None` if the path or method is unknown.
    pub operation: Option<String>,
    /// The status of the response, or `None` if the connection was closed without
    /// one: by a rule, or by the client.
    pub status: Option<u16>,
    /// How long the request took. Delays of rules are included; sending the
    /// response is not.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// The IDs of the rules that hit it.
    pub rules: Vec<u64>,
    /// Members of the request that the spec does not have, and the like.
    pub warnings: Vec<String>,
    /// The headers of the request, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON, a string if it is not JSON, or `null` if it is empty.
    pub body: Value,
    /// Whether only the start of the body was recorded.
    pub body_truncated: bool,
    /// The body of the response, like [`body`](Self::body).
    pub response: Value,
    /// Whether only the start of the response was recorded.
    pub response_truncated: bool,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // Microseconds are exact enough, and short.
    let milliseconds = (duration.as_secs_f64() * 1e6).round() / 1e3;
    serializer.serialize_f64(milliseconds)
}

impl RecordedRequest {
    pub(super) fn new(entry: &Entry) -> Self {
        let headers = entry.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Self {
            id: entry.id,
            time: entry.time,
            method: entry.method.to_string(),
            path: entry.path.clone(),
            query: entry.query.as_deref().map(redact::shown_query),
            operation: entry.operation.map(str::to_owned),
            status: entry.status,
            duration: entry.duration,
            rules: entry.rules.clone(),
            warnings: entry.warnings.clone(),
            headers: headers.collect(),
            body: redact::shown(&entry.request),
            body_truncated: entry.request.is_truncated(),
            response: redact::shown(&entry.response),
            response_truncated: entry.response.is_truncated(),
        }
    }
}

impl fmt::Display for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.strftime("%H:%M:%S%.3f");
        let operation = self.operation.as_deref().unwrap_or("-");
        // The path is escaped: a client chose it, and a terminal shows it.
        let path = self.path.escape_debug();
        write!(f, "{time} {} {path} {operation} ", self.method)?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => write!(f, "closed")?,
        }
        write!(f, " {} ms", self.duration.as_millis())?;
        for rule in &self.rules {
            write!(f, " rule {rule}")?;
        }
        for warning in &self.warnings {
            write!(f, "; {}", warning.escape_debug())?;
        }
        Ok(())
    }
}
