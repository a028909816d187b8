//! `Client::reconcile`: events that are rebuilt from the message history.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use jiff::Timestamp;

use super::event::Event;
use crate::error::Error;
use crate::paging::Walk;
use crate::runtime::Client;
use crate::types::Message;

impl Client {
    /// Replays the message history since a time as the events that webhooks would have
    /// delivered, latest first. Use it after downtime of a receiver. Claim the events
    /// from the same [`Deduplicator`](crate::webhook::Deduplicator), so that events that
    /// were delivered are not handled again.
    ///
    /// The history holds only messages, and each with its last status. A change of an
    /// older message's status is missing. A message whose status was the last one
    /// delivered is a duplicate, since its `updated` may have moved for another reason;
    /// so a status that was lost and returned is missing, too. Messages with the status
    /// `received` become received messages, all others sent ones; this is inferred.
    ///
    /// ```no_run
    /// # async fn handle(_: &heymarket_api::webhook::Event) {}
    /// # async fn run(
    /// #     client: heymarket_api::Client,
    /// #     seen: heymarket_api::webhook::Deduplicator,
    /// #     since: jiff::Timestamp,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use heymarket_api::webhook::Claim;
    ///
    /// let mut events = client.reconcile(since);
    /// while let Some(event) = events.next().await {
    ///     let event = event?;
    ///     if let Claim::New(claimed) = seen.claim(&event).await? {
    ///         handle(&event).await;
    ///         claimed.commit().await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn reconcile(&self, since: Timestamp) -> Reconcile {
        Reconcile {
            messages: self.latest_team_messages(),
            since,
            is_over: false,
        }
    }
}

/// The events since a time, from [`Client::reconcile`]: a [`Stream`], with an inherent
/// [`next`](Self::next).
#[must_use = "it does nothing until its events are requested"]
#[derive(Debug)]
pub struct Reconcile {
    messages: Walk<Message>,
    since: Timestamp,
    is_over: bool,
}

impl Reconcile {
    /// Returns the next event; `None` at the end and after an error.
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
