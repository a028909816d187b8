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
    /// What the message history says happened since a time, as the events that
    /// webhooks would have told, the latest first: for after a receiver was
    /// down. Fed through the same
    /// [`Deduplicator`](crate::webhook::Deduplicator), nothing is handled twice.
    ///
    /// There is no history of anything but messages, and of those it holds the
    /// last status alone, for messages of since then: that an older one was
    /// delivered meanwhile does not come. A status that no delivery told of is a
    /// new event, as it would be by a webhook. That a message whose status is
    /// `received` came in, and any other was sent, is inferred.
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
