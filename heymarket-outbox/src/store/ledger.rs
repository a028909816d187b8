//! What the outbox asks of its storage. The trait says what must hold; where
//! and how is the storage's own.

use std::pin::Pin;
use std::time::Duration;

use uuid::Uuid;

use super::records::{
    Attempt, BatchState, Candidate, Ending, Hash, ListAttempt, ListSend, Millis, NewBatch, NewRow,
    PlannedBatch, StoredBatch, StoredRow, Suppress, Survey, Verdict,
};
use crate::error::Error;
use crate::state::{Reason, State};

/// The future of every method of a [`Store`].
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Keeps batches, their recipients and suppressions.
///
/// Each call is one transaction: it has happened whole and durably when its
/// future returns, or not at all. The future may be dropped.
pub(crate) trait Store: Send + Sync {
    /// Takes the right to send from this ledger: for one process at a time, or
    /// as one of several workers. It ends when the value is dropped, and a lease
    /// after the process ends.
    fn lock(&self, lease: Duration) -> Pending<'_, RunLock>;

    /// Fails if the ledger is damaged.
    fn verify(&self) -> Pending<'_, ()>;

    /// The time of the ledger, if it has a clock of its own.
    fn time(&self) -> Pending<'_, Option<Millis>> {
        Box::pin(async { Ok(None) })
    }

    /// Begins a plan, or returns the batch of this ID that is there. What is left
    /// of a plan that did not end is removed.
    fn begin_plan(&self, plan: NewBatch) -> Pending<'_, PlannedBatch>;
    /// The number of a time zone within a batch.
    fn zone(&self, batch: i64, name: String) -> Pending<'_, i64>;
    /// Adds recipients. Returns for each why it is refused, if it is: its own
    /// reason, or that it is a duplicate or suppressed.
    fn add(&self, batch: i64, rows: Vec<NewRow>) -> Pending<'_, Vec<Option<Reason>>>;
    /// Returns for each recipient whether it is still planned, or else the first
    /// position whose hash is not the given one.
    fn compare(&self, batch: i64, rows: Vec<(u64, Hash)>) -> Pending<'_, Result<Vec<bool>, u64>>;
    /// Makes a plan whole.
    fn end_plan(&self, batch: i64, recipients: u64) -> Pending<'_, ()>;
    /// Removes a plan, unless it is whole.
    fn drop_plan(&self, batch: i64) -> Pending<'_, ()>;

    /// All batches whose plans are whole, in the order of their plans.
    fn batches(&self) -> Pending<'_, Vec<StoredBatch>>;
    /// The zones of a batch, with their numbers.
    fn zones(&self, batch: i64) -> Pending<'_, Vec<(i64, String)>>;
    /// Sets the state of a batch. Cancelling ends the recipients that are planned,
    /// and is permanent: returns false, and changes nothing, if another state is set
    /// after it.
    fn set_batch_state(&self, batch: i64, state: BatchState, now: Millis) -> Pending<'_, bool>;
    /// Ends every recipient that is planned. Returns their number.
    fn end_planned(
        &self,
        batch: i64,
        zone: Option<i64>,
        end: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64>;

    /// What there is to do, where other workers change it meanwhile.
    fn survey(&self) -> Pending<'_, Option<Survey>> {
        Box::pin(async { Ok(None) })
    }
    /// The next planned recipients of a zone after a position. They are this
    /// worker's from now on.
    fn next(&self, batch: i64, zone: i64, after: u64, limit: usize) -> Pending<'_, Vec<Candidate>>;
    /// Recipients whose outcome is open, attempting or unknown, and that no other
    /// worker waits for. They are this worker's from now on.
    fn open_rows(&self, batch: i64) -> Pending<'_, Vec<Candidate>>;
    /// Decides at the last moment whether a recipient is attempted, and writes
    /// down that it is.
    fn begin_attempt(&self, attempt: Attempt) -> Pending<'_, Verdict>;
    /// Writes down how an attempt or a lookup ended.
    fn end_attempt(&self, ending: Ending) -> Pending<'_, ()>;
    /// Notes a request that counts toward the rate limit until this time. Returns
    /// its number.
    fn note_request(&self, until: Millis) -> Pending<'_, i64>;
    /// Changes until when a request counts.
    fn end_request(&self, request: i64, until: Millis) -> Pending<'_, ()>;
    /// The times until which requests of before count.
    fn noted_requests(&self, now: Millis) -> Pending<'_, Vec<Millis>>;

    /// Makes a batch one that is sent to a list, or not.
    fn set_list(&self, batch: i64, list: Option<ListSend>) -> Pending<'_, ()>;
    /// Refuses planned recipients that are suppressed by now. If there are any, the list of
    /// the batch is no longer the one that is sent to, and `new_key` is that of the next.
    fn refuse_suppressed(&self, batch: i64, new_key: Uuid, now: Millis) -> Pending<'_, u64>;
    /// Attempts all planned recipients of a batch at once, if none of them is
    /// suppressed and the batch is still sent to this list.
    fn begin_list(&self, attempt: ListAttempt) -> Pending<'_, Verdict>;
    /// Ends all recipients of a batch that are attempted or unknown.
    fn end_list(&self, batch: i64, ending: Ending) -> Pending<'_, u64>;

    /// How many recipients are planned in batches that are sent, and when the
    /// first of these batches was planned.
    fn backlog(&self) -> Pending<'_, (u64, Option<Millis>)>;
    /// How many recipients are in each state, for each reason.
    fn counts(&self, batch: i64) -> Pending<'_, Vec<(State, Option<Reason>, u64)>>;
    /// The recipients of a batch after a position, in order.
    fn rows(
        &self,
        batch: i64,
        after: u64,
        state: Option<State>,
        limit: usize,
    ) -> Pending<'_, Vec<StoredRow>>;
    /// Moves recipients that need a review to another state.
    fn decide(
        &self,
        batch: i64,
        positions: Option<Vec<u64>>,
        to: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64>;
    /// Plans recipients again that were refused for a reason that may pass and
    /// were not purged.
    fn retry(&self, batch: i64) -> Pending<'_, u64>;
    /// Forgets numbers and texts of recipients that ended before.
    fn purge(&self, before: Millis) -> Pending<'_, u64>;

    /// Notes who is not to be texted, or is again. Returns how many numbers are
    /// suppressed or not as of now.
    fn suppress(&self, changes: Vec<Suppress>) -> Pending<'_, u64>;
    /// The suppressions after a number, in order.
    fn suppressions(&self, after: String, limit: usize) -> Pending<'_, Vec<Suppress>>;
}

/// What holds a lock until it is dropped.
pub(crate) type RunLock = Box<dyn Hold>;

/// A lock that is held.
pub(crate) trait Hold: Send + Sync {
    /// Releases it, and returns once others can take it.
    fn release(self: Box<Self>) -> Pending<'static, ()>;
}
