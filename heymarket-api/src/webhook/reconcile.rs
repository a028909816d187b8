use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use jiff::{SignedDuration, Timestamp};

use super::event::Event;
use crate::paging::Walk;
use crate::runtime::{Client, Error};
use crate::types::{ListTeamMessages, Message};

/// The server's clock may be ahead by so much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(10);

impl Client {
    /// Replays the message history since a time as the events that webhooks would
    /// have delivered, the latest first: for after a receiver was down. Claim
    /// them from the same [`Deduplicator`](crate::webhook::Deduplicator), and
    /// none that was delivered is handled again.
    ///
    /// The history holds messages only, and of those since the time it holds the
    /// last status: that an older message was delivered meanwhile is missing. A
    /// message that has the status that was last delivered is a duplicate, since
    /// its `updated` may have moved for another reason. So a status that was
    /// lost and returned is missing, too. Messages with the status `received`
    /// are taken for received ones, all others for sent ones; this is inferred.
    #[inline]
    pub fn reconcile(&self, since: Timestamp) -> Reconcile {
        let now = self.now();
        let before = now.saturating_add(CLOCK_SKEW).unwrap_or(now);
        Reconcile {
            messages: self.team_messages(ListTeamMessages::new().created_at(before)),
            since,
            is_over: false,
        }
    }
}

/// What happened since a time; see [`Client::reconcile`]. It is a [`Stream`],
/// and has [`next`](Self::next).
#[must_use = "it does nothing until it is asked for its events"]
#[derive(Debug)]
pub struct Reconcile {
    messages: Walk<Message>,
    since: Timestamp,
    is_over: bool,
}

impl Reconcile {
    /// The next event; `None` at the end, and after an error.
    #[inline]
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|context| self.poll_event(context)).await
    }

    #[inline]
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let message = ready!(Pin::new(&mut self.messages).poll_next(context));
        let is_older = |message: &Message| message.date.is_some_and(|date| date < self.since);
        Poll::Ready(match message {
            Some(Ok(message)) if is_older(&message) => {
                self.is_over = true;
                None
            }
            Some(Ok(message)) => Some(Ok(Event::of_history(message))),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }
}

impl Stream for Reconcile {
    type Item = Result<Event, Error>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}
