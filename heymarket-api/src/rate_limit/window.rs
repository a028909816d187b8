use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The time in which the API counts.
pub(super) const PERIOD: Duration = Duration::from_secs(60);

/// By how much the server's minute may be longer than this machine's.
pub(super) const MARGIN: Duration = Duration::from_millis(100);

/// The time at which a slot is free that a request in flight holds.
const HELD: Duration = Duration::MAX;

/// At most so many requests in any period, wherever it begins.
///
/// Each request holds a slot until a period after the server has counted it. A
/// client does not know that moment, but it lies between the start of the
/// request and the start of its answer. The latter is taken: two requests that
/// hold a slot one after the other are counted a period apart, however long
/// either was in flight. A token bucket of the same capacity would let through
/// nearly twice the limit in the first minute.
pub(super) struct Window {
    limit: usize,
    slots: Mutex<Slots>,
    /// Notified when a slot gets the time at which it is free.
    pub(super) freed: Notify,
}

#[derive(Default)]
struct Slots {
    /// When each slot is free; it grows up to the limit.
    free_at: Vec<Duration>,
    /// Where the search for a free slot continues.
    next: usize,
}

impl Window {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            slots: Mutex::default(),
            freed: Notify::new(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Takes a slot and returns its index, or how long there is none.
    pub(super) fn take(&self, now: Duration) -> Result<usize, Duration> {
        let mut slots = self.lock();
        let Slots { free_at, next } = &mut *slots;
        let count = free_at.len();
        // The next in line was taken first; if it is free, no slot is added.
        let is_next_free = free_at.get(*next).is_some_and(|free_at| *free_at <= now);
        if count < self.limit && !is_next_free {
            free_at.push(HELD);
            return Ok(count);
        }
        let mut soonest = HELD;
        for index in (*next..count).chain(0..*next) {
            if free_at[index] <= now {
                free_at[index] = HELD;
                *next = (index + 1) % count;
                return Ok(index);
            }
            soonest = soonest.min(free_at[index]);
        }
        // If all are in flight, the notification of the first to end comes sooner.
        Err((soonest - now).min(PERIOD))
    }

    /// Sets the time at which a slot is free that its holder gives up.
    pub(super) fn free(&self, index: usize, at: Duration) {
        self.lock().free_at[index] = at;
        self.freed.notify_one();
    }

    /// A panic leaves no slot half changed, so a poisoned lock is still sound.
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.lock().free_at.len()
    }
}
