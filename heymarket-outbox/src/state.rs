//! The states of a recipient, and their reasons.

use std::fmt;

/// Where a recipient is in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing was sent yet.
    Planned,
    /// A request may be on its way.
    Attempting,
    /// The API accepted the message. That is not a delivery.
    Sent,
    /// Nothing was sent, and nothing will be.
    Refused,
    /// A request left, and its answer did not arrive. It is looked for in the
    /// message history after the settle time.
    Unknown,
    /// It was not found in the history, and a person decides.
    NeedsReview,
    /// It did not fit before the batch's `not_after`.
    Expired,
    /// The batch was cancelled before.
    Cancelled,
}

impl State {
    pub(crate) const ALL: [Self; 8] = [
        Self::Planned,
        Self::Attempting,
        Self::Sent,
        Self::Refused,
        Self::Unknown,
        Self::NeedsReview,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Returns the name, such as `needs_review`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Attempting => "attempting",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::NeedsReview => "needs_review",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns whether the state is final unless a caller changes it.
    #[must_use]
    pub fn is_end(self) -> bool {
        !matches!(self, Self::Planned | Self::Attempting | Self::Unknown)
    }

    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Planned => 0,
            Self::Attempting => 1,
            Self::Sent => 2,
            Self::Refused => 3,
            Self::Unknown => 4,
            Self::NeedsReview => 5,
            Self::Expired => 6,
            Self::Cancelled => 7,
        }
    }

    pub(crate) fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a recipient is where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The API accepted it.
    Accepted,
    /// Its answer was lost, and it is in the message history.
    FoundInHistory,
    /// It cannot be a phone number.
    InvalidNumber,
    /// An earlier recipient of the batch has the number.
    Duplicate,
    /// The person opted out.
    OptedOut,
    /// The contact is blocked.
    Blocked,
    /// The batch has an allow-list, and the number is not on it.
    NotAllowed,
    /// The API found the request invalid (400).
    BadRequest,
    /// The API denied it (403), for another reason than an opt-out or a block.
    Forbidden,
    /// The API did not find what the request names (404).
    NotFound,
    /// The API refused it with another status.
    Rejected,
    /// The client found the request invalid and did not send it.
    InvalidRequest,
    /// The process ended before the answer was written down.
    Interrupted,
    /// No answer came in time.
    TimedOut,
    /// The connection broke before the answer.
    ConnectionBroken,
    /// The server failed (5xx), or its answer was not readable.
    ServerError,
    /// It is not in the message history.
    NotFoundInHistory,
    /// It was not found in the history, and is sent again by the batch's policy.
    SentAgain,
    /// The message is not the one that was attempted before.
    BodyChanged,
    /// `not_after` passed.
    TooLate,
    /// No window opens any more.
    NoWindow,
    /// The batch was cancelled.
    Cancelled,
    /// A person decided so in the review.
    Reviewed,
    /// A person asked for another attempt.
    Retried,
}

impl Reason {
    const ALL: [(Self, &'static str); 24] = [
        (Self::Accepted, "accepted"),
        (Self::FoundInHistory, "found_in_history"),
        (Self::InvalidNumber, "invalid_number"),
        (Self::Duplicate, "duplicate"),
        (Self::OptedOut, "opted_out"),
        (Self::Blocked, "blocked"),
        (Self::NotAllowed, "not_allowed"),
        (Self::BadRequest, "bad_request"),
        (Self::Forbidden, "forbidden"),
        (Self::NotFound, "not_found"),
        (Self::Rejected, "rejected"),
        (Self::InvalidRequest, "invalid_request"),
        (Self::Interrupted, "interrupted"),
        (Self::TimedOut, "timed_out"),
        (Self::ConnectionBroken, "connection_broken"),
        (Self::ServerError, "server_error"),
        (Self::NotFoundInHistory, "not_found_in_history"),
        (Self::SentAgain, "sent_again"),
        (Self::BodyChanged, "body_changed"),
        (Self::TooLate, "too_late"),
        (Self::NoWindow, "no_window"),
        (Self::Cancelled, "cancelled"),
        (Self::Reviewed, "reviewed"),
        (Self::Retried, "retried"),
    ];

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(reason, _)| reason)
    }

    /// Returns the name, such as `opted_out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(reason, _)| *reason == self);
        found.map_or("", |(_, name)| name)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(reason, _)| *reason)
    }

    /// Whether another attempt may go better: the API refused it, or its time
    /// passed. What was decided from local tables stays.
    pub(crate) fn is_worth_a_retry(self) -> bool {
        matches!(
            self,
            Self::BadRequest
                | Self::Forbidden
                | Self::NotFound
                | Self::Rejected
                | Self::InvalidRequest
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.as_str().replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_reason_can_be_read_again() {
        for state in State::ALL {
            assert_eq!(State::of_code(state.code()), Some(state));
        }
        for (reason, name) in Reason::ALL {
            assert_eq!(reason.as_str(), name);
            assert_eq!(Reason::named(name), Some(reason));
        }
        assert_eq!(State::of_code(99), None);
        assert_eq!(Reason::named(""), None);
    }
}
