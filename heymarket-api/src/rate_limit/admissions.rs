//! Admits attempts: by the window or by a limiter of the caller's, and around the
//! closure after a 429.

use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::closure::SPACING;
use super::limit::{Limiter, RateLimit, Shared};
use super::permit::{Permit, PermitUse};
use super::race::race;
use super::window::{MARGIN, PERIOD, Window};
use crate::clock::Clock;

/// The longest closure for other callers, whatever one response asks for.
const LONGEST_CLOSURE: Duration = Duration::from_secs(120);

/// Admits the attempts of a client as its rate limit allows.
pub(crate) struct Admissions {
    limit: RateLimit,
    clock: Arc<dyn Clock>,
}

/// Permission to make one attempt.
///
/// A dropped admission counts as a request without a response.
pub(crate) struct Admission<'a>(Kind<'a>);

/// The priority of a waiting caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Joins the queue at once.
    Foreground,
    /// Joins the queue after all earlier background callers have left it.
    Background,
}

enum Kind<'a> {
    Unlimited,
    Window(WindowPermit<'a>),
    Custom(Permit),
}

impl Admissions {
    pub(crate) fn new(limit: RateLimit, clock: Arc<dyn Clock>) -> Self {
        Self { limit, clock }
    }

    fn shared(&self) -> &Shared {
        &self.limit.0
    }

    /// Admits an attempt if it does not have to wait. A caller does not overtake
    /// callers that already wait.
    pub(crate) fn try_admit(&self, counts: bool, max_flight: Duration) -> Option<Admission<'_>> {
        let shared = self.shared();
        if !shared.closure.is_untouched() && shared.closure.is_restarting(self.clock.elapsed()) {
            return None;
        }
        let kind = match &shared.limiter {
            Limiter::Custom(_) if counts => return None,
            Limiter::Window(window) if counts => {
                if shared.waiting.load(Ordering::Relaxed) > 0 {
                    return None;
                }
                let now = self.clock.elapsed();
                Kind::Window(self.hold(window, window.take(now).ok()?, now, max_flight))
            }
            _ => Kind::Unlimited,
        };
        Some(Admission(kind))
    }

    /// Waits until an attempt may be made. An attempt that does not count toward the
    /// limit still waits for the end of a closure.
    pub(crate) async fn admit(
        &self,
        counts: bool,
        order: Order,
        max_flight: Duration,
    ) -> Result<Admission<'_>, Box<dyn StdError + Send + Sync>> {
        let shared = self.shared();
        let _waiting = Waiting::new(&shared.waiting);
        let _background = match order {
            Order::Foreground => None,
            Order::Background => Some(shared.background.lock().await),
        };
        Ok(Admission(match &shared.limiter {
            Limiter::Window(window) if counts => {
                Kind::Window(self.acquire(window, max_flight).await)
            }
            Limiter::Custom(limiter) if counts => loop {
                self.opened().await;
                // The limiter counts from its grant, after which a restart may take a while.
                let queued = shared.closure.longest_queue(self.clock.elapsed());
                let mut permit = limiter.acquire(max_flight.saturating_add(queued)).await?;
                let granted = self.clock.elapsed();
                let is_open = self.start_if_open().await;
                let took = self.clock.elapsed().saturating_sub(granted);
                if is_open && took <= queued.saturating_add(SPACING) {
                    break Kind::Custom(permit);
                }
                // A permit from before a closure is not valid after it.
                permit.end(PermitUse::Unsent);
            },
            _ => loop {
                self.opened().await;
                if self.start_if_open().await {
                    break Kind::Unlimited;
                }
            },
        }))
    }

    /// Waits in the queue for a slot of the window.
    async fn acquire<'a>(&'a self, window: &'a Window, max_flight: Duration) -> WindowPermit<'a> {
        let closure = &self.shared().closure;
        let _turn = self.shared().queue.lock().await;
        loop {
            let freed = pin!(window.freed.notified());
            let now = self.clock.elapsed();
            let wait = closure.wait(now);
            if !wait.is_zero() {
                self.clock.sleep(wait).await;
                continue;
            }
            match window.take(now) {
                Ok(index) => {
                    closure.start(now);
                    return self.hold(window, index, now, max_flight);
                }
                Err(wait) => race(freed, self.clock.sleep(wait)).await,
            }
        }
    }

    fn hold<'a>(
        &'a self,
        window: &'a Window,
        index: usize,
        now: Duration,
        max_flight: Duration,
    ) -> WindowPermit<'a> {
        WindowPermit {
            window,
            clock: &*self.clock,
            index,
            arrives_by: now.saturating_add(max_flight),
            has_ended: false,
        }
    }

    /// Returns how long no attempt is admitted because of a 429.
    pub(crate) fn closed_for(&self) -> Duration {
        let closure = &self.shared().closure;
        if closure.is_untouched() {
            return Duration::ZERO;
        }
        closure.closed_for(self.clock.elapsed())
    }

    /// Waits for the end of a closure.
    async fn opened(&self) {
        loop {
            let wait = self.closed_for();
            if wait.is_zero() {
                return;
            }
            self.clock.sleep(wait).await;
        }
    }

    /// Waits until this caller may start after a closure. Returns false if another
    /// closure began meanwhile.
    async fn start_if_open(&self) -> bool {
        let closure = &self.shared().closure;
        if closure.is_untouched() {
            return true;
        }
        let _turn = self.shared().queue.lock().await;
        loop {
            let now = self.clock.elapsed();
            if !closure.closed_for(now).is_zero() {
                return false;
            }
            let wait = closure.wait(now);
            if wait.is_zero() {
                closure.start(now);
                return true;
            }
            self.clock.sleep(wait).await;
        }
    }

    /// Takes a slot for each duration, until it has passed. This does not apply to a
    /// limiter of the caller's.
    pub(crate) fn hold_for(&self, durations: impl IntoIterator<Item = Duration>) {
        let Limiter::Window(window) = &self.shared().limiter else {
            return;
        };
        let now = self.clock.elapsed();
        for duration in durations {
            let Ok(index) = window.take(now) else {
                return;
            };
            window.free(index, now.saturating_add(duration));
        }
    }

    /// Admits no attempt for `wait`, capped at the longest closure.
    pub(crate) fn close(&self, wait: Duration) {
        let wait = wait.min(LONGEST_CLOSURE);
        let until = self.clock.elapsed().saturating_add(wait);
        self.shared().closure.close(until);
        if let Limiter::Custom(limiter) = &self.shared().limiter {
            limiter.close(wait);
        }
    }
}

