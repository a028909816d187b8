//! What follows an attempt: the table of outcomes and safeties.

use http::StatusCode;

use crate::runtime::{Outcome, Safety};

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryDecision {
    /// No further attempt.
    Stop,
    /// Another attempt after a backoff, if attempts and budget allow.
    Retry,
    /// Another attempt once the rate limit admits requests again.
    AfterRateLimit,
    /// Another attempt with a new token, once.
    RefreshToken,
}

/// Decides what follows an outcome. `repeatable` is whether a request that may have
/// reached the server may be sent again.
pub(super) fn classify(outcome: Outcome, repeatable: bool) -> RetryDecision {
    match outcome {
        Outcome::NotConnected => RetryDecision::Retry,
        Outcome::TimedOut | Outcome::Broken if repeatable => RetryDecision::Retry,
        Outcome::TimedOut | Outcome::Broken | Outcome::TooLarge => RetryDecision::Stop,
        Outcome::Answered(StatusCode::TOO_MANY_REQUESTS) => RetryDecision::AfterRateLimit,
        Outcome::Answered(StatusCode::UNAUTHORIZED) => RetryDecision::RefreshToken,
        Outcome::Answered(status) if is_temporary(status) && repeatable => RetryDecision::Retry,
        Outcome::Answered(_) => RetryDecision::Stop,
    }
}

/// Returns whether a failure of the server, or of a proxy in front of it, may be
/// temporary.
fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Returns whether a request that may have reached the server may be sent again.
pub(super) fn is_repeatable(safety: Safety, has_key: bool) -> bool {
    match safety {
        Safety::Read | Safety::Idempotent => true,
        Safety::Keyed => has_key,
        Safety::Unsafe => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered(StatusCode::from_u16(status).expect("a status"))
    }

    /// The table, written out.
    #[test]
    fn each_outcome_and_safety_has_its_decision() {
        let repeatable = [
            is_repeatable(Safety::Read, false),
            is_repeatable(Safety::Idempotent, false),
            is_repeatable(Safety::Keyed, true),
        ];
        let unrepeatable = [
            is_repeatable(Safety::Keyed, false),
            is_repeatable(Safety::Unsafe, true),
            is_repeatable(Safety::Unsafe, false),
        ];
        assert_eq!(repeatable, [true; 3]);
        assert_eq!(unrepeatable, [false; 3]);
        for may_repeat in [true, false] {
            let if_repeatable = if may_repeat {
                RetryDecision::Retry
            } else {
                RetryDecision::Stop
            };
            let table = [
                (Outcome::NotConnected, RetryDecision::Retry),
                (answered(429), RetryDecision::AfterRateLimit),
                (answered(401), RetryDecision::RefreshToken),
                (Outcome::TimedOut, if_repeatable),
                (Outcome::Broken, if_repeatable),
                (answered(500), if_repeatable),
                (answered(502), if_repeatable),
                (answered(503), if_repeatable),
                (answered(504), if_repeatable),
                (Outcome::TooLarge, RetryDecision::Stop),
            ];
            for (outcome, expected) in table {
                assert_eq!(classify(outcome, may_repeat), expected, "{outcome:?}");
            }
            for status in [
                200, 204, 301, 302, 307, 308, 400, 403, 404, 409, 422, 501, 505,
            ] {
                assert_eq!(
                    classify(answered(status), may_repeat),
                    RetryDecision::Stop,
                    "{status}"
                );
            }
        }
    }
}
