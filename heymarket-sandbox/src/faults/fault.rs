//! The kinds of faults.

use serde::{Deserialize, Serialize};

/// What a [`Rule`](crate::Rule) does to the requests that it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Responds with an error [status](crate::Rule::status), 500 by default.
    Status,
    /// Responds with an HTML page, as a proxy does, with an error
    /// [status](crate::Rule::status), 502 by default.
    Html,
    /// Delays the response by [`delay_ms`](crate::Rule::delay_ms).
    Delay,
    /// Closes the connection before processing the request.
    CloseBefore,
    /// Processes the request, and closes the connection without a response.
    CloseAfter,
    /// Processes the request, and sends half of the response body.
    CutOff,
    /// Replaces the values of open enums by values that no client knows.
    UnknownValues,
    /// Skews the clock that checks tokens, and `Date`, by
    /// [`skew_seconds`](crate::Rule::skew_seconds).
    ClockSkew,
}
