//! Requests that outlive their callers. A request that changes something runs in a task
//! of its own: once it has left, it is awaited even if its caller disconnects, so that its
//! answer is recorded. Before it leaves, a disconnected caller ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

const WAITING: u8 = 0;
const LEFT: u8 = 1;
const ABANDONED: u8 = 2;

/// The state that a request and its caller share.
#[derive(Clone, Default)]
pub(crate) struct Departure(Arc<State>);

#[derive(Default)]
struct State {
    state: AtomicU8,
    abandoned: Notify,
}

/// The caller's side. Dropping it abandons a request that has not left.
pub(crate) struct Caller(Departure);

impl Departure {
    /// Creates a request's side and its caller's.
    pub(crate) fn new() -> (Self, Caller) {
        let departure = Self::default();
        (departure.clone(), Caller(departure))
    }

    /// Records that the request leaves. Returns `false` if its caller has abandoned it.
    pub(crate) fn leave(&self) -> bool {
        let leaving =
            self.0
                .state
                .compare_exchange(WAITING, LEFT, Ordering::AcqRel, Ordering::Acquire);
        leaving != Err(ABANDONED)
    }

    /// Waits until the caller has abandoned the request.
    pub(crate) async fn abandoned(&self) {
        loop {
            let notified = self.0.abandoned.notified();
            if self.0.state.load(Ordering::Acquire) == ABANDONED {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let state = &self.0.0;
        let _ =
            state
                .state
                .compare_exchange(WAITING, ABANDONED, Ordering::AcqRel, Ordering::Acquire);
        state.abandoned.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_has_not_left_is_abandoned() {
        let (departure, caller) = Departure::new();
        drop(caller);
        departure.abandoned().await;
        assert!(!departure.leave());
        let (departure, caller) = Departure::new();
        assert!(departure.leave() && departure.leave());
        drop(caller);
        assert!(departure.leave());
    }
}
