//! The limiter of a process, in front of any store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::{Acquire, RateLimiter};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::keeper::Keeper;
use super::options::LimitOptions;
use super::queue::{Closure, Message, Waiter};
use super::slots::{Ask, Slots};
use super::times::Times;
use crate::error::{Error, ErrorKind};

/// The longest closure that is kept in the store: the client's own bound is lower.
/// The flight of a request whose own has no end that a clock could show.
const LONGEST_FLIGHT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const LONGEST_CLOSURE: Duration = Duration::from_secs(60 * 60);

/// A limiter whose slots are in a store. A task talks to the store; callers wait in its
/// queue.
#[derive(Clone)]
pub(super) struct SharedLimit {
    messages: UnboundedSender<Message>,
    closure: Arc<Closure>,
    round_trip: Duration,
}

impl SharedLimit {
    /// Checks that the store responds, and starts the task.
    pub(super) async fn start(
        mut store: impl Slots,
        options: &LimitOptions,
    ) -> Result<Self, Error> {
        let times = Times::of(options);
        let ask = Ask {
            blind: times.hold(Duration::ZERO),
            ..Ask::default()
        };
        let address = store.describe();
        match tokio::time::timeout(times.connect, store.exchange(&ask)).await {
            Ok(answer) => answer?,
            Err(_) => {
                let text = format!("{address} did not respond within {:?}", times.connect);
                return Err(Error::new(ErrorKind::Unreachable, text));
            }
        };
        let (messages, inbox) = unbounded_channel();
        let closure = Arc::new(Closure::default());
        let keeper = Keeper::new(store, times, messages.downgrade(), Arc::clone(&closure));
        tokio::spawn(keeper.run(inbox));
        Ok(Self {
            messages,
            closure,
            round_trip: times.round_trip,
        })
    }

    /// Waits until the store knows how all permits before this call ended.
    pub(super) async fn flush(&self) {
        let (reply, flushed) = oneshot::channel();
        if self.messages.send(Message::Flush(reply)).is_ok() {
            let _ = flushed.await;
        }
    }
}

impl RateLimiter for SharedLimit {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        Box::pin(async move {
            let ended = || {
                let text = "the runtime in which the rate limit was connected has ended";
                Error::new(ErrorKind::Unreachable, text)
            };
            let since = Instant::now();
            loop {
                let (reply, grant) = oneshot::channel();
                let waiter = Waiter {
                    since,
                    max_flight,
                    reply,
                };
                let sent = self.messages.send(Message::Wait(waiter));
                sent.map_err(|_| ended())?;
                let grant = grant.await.map_err(|_| ended())??;
                // The store counts from the grant. A caller that resumes late, or after
                // a 429, takes another slot.
                let now = Instant::now();
                if now - grant.asked <= self.round_trip && self.closure.until().is_none() {
                    let arrives_by = now.checked_add(max_flight).unwrap_or(now + LONGEST_FLIGHT);
                    return Ok(grant.permit(arrives_by));
                }
            }
        })
    }

    fn close(&self, wait: Duration) {
        self.closure.close(wait.min(LONGEST_CLOSURE));
        let _ = self.messages.send(Message::Close);
    }
}

impl fmt::Debug for SharedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLimit").finish_non_exhaustive()
    }
}
