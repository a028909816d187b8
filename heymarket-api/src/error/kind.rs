//! The kinds of errors.

use std::fmt;

/// The kind of an [`Error`](crate::Error).
///
/// `Display` writes the name that telemetry uses: the `error.type` of the
/// operation's span.
///
/// ```
/// assert_eq!(heymarket_api::ErrorKind::RateLimitTimeout.to_string(), "rate_limit_timeout");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting of the client is not valid. Nothing was sent; the message names
    /// the setting.
    Configuration,
    /// The request is not valid, which was found before anything was sent. The
    /// message names the field.
    InvalidRequest,
    /// No connection was made, so nothing was sent: the name did not resolve, the
    /// connection was refused, TLS failed, or connecting exceeded the connect
    /// timeout. Check the network, the base URL and the proxy settings.
    ///
    /// If the timeout of the attempt is shorter than the connect timeout, the kind
    /// is [`Timeout`](Self::Timeout) instead.
    Connect,
    /// No complete response arrived in time. The server may have acted.
    Timeout,
    /// The connection broke before the complete response arrived. The server may
    /// have acted.
    Transport,
    /// The server returned a status other than 2xx.
    Status,
    /// The server returned a 2xx whose body does not decode. The server has acted.
    Decode,
    /// The response body exceeds
    /// [`max_response_bytes`](crate::ClientBuilder::max_response_bytes). The server
    /// may have acted.
    BodyTooLarge,
    /// The rate limit admitted no attempt within
    /// [`max_rate_limit_wait`](crate::Options::max_rate_limit_wait). The request
    /// was not sent.
    RateLimitTimeout,
    /// The [`RateLimiter`](crate::RateLimiter) failed, for instance because its
    /// store is unreachable. The request was not sent. `source()` returns its
    /// error.
    RateLimiter,
    /// [`before_attempt`](crate::Options::before_attempt) refused the attempt, or took
    /// too long. The request was not sent. `source()` returns its error.
    Cancelled,
}

impl ErrorKind {
    /// Returns the name for telemetry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::InvalidRequest => "invalid_request",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Status => "status",
            Self::Decode => "decode",
            Self::BodyTooLarge => "body_too_large",
            Self::RateLimitTimeout => "rate_limit_timeout",
            Self::RateLimiter => "rate_limiter",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
