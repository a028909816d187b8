//! What callers send to the keeper of the slots.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use heymarket_api::{Permit, PermitUse};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::Error;

/// A message of a caller. Messages come in the order in which they were sent.
pub(super) enum Message {
    Wait(Waiter),
    End(End),
    /// The limit closed: see [`Closure`].
    Close,
    /// Answered once everything before it is in the store.
    Flush(oneshot::Sender<()>),
}

/// A caller that waits for a slot.
pub(super) struct Waiter {
    pub(super) since: Instant,
    pub(super) max_flight: Duration,
    pub(super) reply: oneshot::Sender<Result<Grant, Error>>,
}

/// How a slot ends: when the server has counted its request, at the latest. `None` means
/// that it was not sent.
pub(super) struct End {
    pub(super) number: i64,
    pub(super) counted_by: Option<Instant>,
}

/// A slot on its way to a caller. Dropping it frees the slot.
pub(super) struct Grant {
    number: i64,
    /// When the store was asked: before it granted.
    pub(super) asked: Instant,
    messages: Option<UnboundedSender<Message>>,
}

impl Grant {
    pub(super) fn new(number: i64, asked: Instant, messages: UnboundedSender<Message>) -> Self {
        Self {
            number,
            asked,
            messages: Some(messages),
        }
    }

    /// Returns the permit of a request that reaches the server by `arrives_by`.
    pub(super) fn permit(mut self, arrives_by: Instant) -> Permit {
        let (number, messages) = (self.number, self.messages.take());
        Permit::new(move |used| {
            let now = Instant::now();
            let counted_by = match used {
                PermitUse::Unsent => None,
                PermitUse::Answered => Some(now),
                // A use that this version does not know counts as long as any.
                _ => Some(arrives_by.max(now)),
            };
            if let Some(messages) = messages {
                // Without a keeper, the store frees the slot after its hold.
                let _ = messages.send(Message::End(End { number, counted_by }));
            }
        })
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(messages) = self.messages.take() {
            let _ = messages.send(Message::End(End {
                number: self.number,
                counted_by: None,
            }));
        }
    }
}

/// Until when this process grants nothing after a 429, whatever the store says.
#[derive(Default)]
pub(super) struct Closure(Mutex<Option<Instant>>);

impl Closure {
    /// Closes for `wait`, unless it is closed for longer.
    pub(super) fn close(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |closed| closed.max(until)));
    }

    /// Returns the end of the closure, unless it has passed.
    pub(super) fn until(&self) -> Option<Instant> {
        let closed = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        closed.filter(|until| *until > Instant::now())
    }
}
