//! The send loop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header;
use jiff::Timestamp;
use tokio::time::Instant;

use super::attempt::{Attempt, Outcome, Wait, WaitReason};
use super::budget::Budget;
use super::error::{Context, Error, ErrorKind, Failure};
use super::gate::{Gate, Pass};
use super::race::within;
use super::redact::redact;
use super::request::{Parts, Request};
use super::response::Answer;
use super::retry::{Next, is_repeatable, next};
use super::server_message;
use super::telemetry;
use super::transport::{Call, Progress, Transport};
use crate::auth::{Authorization, Clock, Signer};
use crate::policy::Options;

/// What the clones of a client share.
pub(super) struct Core {
    pub(super) transport: Transport,
    pub(super) signer: Signer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) gate: Gate,
    pub(super) budget: Budget,
    pub(super) random: Mutex<fastrand::Rng>,
    pub(super) check_requests: bool,
}

/// A 429 holds up the callers of a client for this long at most.
const LONGEST_CLOSURE: Duration = Duration::from_secs(120);

/// An operation on its way.
struct Run<'a> {
    core: &'a Core,
    options: &'a Options,
    request: &'a Request<'a>,
    parts: Parts<'a>,
    /// By the monotonic clock.
    deadline: Duration,
    attempts: Vec<Attempt>,
    /// How many attempts were used up.
    used: u32,
    /// How many 429s came.
    refusals: u32,
    signed_anew: bool,
}

/// The permission to make an attempt.
struct Way {
    pass: Pass,
    /// How long the rate limit took to give it.
    held_up: Duration,
    /// What is left until the deadline; more than nothing.
    time_left: Duration,
}

impl Way {
    /// Ends the attempt.
    fn end(self, outcome: Outcome) {
        if outcome == Outcome::NotConnected {
            self.pass.unused();
        }
    }
}

/// An attempt that is over.
struct Ended {
    outcome: Outcome,
    answer: Option<Box<Answer>>,
    failure: Option<Failure>,
    authorization: Authorization,
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
            attempts: Vec::with_capacity(1),
            used: 0,
            refusals: 0,
            signed_anew: false,
        };
        let mut last = None;
        loop {
            let Some(way) = run.pass().await else {
                return Err(run.held_up_for_good(last));
            };
            let mut ended = run.attempt(way.held_up, way.time_left).await?;
            way.end(ended.outcome);
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
            // The gate itself waits after a 429.
            if ended.outcome != Outcome::Answered(http::StatusCode::TOO_MANY_REQUESTS)
                && !wait.duration.is_zero()
            {
                self.clock.sleep(wait.duration).await;
            }
            last = Some(ended);
        }
    }
}

impl Run<'_> {
    fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.core.clock.elapsed())
    }

    async fn attempt(&mut self, held_up: Duration, time_left: Duration) -> Result<Ended, Error> {
        let started = self.core.clock.now();
        let authorization = self.core.signer.authorization(started)?;
        let clock = Instant::now();
        let mut progress = Progress::default();
        let call = Call {
            parts: &self.parts,
            headers: &authorization.headers,
            own_headers: &self.options.headers,
            timeout: self.options.timeout.min(time_left),
        };
        let failure = self
            .core
            .transport
            .attempt(&call, &mut progress)
            .await
            .err();
        // A refusal is one, whether or not all of its body came.
        let is_refused = progress
            .status()
            .is_some_and(|status| status.is_client_error());
        let failure = failure.filter(|_| !is_refused);
        let outcome = match (&failure, progress.status()) {
            (Some(failure), _) => failure.outcome(),
            (None, Some(status)) => Outcome::Answered(status),
            (None, None) => Outcome::Broken,
        };
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
        Ok(Ended {
            outcome,
            answer: progress.into_answer(),
            failure,
            authorization,
        })
    }

    /// Waits for the rate limit; `None` if it lets nothing through before the
    /// deadline.
    async fn pass(&mut self) -> Option<Way> {
        let closed_for = self.core.gate.closed_for();
        if !closed_for.is_zero() && closed_for > self.time_left() {
            return None;
        }
        let gate = &self.core.gate;
        let counts = self.options.rate_limited;
        let (pass, held_up) = match gate.pass_at_once(counts) {
            Some(pass) => (pass, Duration::ZERO),
            // Rare, and large: kept out of the future of every operation.
            None => Box::pin(within(&*self.core.clock, self.deadline, gate.pass(counts))).await?,
        };
        let is_at_once = self.attempts.is_empty() && held_up.is_zero();
        let time_left = if is_at_once {
            self.options.deadline
        } else {
            self.time_left()
        };
        (!time_left.is_zero()).then_some(Way {
            pass,
            held_up,
            time_left,
        })
    }

    /// The error of an operation that waited for the rate limit until its
    /// deadline, or would have to.
    fn held_up_for_good(mut self, last: Option<Ended>) -> Error {
        if let Some(last) = last {
            let reason = "the rate limit let nothing more through before the deadline";
            return self.conclude(last, reason);
        }
        let failure = Failure::new(
            ErrorKind::Timeout,
            format!(
                "the rate limit let nothing through within the deadline of {:?}",
                self.options.deadline
            ),
        );
        Error::failed(self.context(), failure, None)
    }

    /// The wait before the next attempt, if there is to be one.
    fn wait_after(&mut self, ended: &Ended) -> Option<Wait> {
        let request = self.request;
        let safety = request.safety(self.options.trust_local_id);
        let repeatable = is_repeatable(safety, request.local_id().is_some());
        let is_final = ended
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_final);
        match next(ended.outcome, repeatable) {
            Next::Stop => None,
            _ if is_final => None,
            Next::SignAnew => self.sign_anew(ended),
            Next::AfterLimit => {
                self.refusals += 1;
                let wait = self.wait(ended, self.refusals);
                // However long one answer asks for, others may go on to ask.
                self.core.gate.close(wait.duration.min(LONGEST_CLOSURE));
                Some(wait)
            }
            Next::Again => {
                self.used += 1;
                let is_allowed =
                    self.used < self.options.retry.max_attempts && self.core.budget.spend();
                is_allowed.then(|| self.wait(ended, self.used))
            }
        }
    }

    fn sign_anew(&mut self, ended: &Ended) -> Option<Wait> {
        if self.signed_anew {
            return None;
        }
        self.signed_anew = true;
        let server_time = ended.answer.as_deref().and_then(server_time);
        let has_sense = self.core.signer.refused(&ended.authorization, server_time);
        has_sense.then_some(Wait {
            duration: Duration::ZERO,
            reason: WaitReason::SignedAnew,
        })
    }

    fn wait(&self, ended: &Ended, failures: u32) -> Wait {
        let asked = ended
            .answer
            .as_ref()
            .and_then(|answer| super::error::retry_after(&answer.headers, self.core.clock.now()));
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
                    .map(|message| {
                        server_message::one_line(&self.redact(&message, &ended.authorization))
                    })
                    .filter(|message| !message.is_empty());
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
    /// Takes what was said in confidence out of a server's message.
    fn redact(&self, message: &str, authorization: &Authorization) -> String {
        let mut secrets = self.core.signer.credentials().parts();
        secrets.extend(authorization.headers.token());
        let own = self.options.headers.values();
        secrets.extend(own.filter_map(|value| value.to_str().ok()));
        let body = self.request.body().map(|body| &body[..]);
        redact(message, body, self.request.query_values(), &secrets)
    }
}

/// The time at which the server answered.
fn server_time(answer: &Answer) -> Option<Timestamp> {
    let date = answer.headers.get(header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp())
}
