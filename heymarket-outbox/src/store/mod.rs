//! What the outbox asks of its storage, and where that is.

mod ledger;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

pub(crate) use ledger::{RunLock, Store};
#[cfg(feature = "postgres")]
pub(crate) use postgres::Postgres;
pub(crate) use records::{
    Attempt, BatchState, Candidate, Ending, Hash, ListAttempt, ListSend, Millis, NewBatch, NewRow,
    PlannedBatch, StoredBatch, StoredRow, Suppress, Survey, Verdict, shortened,
};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Sqlite;
