//! The send loop: the attempts of one call, until one succeeds or none may follow.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tracing::Instrument as _;

use super::call::Call;
use super::core::Core;
use super::ended::Ended;
use super::endpoint::AttemptRequest;
use super::http_date::server_time;
use super::partial_response::PartialResponse;
use super::retry_decision::{RetryDecision, classify};
use crate::error::{Context, Error, ErrorKind, Failure};
use crate::policy::Options;
use crate::rate_limit::{Admission, Order, PermitUse, within};
use crate::runtime::build::{Request, RequestParts};
use crate::runtime::outcome::{attempted, rate_limit_span, waiting};
use crate::runtime::{Attempt, Outcome, RawResponse, Wait, WaitReason};

/// How long `before_attempt` may take where a limiter of the caller's has granted the
/// permit: the limiter counts from the grant, and the client cannot start that count again.
const LONGEST_APPROVAL: Duration = Duration::from_secs(10);

/// Sends a request until it succeeds or must not be sent again. Returns the
/// response if its status is a 2xx.
///
/// The function is not generic, so it is compiled once and not for each operation.
pub(crate) async fn run(
    core: &Core,
    options: &Options,
    request: &Request<'_>,
) -> Result<(Box<RawResponse>, Vec<Attempt>), Error> {
    let parts = request.parts()?;
    if options.timeout.is_zero() || options.deadline.is_zero() {
        let problem = "the timeout or the deadline is zero";
        return Err(Error::invalid_request(request.operation, problem));
    }
    core.budget.earn();
    let call = Call {
        core,
        options,
        request,
    };
    let mut run = Run::new(call, parts);
    let mut last = None;
    loop {
        let admitted = match run.admit().await {
            Ok(admitted) => admitted,
            Err(failure) => return Err(run.not_admitted(last, failure)),
        };
        let admitted = match run.approve(admitted).await {
            Ok(admitted) => admitted,
            Err(failure) => return Err(run.not_admitted(last, failure)),
        };
        let mut ended = run.attempt(admitted).await?;
        if ended.is_success()
            && let Some(response) = ended.response.take()
        {
            return Ok((response, run.attempts));
        }
        let wait = match run.wait_after(&ended) {
            Some(wait) => wait,
            None => return Err(run.into_error(ended, "")),
        };
        if wait.duration > run.time_left() {
            let reason = "the next attempt would start after the deadline";
            return Err(run.into_error(ended, reason));
        }
        if let Some(attempt) = run.attempts.last_mut() {
            attempt.wait = Some(wait);
        }
        waiting(wait);
        // A closure is capped for other callers. This call waits as long as the
        // server asked.
        if !wait.duration.is_zero() {
            core.clock.sleep(wait.duration).await;
        }
        last = Some(ended);
    }
}

/// A call and its attempts so far.
struct Run<'a> {
    call: Call<'a>,
    parts: RequestParts<'a>,
    /// By the monotonic clock. Waits for the rate limit move it.
    deadline: Duration,
    /// The waits for the rate limit, of all attempts.
    rate_limit_wait: Duration,
    attempts: Vec<Attempt>,
    /// How many attempts count toward the retry policy.
    used_attempts: u32,
    /// How many 429s arrived.
    refusals: u32,
    token_refreshed: bool,
}

/// An attempt that the rate limit admitted.
struct Admitted<'a> {
    admission: Admission<'a>,
    rate_limit_wait: Duration,
    /// The time until the deadline; more than zero.
    time_left: Duration,
}

