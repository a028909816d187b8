//! The decision at the last moment, once the rate limit admits a request: whether
//! it may leave. The ledger has it before it does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use heymarket_api::Client;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::noted::counts_unanswered;
use super::sender::Sender;
use crate::error::Error;
use crate::store::{Millis, Pending, Store, Verdict};
use crate::window::Opening;

/// What the callback before an attempt has decided.
#[derive(Default)]
pub(super) struct Approval {
    /// Set before the ledger is asked, after which the request is not dropped.
    has_begun: AtomicBool,
    verdict: Mutex<Option<Result<Verdict, Error>>>,
}

impl Approval {
    fn set(&self, verdict: Result<Verdict, Error>) {
        *self.lock() = Some(verdict);
    }

    pub(super) fn take(&self) -> Option<Result<Verdict, Error>> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<Verdict, Error>>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// A client that asks `begin` before an attempt, which writes it down. `begin`
    /// gets the storage, the time, and until when the request counts if it is not
    /// answered.
    pub(super) fn client_with<B>(
        self: &Arc<Self>,
        approval: &Arc<Approval>,
        zone: Option<TimeZone>,
        begin: B,
    ) -> Client
    where
        B: for<'a> Fn(&'a dyn Store, Millis, Millis) -> Pending<'a, Verdict>,
        B: Send + Sync + 'static,
    {
        let (sender, approval) = (Arc::clone(self), Arc::clone(approval));
        let begin = Arc::new(begin);
        self.client.with_options(|options| {
            let options = options
                .background()
                .max_retries(0)
                .retry_rate_limited(false);
            options.before_attempt(move || {
                let (sender, approval, zone, begin) = (
                    Arc::clone(&sender),
                    Arc::clone(&approval),
                    zone.clone(),
                    Arc::clone(&begin),
                );
                async move {
                    let now = sender.engine.millis();
                    let counts_until = now.saturating_add(counts_unanswered(&sender.client));
                    let attempt = begin(&*sender.engine.store, now, counts_until);
                    sender.approve(&approval, zone.as_ref(), attempt).await
                }
            })
        })
    }

    /// Decides whether a request may leave, and writes it down if it may.
    /// `attempt` does nothing until it is awaited.
    async fn approve(
        &self,
        approval: &Approval,
        zone: Option<&TimeZone>,
        attempt: Pending<'_, Verdict>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let has_attempt = matches!(&*approval.lock(), Some(Ok(Verdict::Go(_))));
        if has_attempt {
            // The token was refreshed.
            return self.check_time(zone);
        }
        if self.stop.is_set() || !self.is_time(self.engine.now(), zone) {
            approval.set(Ok(Verdict::Hold));
            return Err("it is held".into());
        }
        approval.has_begun.store(true, Ordering::Release);
        let verdict = attempt.await;
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
