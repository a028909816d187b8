//! A sliding window over the requests of a minute.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The period of the API's limit.
pub(super) const PERIOD: Duration = Duration::from_secs(60);

/// How much longer the server's minute may be than this machine's.
pub(super) const MARGIN: Duration = Duration::from_millis(100);

/// Stands for the unknown time at which the slot of a request in flight is free.
const HELD: Duration = Duration::MAX;

/// Admits at most `limit` requests in any period.
///
/// Each request holds a slot until a period after the server counted it. A client does
/// not know that moment, but it lies between the start of the request and the start of
/// its response. The window uses the latter: two requests that hold a slot one after
/// the other are counted at least a period apart, however long either is in flight. A
/// token bucket of the same capacity would admit nearly twice the limit in the first
/// minute.
pub(super) struct Window {
    limit: usize,
    slots: Mutex<Slots>,
    /// Notified when the time at which a slot is free becomes known.
    pub(super) freed: Notify,
}

#[derive(Default)]
struct Slots {
    /// When each slot is free. It grows up to the limit.
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

    /// Takes a slot and returns its index, or returns how long none is free.
    pub(super) fn take(&self, now: Duration) -> Result<usize, Duration> {
        let mut slots = self.lock();
        let Slots { free_at, next } = &mut *slots;
        let count = free_at.len();
        // The slot at `next` was taken first. If it is free, no slot is added.
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
        // If all requests are in flight, a notification comes before this.
        Err((soonest - now).min(PERIOD))
    }

    /// Sets the time at which a slot is free.
    pub(super) fn free(&self, index: usize, at: Duration) {
        self.lock().free_at[index] = at;
        self.freed.notify_one();
    }

    /// A panic leaves no slot inconsistent, so a poisoned lock is usable.
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.lock().free_at.len()
    }
}