impl<'a> Run<'a> {
    fn new(call: Call<'a>, parts: RequestParts<'a>) -> Self {
        let now = call.core.clock.elapsed();
        Self {
            call,
            parts,
            deadline: now.saturating_add(call.options.deadline),
            rate_limit_wait: Duration::ZERO,
            attempts: Vec::with_capacity(1),
            used_attempts: 0,
            refusals: 0,
            token_refreshed: false,
        }
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.call.core.clock.elapsed())
    }

    /// Returns how long an attempt takes to reach the server, at most.
    fn max_flight(&self) -> Duration {
        let Call { core, options, .. } = self.call;
        let timeout = options.timeout.min(options.deadline);
        core.connect_timeout.saturating_add(timeout)
    }

    /// Waits for the rate limit.
    async fn admit(&mut self) -> Result<Admitted<'a>, Failure> {
        let Call { core, options, .. } = self.call;
        let counts = options.rate_limited;
        let approval = options.before_attempt.as_ref().map(|_| LONGEST_APPROVAL);
        let max_flight = self
            .max_flight()
            .saturating_add(approval.unwrap_or_default());
        let (admission, rate_limit_wait) = match core.admissions.try_admit(counts, max_flight) {
            Some(admission) => (admission, Duration::ZERO),
            // Rare and large: boxed to keep it out of the future of every call.
            None => {
                let waiting = self.wait_for_admission(counts, max_flight);
                Box::pin(waiting.instrument(rate_limit_span())).await?
            }
        };
        self.deadline = self.deadline.saturating_add(rate_limit_wait);
        self.rate_limit_wait += rate_limit_wait;
        let time_left = if self.attempts.is_empty() {
            options.deadline
        } else {
            self.time_left()
        };
        if time_left.is_zero() {
            return Err(Failure::new(ErrorKind::Timeout, "the deadline passed"));
        }
        Ok(Admitted {
            admission,
            rate_limit_wait,
            time_left,
        })
    }

    async fn wait_for_admission(
        &self,
        counts: bool,
        max_flight: Duration,
    ) -> Result<(Admission<'a>, Duration), Failure> {
        let Call { core, options, .. } = self.call;
        let too_long = || {
            let detail = "the rate limit admitted no request within max_rate_limit_wait";
            Failure::new(ErrorKind::RateLimitTimeout, detail)
        };
        let limit = options.max_rate_limit_wait;
        let left = limit.map(|limit| limit.saturating_sub(self.rate_limit_wait));
        if left.is_some_and(|left| core.admissions.closed_for() > left) {
            return Err(too_long());
        }
        let order = if options.is_background {
            Order::Background
        } else {
            Order::Foreground
        };
        let admit = core.admissions.admit(counts, order, max_flight);
        match within(&*core.clock, left, admit).await {
            None => Err(too_long()),
            Some((Ok(admission), waited)) => Ok((admission, waited)),
            Some((Err(source), _)) => {
                let failure = Failure::new(ErrorKind::RateLimiter, "the rate limiter failed");
                Err(failure.caused_by(source))
            }
        }
    }

    /// Asks the caller whether an attempt may be made.
    async fn approve(&self, mut admitted: Admitted<'a>) -> Result<Admitted<'a>, Failure> {
        let Call { core, options, .. } = self.call;
        let Some(approve) = &options.before_attempt else {
            return Ok(admitted);
        };
        let admitted_at = core.clock.elapsed();
        if let Err(source) = approve().await {
            admitted.admission.end(PermitUse::Unsent);
            let failure = Failure::new(ErrorKind::Cancelled, "the caller refused the attempt");
            return Err(failure.caused_by(source));
        }
        let took = core.clock.elapsed().saturating_sub(admitted_at);
        if !admitted.admission.restart(self.max_flight()) && took > LONGEST_APPROVAL {
            admitted.admission.end(PermitUse::Unsent);
            let detail = "`before_attempt` took longer than 10 s, for which the rate limiter \
                          does not grant a permit";
            return Err(Failure::new(ErrorKind::Cancelled, detail));
        }
        Ok(admitted)
    }

    /// Makes one attempt and records it.
    async fn attempt(&mut self, admitted: Admitted<'_>) -> Result<Ended, Error> {
        let Admitted {
            mut admission,
            rate_limit_wait,
            time_left,
        } = admitted;
        let Call { core, options, .. } = self.call;
        let started = core.clock.now();
        let authorization = match core.signer.authorization(started) {
            Ok(authorization) => authorization,
            Err(error) => {
                admission.end(PermitUse::Unsent);
                return Err(error);
            }
        };
        let begun = core.clock.elapsed();
        let mut partial = PartialResponse::default();
        let mut refusal = None;
        let request = AttemptRequest {
            parts: &self.parts,
            headers: &authorization.headers,
            own_headers: &options.headers,
            timeout: options.timeout.min(time_left),
        };
        let on_head = |status, headers: &HeaderMap| {
            admission.end(PermitUse::Answered);
            if status == StatusCode::TOO_MANY_REQUESTS {
                refusal = Some(self.call.close(headers, self.refusals + 1));
            }
        };
        let sent = core.endpoint.attempt(&request, &mut partial, on_head).await;
        let (outcome, failure) = self.call.judge(sent.err(), partial.status());
        if outcome == Outcome::NotConnected {
            admission.end(PermitUse::Unsent);
        }
        let attempt = Attempt {
            started,
            rate_limit_wait,
            duration: core.clock.elapsed().saturating_sub(begun),
            outcome,
            request_id: partial.request_id(),
            wait: None,
        };
        attempted(self.attempts.len(), &attempt);
        self.attempts.push(attempt);
        self.refusals += u32::from(refusal.is_some());
        Ok(Ended {
            outcome,
            response: partial.into_response(),
            failure,
            authorization,
            refusal,
        })
    }

    /// Returns the wait before the next attempt, if one follows.
    fn wait_after(&mut self, ended: &Ended) -> Option<Wait> {
        if ended.is_final() {
            return None;
        }
        match classify(ended.outcome, self.call.is_repeatable()) {
            RetryDecision::Stop => None,
            RetryDecision::RefreshToken => self.refresh_token(ended),
            RetryDecision::AfterRateLimit => ended
                .refusal
                .filter(|_| self.call.options.retry_rate_limited),
            RetryDecision::Retry => {
                self.used_attempts += 1;
                let Call { core, options, .. } = self.call;
                let is_allowed =
                    self.used_attempts < options.retry.max_attempts && core.budget.spend();
                let headers = ended.response.as_ref().map(|response| &response.headers);
                is_allowed.then(|| self.call.wait(headers, self.used_attempts))
            }
        }
    }

    /// Drops the refused token. Returns a wait of zero if a new token can help.
    fn refresh_token(&mut self, ended: &Ended) -> Option<Wait> {
        let core = self.call.core;
        let is_second = std::mem::replace(&mut self.token_refreshed, true);
        // A `Date` that did not help once is not used a second time.
        let response = ended.response.as_deref().filter(|_| !is_second);
        let now = core.clock.now();
        let server_time = response.and_then(|response| server_time(&response.headers, now));
        let can_help = core.signer.refused(&ended.authorization, server_time);
        (can_help && !is_second).then_some(Wait {
            duration: Duration::ZERO,
            reason: WaitReason::TokenRefreshed,
        })
    }

    fn context(&mut self) -> Context {
        let request = self.call.request;
        Context {
            operation: request.operation,
            attempts: std::mem::take(&mut self.attempts),
            local_id: request.local_id().map(str::to_owned),
        }
    }

    /// Creates the error of a call that was not admitted, after its last attempt or
    /// before the first.
    fn not_admitted(mut self, last: Option<Ended>, failure: Failure) -> Error {
        match last {
            Some(last) => self.into_error(last, &failure.detail),
            None => Error::failed(self.context(), failure, None),
        }
    }

    fn into_error(mut self, ended: Ended, reason: &str) -> Error {
        let context = self.context();
        ended.into_error(&self.call, context, reason)
    }
}
