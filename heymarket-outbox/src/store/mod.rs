//! What the outbox asks of its storage, and where that is.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;
mod types;

#[cfg(feature = "postgres")]
pub(crate) use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Sqlite;
pub(crate) use types::{
    Attempt, BatchState, Candidate, Ending, Hash, ListAttempt, ListSend, Millis, NewBatch, NewRow,
    Pending, PlannedBatch, RunLock, Store, StoredBatch, StoredRow, Suppress, Survey, Verdict,
};
