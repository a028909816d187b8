//! Batches as a whole: how far they are, and whether they are sent.

use heymarket_api::types::InboxId;
use jiff::Timestamp;

use super::Outbox;
use crate::counts::Counts;
use crate::error::Error;
use crate::settings::Content;
use crate::state::State;
use crate::store::{BatchState, ListSend, StoredBatch};

impl Outbox {
    /// Pauses a batch: a run that is on, of this process or another one, sends
    /// no further message of it.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, it is cancelled, or the
    /// database fails.
    pub async fn pause(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Paused).await
    }

    /// Resumes a batch that is paused. A run sends it.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Ready).await
    }

    /// Cancels a batch permanently: what is planned ends
    /// [`Cancelled`](State::Cancelled).
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn cancel(&self, batch: &str) -> Result<(), Error> {
        self.set_state(batch, BatchState::Cancelled).await
    }

    async fn set_state(&self, id: &str, state: BatchState) -> Result<(), Error> {
        let batch = self.batch(id).await?;
        let now = self.millis().await?;
        let store = &self.engine.store;
        if store.set_batch_state(batch.key, state, now).await? {
            Ok(())
        } else {
            Err(Error::cancelled(id))
        }
    }

    /// Sends a batch as one message to a list, in place of one to each
    /// recipient, if nothing of it was sent yet. See [`Plan::list_offer`](crate::Plan::list_offer).
    ///
    /// The list is created by the run, and its `local_id` is a key that the
    /// vendor deduplicates. Recipients who opted out are not on it.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, its recipients get different
    /// texts or are in several time zones, or something of it was sent.
    pub async fn send_as_list(&self, id: &str) -> Result<(), Error> {
        let batch = self.batch(id).await?;
        self.check_unsent(&batch).await?;
        if batch.list.is_some() {
            // A message that is about to leave has its keys.
            return Ok(());
        }
        let has_placeholders = match &batch.settings.content {
            Content::Text(text) => text.contains("{{"),
            _ => false,
        };
        let zones = self.engine.store.zones(batch.key).await?;
        if has_placeholders || zones.len() > 1 || batch.settings.check_status {
            return Err(Error::no_list(id));
        }
        self.set_new_list(batch.key).await
    }

    /// Fails if something of a batch was sent, or may have been.
    pub(super) async fn check_unsent(&self, batch: &StoredBatch) -> Result<(), Error> {
        let counts = Counts::new(self.engine.store.counts(batch.key).await?);
        let begun = [
            State::Attempting,
            State::Sent,
            State::Unknown,
            State::NeedsReview,
        ];
        if begun.iter().any(|state| counts.of(*state) > 0) {
            return Err(Error::invalid(format!(
                "batch {:?} cannot be sent to a list: some of it was sent already",
                batch.id
            )));
        }
        Ok(())
    }

    /// Makes a batch one message to a list that does not exist yet.
    pub(super) async fn set_new_list(&self, batch: i64) -> Result<(), Error> {
        self.engine
            .store
            .set_list(batch, Some(ListSend::new()))
            .await
    }

    /// Returns the status of all batches, in the order in which they were planned.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn batches(&self) -> Result<Vec<Status>, Error> {
        let mut statuses = Vec::new();
        for batch in self.engine.store.batches().await? {
            statuses.push(self.status_of(batch).await?);
        }
        Ok(statuses)
    }

    /// Returns what is planned in all batches that are not paused.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        let (recipients, since) = self.engine.store.backlog().await?;
        let since = since.and_then(|since| Timestamp::from_millisecond(since).ok());
        Ok(Backlog { recipients, since })
    }

    /// Returns the status of a batch.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch has this ID, or the database fails.
    pub async fn status(&self, batch: &str) -> Result<Status, Error> {
        let batch = self.batch(batch).await?;
        self.status_of(batch).await
    }

    async fn status_of(&self, batch: StoredBatch) -> Result<Status, Error> {
        let counts = Counts::new(self.engine.store.counts(batch.key).await?);
        Ok(Status {
            batch: batch.id,
            is_paused: batch.state == BatchState::Paused,
            is_cancelled: batch.state == BatchState::Cancelled,
            is_to_list: batch.list.is_some(),
            inbox_id: batch.settings.inbox,
            recipients: batch.recipients,
            counts,
        })
    }
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The batch's ID.
    pub batch: String,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
    /// Whether it is one message to a list.
    pub is_to_list: bool,
    /// The inbox that it is sent from.
    pub inbox_id: InboxId,
    /// How many recipients there are.
    pub recipients: u64,
    /// How many of them are in each state.
    pub counts: Counts,
}

/// What is still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// How many recipients are planned.
    pub recipients: u64,
    /// When the oldest of their batches was planned; `None` without recipients.
    pub since: Option<Timestamp>,
}
