//! What follows an attempt: the table of faults and safeties.

use http::StatusCode;

use super::attempt::Outcome;
use super::operation::Safety;

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is over: an answer, or an error.
    Stop,
    /// Try again after a wait, if attempts and budget allow.
    Again,
    /// Try again when the rate limit lets anyone through.
    AfterLimit,
    /// Sign anew and try again, once.
    SignAnew,
}

/// What follows an outcome. `repeatable` is whether a request that may have
/// reached the server may be sent again.
pub(super) fn next(outcome: Outcome, repeatable: bool) -> Next {
    match outcome {
        Outcome::NotConnected => Next::Again,
        Outcome::TimedOut | Outcome::Broken if repeatable => Next::Again,
        Outcome::TimedOut | Outcome::Broken | Outcome::TooLarge => Next::Stop,
        Outcome::Answered(StatusCode::TOO_MANY_REQUESTS) => Next::AfterLimit,
        Outcome::Answered(StatusCode::UNAUTHORIZED) => Next::SignAnew,
        Outcome::Answered(status) if is_passing(status) && repeatable => Next::Again,
        Outcome::Answered(_) => Next::Stop,
    }
}

/// Failures of the server, or of a proxy before it, that pass.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Whether a request that may have reached the server may be sent again.
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

    /// The table of what follows, written out.
    #[test]
    fn the_table_of_faults_and_safeties() {
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
            let if_repeatable = if may_repeat { Next::Again } else { Next::Stop };
            let table = [
                (Outcome::NotConnected, Next::Again),
                (answered(429), Next::AfterLimit),
                (answered(401), Next::SignAnew),
                (Outcome::TimedOut, if_repeatable),
                (Outcome::Broken, if_repeatable),
                (answered(500), if_repeatable),
                (answered(502), if_repeatable),
                (answered(503), if_repeatable),
                (answered(504), if_repeatable),
                (Outcome::TooLarge, Next::Stop),
            ];
            for (outcome, expected) in table {
                assert_eq!(next(outcome, may_repeat), expected, "{outcome:?}");
            }
            for status in [
                200, 204, 301, 302, 307, 308, 400, 403, 404, 409, 422, 501, 505,
            ] {
                assert_eq!(next(answered(status), may_repeat), Next::Stop, "{status}");
            }
        }
    }
}
