//! The decision at the last moment, once the rate limit admits a request: whether
//! it may leave. The ledger has it before it does.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use heymarket_api::{Client, Error as ApiError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::attempted::Attempted;
use super::noted::{COUNTS_ANSWERED, counts_unanswered};
use super::sender::Sender;
use crate::error::Error;
use crate::store::{Millis, Verdict};
use crate::window::Opening;

/// What the callback before an attempt has decided.
#[derive(Default)]
pub(super) struct Approval {
    /// Set before the ledger is asked, after which the request is not dropped.
    has_begun: AtomicBool,
    /// How many requests were about to leave.
    requests: AtomicUsize,
    verdict: Mutex<Option<Result<Verdict, Error>>>,
}

impl Approval {
    fn set(&self, verdict: Result<Verdict, Error>) {
        *self.lock() = Some(verdict);
    }

    /// Returns whether another request was to leave and did not, and how long that of the
    /// attempt in the ledger still counts. The failure is then not that of the message.
    pub(super) fn held(&self, failure: &ApiError) -> Option<Millis> {
        let attempts = failure.attempts();
        if self.requests.load(Ordering::Relaxed) > attempts.len() {
            return Some(0);
        }
        // A new token was at hand, and its request got no further than the rate limit.
        let was_to_follow = attempts.last().is_some_and(|last| last.wait.is_some());
        was_to_follow.then_some(COUNTS_ANSWERED)
    }

    pub(super) fn take(&self) -> Option<Result<Verdict, Error>> {
        self.lock().take()
    }

    /// Returns the request that the ledger has as an attempt.
    fn attempted(&self) -> Option<i64> {
        match &*self.lock() {
            Some(Ok(Verdict::Go(request))) => Some(*request),
            _ => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<Verdict, Error>>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// A client that asks the ledger before each request, which writes an attempt down.
    pub(super) fn client_with(
        self: &Arc<Self>,
        approval: &Arc<Approval>,
        zone: Option<TimeZone>,
        message: &Arc<Attempted>,
    ) -> Client {
        let (sender, approval) = (Arc::clone(self), Arc::clone(approval));
        let message = Arc::clone(message);
        self.client.with_options(|options| {
            let options = options
                .background()
                .max_retries(0)
                .retry_rate_limited(false);
            options.before_attempt(move || {
                let (sender, approval, zone, message) = (
                    Arc::clone(&sender),
                    Arc::clone(&approval),
                    zone.clone(),
                    Arc::clone(&message),
                );
                async move { sender.approve(&approval, zone.as_ref(), &message).await }
            })
        })
    }

    /// Decides whether a request may leave, and writes it down if it may.
    async fn approve(
        &self,
        approval: &Approval,
        zone: Option<&TimeZone>,
        message: &Attempted,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        approval.requests.fetch_add(1, Ordering::Relaxed);
        let attempted = approval.attempted();
        if attempted.is_some() {
            // The token was refused, and the message leaves again with another. It may have
            // waited for the rate limit since, so everything is decided again.
            let planned = message.plan_again(&self.engine, attempted, COUNTS_ANSWERED);
            if let Err(error) = planned.await {
                approval.set(Err(error));
                return Err("it is held".into());
            }
        }
        if self.stop.is_set() || !self.is_time(self.engine.now(), zone) {
            approval.set(Ok(Verdict::Hold));
            return Err("it is held".into());
        }
        approval.has_begun.store(true, Ordering::Release);
        let now = self.engine.millis();
        let counts_until = now.saturating_add(counts_unanswered(&self.client));
        let verdict = message.begin(&self.engine, now, counts_until).await;
        let may_go = matches!(verdict, Ok(Verdict::Go(_)));
        approval.set(verdict);
        if may_go {
            // The ledger may have taken until after the window.
            self.check_time(zone)
        } else {
            Err("it is held".into())
        }
    }

    /// Fails if the batch's times do not allow a message that the ledger has as an
    /// attempt. It is planned again, since its request does not leave.
    fn check_time(
        &self,
        zone: Option<&TimeZone>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.is_time(self.engine.now(), zone) {
            Ok(())
        } else {
            Err("it is too late".into())
        }
    }

    /// Whether the batch's times allow a message now.
    fn is_time(&self, now: Timestamp, zone: Option<&TimeZone>) -> bool {
        let settings = &self.settings;
        let is_open = match (&settings.window, zone) {
            (Some(window), Some(zone)) => window.opening(now, zone) == Opening::Open,
            (Some(_), None) => false,
            (None, _) => true,
        };
        is_open
            && settings.not_before.is_none_or(|from| now >= from)
            && settings.not_after.is_none_or(|to| now < to)
    }

    /// Waits for a stop, if it comes before the ledger has the attempt.
    pub(super) async fn stopped(&self, approval: &Approval) {
        self.stop.wait().await;
        if approval.has_begun.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    }
}
