//! The outcomes of recipients, and what people decide about them.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Outbox;
use crate::error::Error;
use crate::report::Report;
use crate::state::{Reason, State};
use crate::store::{BatchState, Millis};

impl Outbox {
    /// Returns the outcome of each recipient of a batch, in order.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, or the database fails.
    pub async fn report(&self, batch: &str) -> Result<Report, Error> {
        self.report_of(batch, None).await
    }

    /// Returns the recipients of a batch whose messages may or may not have been
    /// sent: the history does not have them. Look at the conversation of each, and
    /// [`decide`](Self::decide).
    ///
    /// # Errors
    ///
    /// As [`report`](Self::report).
    pub async fn review(&self, batch: &str) -> Result<Report, Error> {
        self.report_of(batch, Some(State::NeedsReview)).await
    }

    async fn report_of(&self, batch: &str, state: Option<State>) -> Result<Report, Error> {
        let batch = self.batch(batch).await?;
        let store = Arc::clone(&self.engine.store);
        Ok(Report::new(store, batch.key, state))
    }

    /// Decides about recipients that need a review, by their positions in the
    /// [report](crate::ReportRow::position), or about all of them. Returns how many it
    /// was.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, the database fails,
    /// [`Resend`](Decision::Resend) is decided for a batch that is cancelled, or
    /// positions are given for a batch that is one message to a list.
    pub async fn decide(
        &self,
        batch: &str,
        positions: Option<Vec<u64>>,
        decision: Decision,
    ) -> Result<u64, Error> {
        let batch = self.batch(batch).await?;
        if batch.list.is_some() && positions.is_some() {
            let id = &batch.id;
            return Err(Error::invalid(format!(
                "batch {id:?} is one message to a list; decide about all of its recipients"
            )));
        }
        let is_cancelled = batch.state == BatchState::Cancelled;
        let to = match decision {
            Decision::WasSent => (State::Sent, Reason::Reviewed),
            Decision::GiveUp => (State::Refused, Reason::Reviewed),
            Decision::Resend if is_cancelled => return Err(Error::cancelled(&batch.id)),
            Decision::Resend => (State::Planned, Reason::Reviewed),
        };
        let now = self.millis().await?;
        self.engine
            .store
            .decide(batch.key, positions, to, now)
            .await
    }

    /// Plans recipients again that the API refused. Those who opted out, invalid and
    /// duplicate numbers, and recipients that were purged stay refused. Returns how
    /// many are planned again.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, it is cancelled, it is one message
    /// to a list of which something was sent, or the database fails.
    pub async fn retry_failed(&self, batch: &str) -> Result<u64, Error> {
        let batch = self.batch(batch).await?;
        if batch.state == BatchState::Cancelled {
            return Err(Error::cancelled(&batch.id));
        }
        if batch.list.is_some() {
            // The list that exists has not all of those that are planned again.
            self.check_unsent(&batch).await?;
            self.set_new_list(batch.key).await?;
        }
        self.engine.store.retry(batch.key).await
    }

    /// Forgets numbers and texts of recipients that ended longer ago than this.
    /// States, reasons and keys stay, and so do suppressions. Returns how many
    /// recipients it was.
    ///
    /// A batch that was purged cannot be planned again under its ID.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn purge(&self, older_than: Duration) -> Result<u64, Error> {
        let older_than = SignedDuration::try_from(older_than).unwrap_or(SignedDuration::MAX);
        let before = self.now().await?.saturating_sub(older_than);
        let before = before.map_or(Millis::MIN, Timestamp::as_millisecond);
        self.engine.store.purge(before).await
    }
}

/// What a person decides about a recipient that needs a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decision {
    /// The message was sent.
    WasSent,
    /// It was not, and is not sent any more.
    GiveUp,
    /// It was not, and is sent again with the same `local_id`.
    Resend,
}
