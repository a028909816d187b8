//! Lets requests through as the rate limit allows.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::race::race;
use crate::auth::Clock;
use crate::policy::{Limit, Permit, RateLimit, RateLimiter};

/// The time in which the API counts.
const PERIOD: Duration = Duration::from_secs(60);

/// By how much the server's minute may be longer than this machine's.
const MARGIN: Duration = Duration::from_millis(100);

/// A request is taken to have reached the server so long after its start, if
/// it was not answered by then: longer than connecting may take.
const LONGEST_WAY: Duration = Duration::from_secs(15);

/// What all attempts of a client and its clones pass.
pub(super) struct Gate {
    clock: Arc<dyn Clock>,
    limiter: Limiter,
    /// Whose turn it is to wait for a slot; tokio's mutex is first come first
    /// served, and whoever stops waiting leaves the queue.
    turn: tokio::sync::Mutex<()>,
    /// The end of the wait after a 429, in nanoseconds of the clock; 0 if there
    /// was none.
    closed_until: AtomicU64,
}

enum Limiter {
    Off,
    Window(Arc<Window>),
    Custom(Arc<dyn RateLimiter>),
}

/// The permission to send, whichever limiter gave it. Dropping it ends the
/// attempt.
pub(super) enum Pass {
    Free,
    Slot(Slot),
    Custom(Permit),
}

impl Gate {
    pub(super) fn new(limit: &RateLimit, clock: Arc<dyn Clock>) -> Self {
        Self {
            limiter: match &limit.0 {
                Limit::Off => Limiter::Off,
                Limit::PerMinute(requests) => {
                    Limiter::Window(Arc::new(Window::new(*requests, Arc::clone(&clock))))
                }
                Limit::Custom(limiter) => Limiter::Custom(Arc::clone(limiter)),
            },
            clock,
            turn: tokio::sync::Mutex::new(()),
            closed_until: AtomicU64::new(0),
        }
    }

    /// The permission to send, if nobody needs to wait for it. Whoever finds
    /// nobody waiting overtakes nobody.
    pub(super) fn pass_at_once(&self, counts: bool) -> Option<Pass> {
        if !self.closed_for().is_zero() {
            return None;
        }
        match &self.limiter {
            Limiter::Window(window) if counts => {
                let is_free = window.waiting.load(Ordering::Relaxed) == 0;
                let taken = is_free.then(|| window.take(self.clock.elapsed()));
                let taken = taken.and_then(Result::ok)?;
                Some(Pass::Slot(Self::hold(window, taken)))
            }
            Limiter::Custom(_) if counts => None,
            _ => Some(Pass::Free),
        }
    }

    /// Waits until a request may be sent. One that does not count still waits
    /// for the end of a 429.
    pub(super) async fn pass(&self, counts: bool) -> Pass {
        match &self.limiter {
            Limiter::Window(window) if counts => Pass::Slot(self.slot(window).await),
            Limiter::Custom(limiter) if counts => {
                self.opened().await;
                Pass::Custom(limiter.acquire().await)
            }
            _ => {
                self.opened().await;
                Pass::Free
            }
        }
    }

    async fn slot(&self, window: &Arc<Window>) -> Slot {
        let _waiting = Waiting::new(&window.waiting);
        let _turn = self.turn.lock().await;
        loop {
            self.opened().await;
            let freed = pin!(window.freed.notified());
            match window.take(self.clock.elapsed()) {
                Ok(taken) => return Self::hold(window, taken),
                Err(wait) => race(freed, self.clock.sleep(wait)).await,
            }
        }
    }

    fn hold(window: &Arc<Window>, (index, taken_until): (usize, Duration)) -> Slot {
        Slot {
            window: Arc::clone(window),
            index,
            taken_until,
            is_unused: false,
        }
    }