impl Admission<'_> {
    /// Counts the time in flight from now: the request was not sent at once. Returns false
    /// if a limiter of the caller's counts it, from when it granted the permit.
    pub(crate) fn restart(&mut self, max_flight: Duration) -> bool {
        match &mut self.0 {
            Kind::Unlimited => {}
            Kind::Window(permit) => {
                permit.arrives_by = permit.clock.elapsed().saturating_add(max_flight);
            }
            Kind::Custom(_) => return false,
        }
        true
    }

    /// Ends the admission once the outcome of the request is known.
    pub(crate) fn end(&mut self, used: PermitUse) {
        match &mut self.0 {
            Kind::Unlimited => {}
            Kind::Window(permit) => permit.end(used),
            Kind::Custom(permit) => permit.end(used),
        }
    }
}

/// A slot of the window, held until the admission ends.
struct WindowPermit<'a> {
    window: &'a Window,
    clock: &'a dyn Clock,
    index: usize,
    /// The latest time at which the request reaches the server.
    arrives_by: Duration,
    has_ended: bool,
}

impl WindowPermit<'_> {
    fn end(&mut self, used: PermitUse) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        let now = self.clock.elapsed();
        let free_at = match used {
            PermitUse::Unsent => now,
            PermitUse::Answered => now + PERIOD + MARGIN,
            PermitUse::Unanswered => {
                let counted_by = self.arrives_by.max(now);
                counted_by.saturating_add(PERIOD + MARGIN)
            }
        };
        self.window.free(self.index, free_at);
    }
}

impl Drop for WindowPermit<'_> {
    fn drop(&mut self) {
        self.end(PermitUse::Unanswered);
    }
}

/// Counts a waiting caller until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
