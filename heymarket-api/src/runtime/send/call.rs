//! One call of an operation, and what can be decided from it alone.

use std::sync::PoisonError;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::core::Core;
use super::retry_after::retry_after;
use super::retry_decision::is_repeatable;
use crate::error::{ErrorKind, Failure};
use crate::policy::Options;
use crate::runtime::build::Request;
use crate::runtime::{Outcome, Wait, WaitReason};

/// The shortest wait after a 429 without a usable `Retry-After`.
const MIN_CLOSURE: Duration = Duration::from_secs(1);

/// A request, with the options and the client that it is sent with.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) core: &'a Core,
    pub(super) options: &'a Options,
    pub(super) request: &'a Request<'a>,
}

impl Call<'_> {
    /// Returns whether a request that may have reached the server may be sent
    /// again.
    pub(super) fn is_repeatable(&self) -> bool {
        let safety = self.request.safety(self.options.trust_local_id);
        is_repeatable(safety, self.request.local_id().is_some())
    }

    /// Returns how an attempt ended, and its failure if it counts as one.
    pub(super) fn judge(
        &self,
        failure: Option<Failure>,
        status: Option<StatusCode>,
    ) -> (Outcome, Option<Failure>) {
        // A 4xx is a refusal even if its body did not arrive completely. Behind a
        // redirect it is not: the server may have acted before it redirected.
        let is_refused = status.is_some_and(|status| status.is_client_error());
        let failure = failure
            .filter(|failure| failure.is_final || !is_refused)
            .or_else(|| self.ambiguous_refusal(status?));
        let outcome = match (&failure, status) {
            (Some(failure), _) => failure.outcome(),
            (None, Some(status)) => Outcome::Answered(status),
            (None, None) => Outcome::Broken,
        };
        (outcome, failure)
    }

    /// Returns a failure in place of a 401 or 429 if the request is not repeatable
    /// and the HTTP client may have followed a redirect to the same URL before.
    fn ambiguous_refusal(&self, status: StatusCode) -> Option<Failure> {
        let is_resent = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS
        );
        let is_ambiguous = self.core.endpoint.may_redirect && is_resent && !self.is_repeatable();
        is_ambiguous.then(|| {
            let detail = "the HTTP client follows redirects, so the request may have been \
                          processed before it was refused; build the HTTP client with \
                          `redirect::Policy::none()`";
            Failure::new(ErrorKind::Transport, detail).into_final()
        })
    }

    /// Closes the rate limit for all callers after a 429. Returns the wait of this
    /// call.
    pub(super) fn close(&self, headers: &HeaderMap, refusals: u32) -> Wait {
        let mut wait = self.wait(Some(headers), refusals);
        if wait.reason == WaitReason::Backoff {
            wait.duration = wait.duration.saturating_add(MIN_CLOSURE);
        }
        self.core.admissions.close(wait.duration);
        wait
    }

    /// Returns the wait after this many failures: the server's `Retry-After`, or a
    /// backoff with jitter.
    pub(super) fn wait(&self, headers: Option<&HeaderMap>, failures: u32) -> Wait {
        let now = self.core.clock.now();
        let asked = headers.and_then(|headers| retry_after(headers, now));
        // A wait of zero would be a loop without a pause.
        if let Some(duration) = asked.filter(|asked| !asked.is_zero()) {
            return Wait {
                duration,
                reason: WaitReason::RetryAfter,
            };
        }
        let longest = self.options.retry.longest_wait(failures);
        let random = &self.core.random;
        let share = random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        Wait {
            duration: longest.mul_f64(share),
            reason: WaitReason::Backoff,
        }
    }
}