    /// How long nobody will be let through.
    pub(super) fn closed_for(&self) -> Duration {
        match self.closed_until.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            until => Duration::from_nanos(until).saturating_sub(self.clock.elapsed()),
        }
    }

    async fn opened(&self) {
        loop {
            let wait = self.closed_for();
            if wait.is_zero() {
                return;
            }
            self.clock.sleep(wait).await;
        }
    }

    /// Lets nobody through for so long.
    pub(super) fn close(&self, wait: Duration) {
        let until = self.clock.elapsed().saturating_add(wait).as_nanos();
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        self.closed_until.fetch_max(until, Ordering::Relaxed);
        if let Limiter::Custom(limiter) = &self.limiter {
            limiter.close(wait);
        }
    }
}

impl Pass {
    /// The request did not leave, so it does not count.
    pub(super) fn unused(self) {
        match self {
            Self::Free => {}
            Self::Slot(mut slot) => slot.is_unused = true,
            Self::Custom(permit) => permit.unused(),
        }
    }
}

/// At most so many requests in any period, wherever it begins.
///
/// Each request holds a slot until a period after the server has counted it. A
/// client cannot know that moment, but it lies between the start of the request
/// and its end, so the end is taken: two requests that hold the same slot one
/// after the other are counted a period apart however long either was on its
/// way. A token bucket of the same capacity would let through nearly twice the
/// limit in the first minute.
struct Window {
    clock: Arc<dyn Clock>,
    limit: usize,
    state: Mutex<State>,
    /// A slot was given back before its time.
    freed: Notify,
    /// How many wait for a slot, or for their turn to.
    waiting: AtomicUsize,
}

/// Counts one who waits, until it is dropped.
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

#[derive(Default)]
struct State {
    /// When each slot is free; it grows up to the limit.
    slots: Vec<Duration>,
    /// Where the search for a free slot goes on.
    next: usize,
}

impl Window {
    fn new(limit: u32, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            state: Mutex::default(),
            freed: Notify::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// A slot and until when it is taken, or how long there will be none.
    fn take(&self, now: Duration) -> Result<(usize, Duration), Duration> {
        let mut state = lock(&self.state);
        let taken_until = now + LONGEST_WAY + PERIOD + MARGIN;
        let count = state.slots.len();
        // The next in turn is the longest taken; if it is free, none is added.
        let is_next_free = state
            .slots
            .get(state.next)
            .is_some_and(|free_at| *free_at <= now);
        if count < self.limit && !is_next_free {
            state.slots.push(taken_until);
            return Ok((count, taken_until));
        }
        let mut soonest = Duration::MAX;
        for index in (state.next..count).chain(0..state.next) {
            let free_at = state.slots[index];
            if free_at <= now {
                state.slots[index] = taken_until;
                state.next = (index + 1) % count;
                return Ok((index, taken_until));
            }
            soonest = soonest.min(free_at);
        }
        Err(soonest - now)
    }

    /// Frees a slot earlier than it would be, unless it has another holder by
    /// now.
    fn give_back(&self, index: usize, taken_until: Duration, free_at: Duration) {
        let mut state = lock(&self.state);
        if state.slots[index] == taken_until && free_at < taken_until {
            state.slots[index] = free_at;
            // Whoever saw no slot while it had the lock had counted itself before.
            let is_awaited = self.waiting.load(Ordering::Relaxed) > 0;
            drop(state);
            if is_awaited {
                self.freed.notify_one();
            }
        }
    }
}

/// A place in the window.
pub(super) struct Slot {
    window: Arc<Window>,
    index: usize,
    /// Until when it is taken if it is not given back, which is also what tells
    /// its holder from the next.
    taken_until: Duration,
    is_unused: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let now = self.window.clock.elapsed();
        let counted = if self.is_unused {
            Duration::ZERO
        } else {
            PERIOD + MARGIN
        };
        self.window
            .give_back(self.index, self.taken_until, now + counted);
    }
}

/// A lock whose holder panicked still guards a whole value: none is left half
/// changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
