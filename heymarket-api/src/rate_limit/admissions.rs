use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::limit::{Limiter, RateLimit, Shared};
use super::permit::{Permit, PermitUse};
use super::race::race;
use super::window::{MARGIN, PERIOD, Window};
use crate::auth::Clock;

/// A closure lasts at most this long for the callers that it stops, however long
/// one answer asks for.
const LONGEST_CLOSURE: Duration = Duration::from_secs(120);

/// Admits the attempts of a client as its rate limit allows.
pub(crate) struct Admissions {
    limit: RateLimit,
    clock: Arc<dyn Clock>,
}

/// Permission to make one attempt, of whichever limiter.
///
/// Dropped, it counts as that of a request that got no answer.
pub(crate) struct Admission<'a>(Kind<'a>);

/// Who goes first among those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// First come, first served.
    Foreground,
    /// One at a time joins the others.
    Background,
}

enum Kind<'a> {
    Unlimited,
    Slot(Slot<'a>),
    Permit(Permit),
}

impl Admissions {
    pub(crate) fn new(limit: RateLimit, clock: Arc<dyn Clock>) -> Self {
        Self { limit, clock }
    }

    fn shared(&self) -> &Shared {
        &self.limit.0
    }

    /// Admits an attempt if it need not wait. A caller that finds others waiting
    /// does not overtake them.
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
                Kind::Slot(self.hold(window, window.take(now).ok()?, now, max_flight))
            }
            _ => Kind::Unlimited,
        };
        Some(Admission(kind))
    }

    /// Waits until an attempt may be made. One that does not count still waits
    /// for the end of a closure.
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
            Limiter::Window(window) if counts => Kind::Slot(self.slot(window, max_flight).await),
            Limiter::Custom(limiter) if counts => loop {
                self.opened().await;
                let mut permit = limiter.acquire(max_flight).await?;
                if self.start_if_open().await {
                    break Kind::Permit(permit);
                }
                // A permit of before the closure does not outlast it.
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

    /// Waits for a slot of the window, in line.
    async fn slot<'a>(&'a self, window: &'a Window, max_flight: Duration) -> Slot<'a> {
        let closure = &self.shared().closure;
        let _turn = self.shared().turn.lock().await;
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
    ) -> Slot<'a> {
        Slot {
            window,
            clock: &*self.clock,
            index,
            arrives_by: now.saturating_add(max_flight),
            is_given_up: false,
        }
    }

    /// How long no attempt is admitted because of a 429.
    pub(crate) fn closed_for(&self) -> Duration {
        let closure = &self.shared().closure;
        if closure.is_untouched() {
            return Duration::ZERO;
        }
        closure.closed_for(self.clock.elapsed())
    }

    /// Waits until no closure is on.
    async fn opened(&self) {
        loop {
            let wait = self.closed_for();
            if wait.is_zero() {
                return;
            }
            self.clock.sleep(wait).await;
        }
    }

    /// Waits for the start of a caller in the restart after a closure. Returns
    /// false if there is another closure by then.
    async fn start_if_open(&self) -> bool {
        let closure = &self.shared().closure;
        if closure.is_untouched() {
            return true;
        }
        let _turn = self.shared().turn.lock().await;
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

    /// Takes a slot for each duration, until it has passed. A limiter of the
    /// user's has a memory of its own.
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

    /// Admits no attempt for so long, or for the longest closure.
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
    /// Ends it: what became of the request is known.
    pub(crate) fn end(&mut self, used: PermitUse) {
        match &mut self.0 {
            Kind::Unlimited => {}
            Kind::Slot(slot) => slot.give_up(used),
            Kind::Permit(permit) => permit.end(used),
        }
    }
}

/// A place in the window.
struct Slot<'a> {
    window: &'a Window,
    clock: &'a dyn Clock,
    index: usize,
    /// The latest time at which the request reaches the server.
    arrives_by: Duration,
    is_given_up: bool,
}

impl Slot<'_> {
    fn give_up(&mut self, used: PermitUse) {
        if self.is_given_up {
            return;
        }
        self.is_given_up = true;
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

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.give_up(PermitUse::Unanswered);
    }
}

/// Counts one that waits, until it is dropped.
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
