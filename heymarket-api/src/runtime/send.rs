//! The send loop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::attempt::{Attempt, Outcome, Wait, WaitReason};
use super::budget::Budget;
use super::error::{Context, Error, ErrorKind, Failure};
use super::redact::{Sent, redact};
use super::request::{Parts, Request};
use super::response::Answer;
use super::retry::{Next, is_repeatable, next};
use super::retry_after::{retry_after, server_time};
use super::server_message;
use super::telemetry;
use super::transport::{Call, Progress, Transport};
use crate::auth::{Authorization, Clock, Signer};
use crate::policy::Options;
use crate::rate_limit::{Admission, Admissions, Order, PermitUse, within};

/// What the clones of a client share.
pub(super) struct Core {
    pub(super) transport: Transport,
    pub(super) signer: Signer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) admissions: Admissions,
    /// How long connecting may take, as far as it is known.
    pub(super) connect_timeout: Duration,
    pub(super) budget: Budget,
    pub(super) random: Mutex<fastrand::Rng>,
    pub(super) check_requests: bool,
}

/// The shortest wait after a 429 that does not say how long to wait.
const SHORTEST_CLOSURE: Duration = Duration::from_secs(1);

/// An operation on its way.
struct Run<'a> {
    core: &'a Core,
    options: &'a Options,
    request: &'a Request<'a>,
    parts: Parts<'a>,
    /// By the monotonic clock; it moves by the time that the rate limit takes.
    deadline: Duration,
    /// How long the rate limit has taken, in all attempts.
    rate_limit_waited: Duration,
    attempts: Vec<Attempt>,
    /// How many attempts were used up.
    used: u32,
    /// How many 429s came.
    refusals: u32,
    signed_anew: bool,
}

/// An attempt that may be made.
struct Admitted<'a> {
    admission: Admission<'a>,
    /// How long the rate limit took to admit it.
    held_up: Duration,
    /// What is left until the deadline; more than nothing.
    time_left: Duration,
}

/// An attempt that is over.
struct Ended {
    outcome: Outcome,
    answer: Option<Box<Answer>>,
    failure: Option<Failure>,
    authorization: Authorization,
    /// The wait after a 429.
    refusal: Option<Wait>,
}

impl Ended {
    fn is_success(&self) -> bool {
        let is_success = matches!(self.outcome, Outcome::Answered(status) if status.is_success());
        is_success && self.failure.is_none()
    }
}

impl Core {
    /// Sends a request until it is answered or must not be sent again. It gives
    /// the answer if its status is a 2xx.
    ///
    /// It is not generic, so that it is compiled once and not for each
    /// operation.
    pub(super) async fn run(
        &self,
        options: &Options,
        request: &Request<'_>,
    ) -> Result<(Box<Answer>, Vec<Attempt>), Error> {
        let parts = request.parts()?;
        if options.timeout.is_zero() || options.deadline.is_zero() {
            let problem = "its timeout or its deadline is zero".to_owned();
            return Err(Error::invalid_request(request.operation, problem));
        }
        self.budget.earn();
        let mut run = Run {
            core: self,
            options,
            request,
            parts,
            deadline: self.clock.elapsed().saturating_add(options.deadline),
            rate_limit_waited: Duration::ZERO,
            attempts: Vec::with_capacity(1),
            used: 0,
            refusals: 0,
            signed_anew: false,
        };
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
                && let Some(answer) = ended.answer.take()
            {
                return Ok((answer, run.attempts));
            }
            let wait = match run.wait_after(&ended) {
                Some(wait) => wait,
                None => return Err(run.conclude(ended, "")),
            };
            if wait.duration > run.time_left() {
                let reason = "the next attempt would come after the deadline";
                return Err(run.conclude(ended, reason));
            }
            if let Some(attempt) = run.attempts.last_mut() {
                attempt.wait = Some(wait);
            }
            telemetry::waiting(wait);
            // Others wait for the end of a closure, which is capped; this one waits
            // for as long as it was told.
            if !wait.duration.is_zero() {
                self.clock.sleep(wait.duration).await;
            }
            last = Some(ended);
        }
    }
}

