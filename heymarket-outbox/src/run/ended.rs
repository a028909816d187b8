//! The state that a recipient has come to, and what a failure of the API makes of
//! it.

use heymarket_api::{Error as ApiError, ErrorKind as ApiErrorKind};

use crate::state::{Reason, State};

/// The state that a recipient has come to.
pub(super) struct Ended {
    pub(super) state: State,
    pub(super) reason: Option<Reason>,
    pub(super) detail: Option<String>,
    pub(super) message: Option<i64>,
    /// The failure of the API, if this is one.
    pub(super) failure: Option<ApiError>,
}

impl Ended {
    pub(super) fn local(state: State, reason: Reason) -> Self {
        Self {
            state,
            reason: Some(reason),
            detail: None,
            message: None,
            failure: None,
        }
    }

    pub(super) fn failed(state: State, reason: Reason, failure: ApiError) -> Self {
        Self {
            // Neither the text of the error nor the message holds anything of
            // the request.
            detail: Some(failure.to_string()),
            failure: Some(failure),
            ..Self::local(state, reason)
        }
    }
}

/// Why the outcome of a request is unknown that may have been sent.
pub(super) fn unknown_because(failure: &ApiError) -> Reason {
    match failure.kind() {
        ApiErrorKind::Timeout => Reason::TimedOut,
        ApiErrorKind::Transport => Reason::ConnectionBroken,
        _ => Reason::ServerError,
    }
}

/// Why nothing is sent, permanently; `None` if it may go better later: the key, the
/// limit or the network.
pub(super) fn refused_because(failure: &ApiError) -> Option<Reason> {
    match failure.status().map(|status| status.as_u16()) {
        Some(400) => Some(Reason::BadRequest),
        Some(403) => Some(Reason::Forbidden),
        Some(404) => Some(Reason::NotFound),
        Some(401 | 429) => None,
        Some(_) => Some(Reason::Rejected),
        None if failure.kind() == ApiErrorKind::InvalidRequest => Some(Reason::InvalidRequest),
        None => None,
    }
}
