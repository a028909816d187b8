//! The outcome of each recipient.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::Error;
use crate::state::{Reason, State};
use crate::store::{Millis, Store, StoredRow};

/// How many rows are read at once.
const CHUNK: usize = 1000;

/// The recipients of a batch, read as they are asked for.
#[must_use = "a report does nothing until it is asked for its rows"]
pub struct Report {
    store: Arc<dyn Store>,
    batch: i64,
    state: Option<State>,
    after: u64,
    rows: std::vec::IntoIter<StoredRow>,
    is_over: bool,
}

impl Report {
    /// Reads the recipients of a batch in a state, or all of them.
    pub(crate) fn new(store: Arc<dyn Store>, batch: i64, state: Option<State>) -> Self {
        Self {
            store,
            batch,
            state,
            after: 0,
            rows: Vec::new().into_iter(),
            is_over: false,
        }
    }

    /// Returns the next recipient; `None` at the end.
    ///
    /// # Errors
    ///
    /// Returns an error when the database fails.
    pub async fn next(&mut self) -> Result<Option<ReportRow>, Error> {
        loop {
            if let Some(row) = self.rows.next() {
                self.after = row.position;
                return Ok(Some(ReportRow::new(row)));
            }
            if self.is_over {
                return Ok(None);
            }
            let rows = self
                .store
                .rows(self.batch, self.after, self.state, CHUNK)
                .await?;
            self.is_over = rows.is_empty();
            self.rows = rows.into_iter();
        }
    }

    /// Returns the recipients that are left.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn collect(mut self) -> Result<Vec<ReportRow>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

/// The outcome of a recipient. `Debug` does not show the number.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportRow {
    /// Its place in the batch, from 1.
    pub position: u64,
    /// The line of the file, or its place.
    pub line: u64,
    /// The number: E.164 without the `+`, or as it was given where it is
    /// invalid; `None` once it is purged.
    pub phone: Option<String>,
    /// The `local_id` of its message.
    pub local_id: String,
    /// Where it is.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// What the API or the client said.
    pub detail: Option<String>,
    /// How many attempts there were.
    pub attempts: u64,
    /// When the last one was.
    pub attempted: Option<Timestamp>,
    /// When it came to its end.
    pub ended: Option<Timestamp>,
    /// The ID of the message, or of the broadcast to a list.
    pub message_id: Option<i64>,
    /// The ID of its conversation.
    pub conversation_id: Option<i64>,
}

impl ReportRow {
    fn new(row: StoredRow) -> Self {
        Self {
            position: row.position,
            line: row.line,
            phone: row.phone,
            local_id: row.local_id.to_string(),
            state: row.state,
            reason: row.reason,
            detail: row.detail,
            attempts: row.attempts,
            attempted: row.attempted.map(time),
            ended: row.ended.map(time),
            message_id: row.message,
            conversation_id: row.conversation,
        }
    }
}

impl fmt::Debug for ReportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportRow")
            .field("position", &self.position)
            .field("line", &self.line)
            .field("local_id", &self.local_id)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

fn time(millis: Millis) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