impl<'a> Run<'a> {
    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.core.clock.elapsed())
    }

    async fn attempt(&mut self, admitted: Admitted<'_>) -> Result<Ended, Error> {
        let Admitted {
            mut admission,
            held_up,
            time_left,
        } = admitted;
        let started = self.core.clock.now();
        let authorization = match self.core.signer.authorization(started) {
            Ok(authorization) => authorization,
            Err(error) => {
                admission.end(PermitUse::Unsent);
                return Err(error);
            }
        };
        let clock = Instant::now();
        let mut progress = Progress::default();
        let mut refusal = None;
        let call = Call {
            parts: &self.parts,
            headers: &authorization.headers,
            own_headers: &self.options.headers,
            timeout: self.options.timeout.min(time_left),
        };
        let answered = |status, headers: &HeaderMap| {
            admission.end(PermitUse::Answered);
            if status == StatusCode::TOO_MANY_REQUESTS {
                refusal = Some(self.close(headers));
            }
        };
        let transport = &self.core.transport;
        let ended = transport.attempt(&call, &mut progress, answered).await;
        let (outcome, failure) = self.judge(ended.err(), progress.status());
        if outcome == Outcome::NotConnected {
            admission.end(PermitUse::Unsent);
        }
        let attempt = Attempt {
            started,
            held_up,
            duration: clock.elapsed(),
            outcome,
            request_id: progress.request_id(),
            wait: None,
        };
        telemetry::attempted(self.attempts.len(), &attempt);
        self.attempts.push(attempt);
        self.refusals += u32::from(refusal.is_some());
        Ok(Ended {
            outcome,
            answer: progress.into_answer(),
            failure,
            authorization,
            refusal,
        })
    }

    /// Returns how an attempt ended, and its failure if it counts as one.
    fn judge(
        &self,
        failure: Option<Failure>,
        status: Option<StatusCode>,
    ) -> (Outcome, Option<Failure>) {
        // A refusal is one, whether or not all of its body arrived. The answer to
        // a redirect is none: the server may have acted before it.
        let is_refused = status.is_some_and(|status| status.is_client_error());
        let failure = failure
            .filter(|failure| failure.is_final || !is_refused)
            .or_else(|| self.redirect_in_doubt(status?));
        let outcome = match (&failure, status) {
            (Some(failure), _) => failure.outcome(),
            (None, Some(status)) => Outcome::Answered(status),
            (None, None) => Outcome::Broken,
        };
        (outcome, failure)
    }

    /// Returns a failure for a refusal after which a request would be sent again, if it is from
    /// an HTTP client that may have followed a redirect to the same URL.
    fn redirect_in_doubt(&self, status: StatusCode) -> Option<Failure> {
        let is_resent = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS
        );
        let is_in_doubt = self.core.transport.may_redirect && is_resent && !self.is_repeatable();
        is_in_doubt.then(|| {
            let detail = "the HTTP client follows redirects, so that a refusal may not be the \
                          first answer; build it with `redirect::Policy::none()`";
            Failure::new(ErrorKind::Transport, detail).for_good()
        })
    }

    /// Waits for the rate limit.
    async fn admit(&mut self) -> Result<Admitted<'a>, Failure> {
        let core = self.core;
        let counts = self.options.rate_limited;
        let max_flight = core.connect_timeout.saturating_add(self.options.timeout);
        let (admission, held_up) = match core.admissions.try_admit(counts, max_flight) {
            Some(admission) => (admission, Duration::ZERO),
            // Rare, and large: kept out of the future of every operation.
            None => Box::pin(self.wait_for_admission(counts, max_flight)).await?,
        };
        self.deadline = self.deadline.saturating_add(held_up);
        self.rate_limit_waited += held_up;
        let time_left = if self.attempts.is_empty() {
            self.options.deadline
        } else {
            self.time_left()
        };
        if time_left.is_zero() {
            return Err(Failure::new(ErrorKind::Timeout, "the deadline passed"));
        }
        Ok(Admitted {
            admission,
            held_up,
            time_left,
        })
    }

    /// Asks the caller whether an attempt may be made.
    async fn approve(&self, mut admitted: Admitted<'a>) -> Result<Admitted<'a>, Failure> {
        if let Some(approve) = &self.options.before_attempt
            && let Err(source) = approve().await
        {
            admitted.admission.end(PermitUse::Unsent);
            return Err(Failure {
                source: Some(source),
                ..Failure::new(ErrorKind::Cancelled, "the caller refused the attempt")
            });
        }
        Ok(admitted)
    }

    async fn wait_for_admission(
        &self,
        counts: bool,
        max_flight: Duration,
    ) -> Result<(Admission<'a>, Duration), Failure> {
        let core = self.core;
        let patience = self.options.max_rate_limit_wait;
        let too_long = || {
            let detail = "the rate limit admitted no request within the max_rate_limit_wait";
            Failure::new(ErrorKind::RateLimitTimeout, detail)
        };
        let left = patience.map(|patience| patience.saturating_sub(self.rate_limit_waited));
        if left.is_some_and(|left| core.admissions.closed_for() > left) {
            return Err(too_long());
        }
        let order = if self.options.is_background {
            Order::Background
        } else {
            Order::Foreground
        };
        let admit = core.admissions.admit(counts, order, max_flight);
        match within(&*core.clock, left, admit).await {
            None => Err(too_long()),
            Some((Ok(admission), waited)) => Ok((admission, waited)),
            Some((Err(source), _)) => Err(Failure {
                source: Some(source),
                ..Failure::new(ErrorKind::RateLimiter, "the rate limiter failed")
            }),
        }
    }

    /// The error of an operation that was not admitted, after a last attempt or
    /// before the first.
    fn not_admitted(mut self, last: Option<Ended>, failure: Failure) -> Error {
        match last {
            Some(last) => self.conclude(last, &failure.detail),
            None => Error::failed(self.context(), failure, None),
        }
    }

    /// Stops all callers after a 429. Returns how long this one waits.
    fn close(&self, headers: &HeaderMap) -> Wait {
        let mut wait = self.wait(Some(headers), self.refusals + 1);
        if wait.reason == WaitReason::Backoff {
            wait.duration = wait.duration.saturating_add(SHORTEST_CLOSURE);
        }
        self.core.admissions.close(wait.duration);
        wait
    }

    fn is_repeatable(&self) -> bool {
        let safety = self.request.safety(self.options.trust_local_id);
        is_repeatable(safety, self.request.local_id().is_some())
    }

    /// The wait before the next attempt, if there is to be one.
    fn wait_after(&mut self, ended: &Ended) -> Option<Wait> {
        let is_final = ended
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_final);
        match next(ended.outcome, self.is_repeatable()) {
            Next::Stop => None,
            _ if is_final => None,
            Next::SignAnew => self.sign_anew(ended),
            Next::AfterLimit => ended.refusal.filter(|_| self.options.retry_rate_limited),
            Next::Again => {
                self.used += 1;
                let is_allowed =
                    self.used < self.options.retry.max_attempts && self.core.budget.spend();
                let headers = ended.answer.as_ref().map(|answer| &answer.headers);
                is_allowed.then(|| self.wait(headers, self.used))
            }
        }
    }

    fn sign_anew(&mut self, ended: &Ended) -> Option<Wait> {
        let is_second = std::mem::replace(&mut self.signed_anew, true);
        // A `Date` that did not help once is not used a second time.
        let answer = ended.answer.as_deref().filter(|_| !is_second);
        let now = self.core.clock.now();
        let server_time = answer.and_then(|answer| server_time(&answer.headers, now));
        let has_sense = self.core.signer.refused(&ended.authorization, server_time);
        (has_sense && !is_second).then_some(Wait {
            duration: Duration::ZERO,
            reason: WaitReason::SignedAnew,
        })
    }

    fn wait(&self, headers: Option<&HeaderMap>, failures: u32) -> Wait {
        let now = self.core.clock.now();
        let asked = headers.and_then(|headers| retry_after(headers, now));
        // None at all would be a loop without a pause.
        match asked.filter(|asked| !asked.is_zero()) {
            Some(duration) => Wait {
                duration,
                reason: WaitReason::RetryAfter,
            },
            None => {
                let longest = self.options.retry.longest_wait(failures);
                let random = &self.core.random;
                let share = random.lock().unwrap_or_else(PoisonError::into_inner).f64();
                Wait {
                    duration: longest.mul_f64(share),
                    reason: WaitReason::Backoff,
                }
            }
        }
    }

    fn context(&mut self) -> Context {
        Context {
            operation: self.request.operation,
            attempts: std::mem::take(&mut self.attempts),
            local_id: self.request.local_id().map(str::to_owned),
        }
    }

    /// The error that an attempt ended with; `reason` is why there is no further
    /// one, where that is not plain.
    fn conclude(mut self, ended: Ended, reason: &str) -> Error {
        match (ended.failure, ended.answer) {
            (None, Some(answer)) => {
                let message = server_message::find(&answer.body)
                    .and_then(|message| self.redact(&message, &ended.authorization))
                    .map(|message| server_message::one_line(&message))
                    .filter(|message| !message.is_empty());
                let fault = self.clock_fault(&answer);
                let reason = fault.as_deref().unwrap_or(reason);
                let now = self.core.clock.now();
                Error::status_of(self.context(), answer, message, now, reason)
            }
            (failure, answer) => {
                let failure = failure
                    .unwrap_or_else(|| Failure::new(ErrorKind::Transport, "no answer came"))
                    .because(reason);
                Error::failed(self.context(), failure, answer)
            }
        }
    }
}

impl Run<'_> {
    /// Why the server refused a token, where the clock of this machine explains
    /// it.
    fn clock_fault(&self, answer: &Answer) -> Option<String> {
        let is_refused = answer.status == http::StatusCode::UNAUTHORIZED;
        let now = self.core.clock.now();
        let server_time = server_time(&answer.headers, now).filter(|_| is_refused)?;
        self.core.signer.clock_fault(server_time)
    }

    /// Takes what was said in confidence out of a server's message.
    fn redact(&self, message: &str, authorization: &Authorization) -> Option<String> {
        let mut secrets = self.core.signer.credentials().parts();
        secrets.extend(authorization.headers.token());
        let own = self.options.headers.values();
        secrets.extend(own.filter_map(|value| value.to_str().ok()));
        let operation = self.request.operation;
        let sent = Sent {
            names: [operation.id(), operation.path],
            body: self.request.body().map(|body| &body[..]),
            query: self.request.query_pairs(),
            secrets,
        };
        redact(message, &sent)
    }
}
