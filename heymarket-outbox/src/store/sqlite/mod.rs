//! The ledger in a SQLite file.

mod batches;
mod failure;
mod file;
mod report;
mod rows;
mod schema;
mod thread;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::ledger::{Pending, RunLock, Store};
use super::records::{
    Attempt, BatchState, Candidate, Ending, Hash, ListAttempt, ListSend, Millis, NewBatch, NewRow,
    PlannedBatch, StoredBatch, StoredRow, Suppress, Verdict,
};
use crate::error::Error;
use crate::state::{Reason, State};
use failure::failure;
use thread::Thread;

/// A ledger in a file. All of its work is done by one thread, which puts what
/// waits for it into one transaction.
pub(crate) struct Sqlite {
    path: PathBuf,
    thread: Thread,
}

impl Sqlite {
    /// Opens a ledger, and creates it if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let path = file::prepare(path)?;
        let connection = connect(&path)?;
        Ok(Self {
            thread: Thread::start(connection, path.clone())?,
            path,
        })
    }
}

#[cfg(test)]
impl Sqlite {
    /// Lets the file have no more pages than these, or than it has, as a full disk
    /// does.
    pub(crate) fn limit_pages(&self, pages: i64) -> Pending<'_, i64> {
        self.thread.call(move |db| {
            db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
        })
    }

    pub(crate) fn set_read_only(&self, is_read_only: bool) -> Pending<'_, ()> {
        self.thread.set_read_only(is_read_only)
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| failure(path, &error).into_error())?;
    schema::prepare(&connection, path)?;
    Ok(connection)
}

impl Store for Sqlite {
    fn lock(&self, _lease: Duration) -> Pending<'_, RunLock> {
        Box::pin(async { file::lock(&self.path) })
    }

    fn verify(&self) -> Pending<'_, ()> {
        self.thread.call(schema::verify)
    }

    fn begin_plan(&self, plan: NewBatch) -> Pending<'_, PlannedBatch> {
        self.thread.call(move |db| batches::begin_plan(db, &plan))
    }

    fn zone(&self, batch: i64, name: String) -> Pending<'_, i64> {
        self.thread.call(move |db| batches::zone(db, batch, &name))
    }

    fn add(&self, batch: i64, rows: Vec<NewRow>) -> Pending<'_, Vec<Option<Reason>>> {
        self.thread.call(move |db| batches::add(db, batch, &rows))
    }

    fn compare(&self, batch: i64, rows: Vec<(u64, Hash)>) -> Pending<'_, Result<Vec<bool>, u64>> {
        self.thread
            .call(move |db| batches::compare(db, batch, &rows))
    }

    fn end_plan(&self, batch: i64, recipients: u64) -> Pending<'_, ()> {
        self.thread
            .call(move |db| batches::end_plan(db, batch, recipients))
    }

    fn drop_plan(&self, batch: i64) -> Pending<'_, ()> {
        self.thread.call(move |db| batches::drop_plan(db, batch))
    }

    fn batches(&self) -> Pending<'_, Vec<StoredBatch>> {
        self.thread.call(batches::all)
    }

    fn zones(&self, batch: i64) -> Pending<'_, Vec<(i64, String)>> {
        self.thread.call(move |db| batches::zones(db, batch))
    }

    fn set_batch_state(&self, batch: i64, state: BatchState, now: Millis) -> Pending<'_, bool> {
        self.thread
            .call(move |db| batches::set_state(db, batch, state, now))
    }

    fn end_planned(
        &self,
        batch: i64,
        zone: Option<i64>,
        end: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64> {
        self.thread
            .call(move |db| rows::end_planned(db, batch, zone, end, now))
    }

    fn next(&self, batch: i64, zone: i64, after: u64, limit: usize) -> Pending<'_, Vec<Candidate>> {
        self.thread
            .call(move |db| rows::next(db, batch, zone, after, limit))
    }

    fn open_rows(&self, batch: i64) -> Pending<'_, Vec<Candidate>> {
        self.thread.call(move |db| rows::open(db, batch))
    }

    fn begin_attempt(&self, attempt: Attempt) -> Pending<'_, Verdict> {
        self.thread
            .call(move |db| rows::begin_attempt(db, &attempt))
    }

    fn end_attempt(&self, ending: Ending) -> Pending<'_, ()> {
        self.thread.call(move |db| rows::end_attempt(db, &ending))
    }

    fn note_request(&self, until: Millis) -> Pending<'_, i64> {
        self.thread.call(move |db| rows::note_request(db, until))
    }

    fn end_request(&self, request: i64, until: Millis) -> Pending<'_, ()> {
        self.thread
            .call(move |db| rows::end_request(db, request, until))
    }

    fn noted_requests(&self, now: Millis) -> Pending<'_, Vec<Millis>> {
        self.thread.call(move |db| rows::noted_requests(db, now))
    }

    fn set_list(&self, batch: i64, list: Option<ListSend>) -> Pending<'_, ()> {
        self.thread
            .call(move |db| batches::set_list(db, batch, list.as_ref()))
    }

    fn refuse_suppressed(&self, batch: i64, new_key: Uuid, now: Millis) -> Pending<'_, u64> {
        self.thread
            .call(move |db| rows::refuse_suppressed(db, batch, new_key, now))
    }

    fn begin_list(&self, attempt: ListAttempt) -> Pending<'_, Verdict> {
        self.thread.call(move |db| rows::begin_list(db, &attempt))
    }

    fn end_list(&self, batch: i64, ending: Ending) -> Pending<'_, u64> {
        self.thread
            .call(move |db| rows::end_list(db, batch, &ending))
    }

    fn backlog(&self) -> Pending<'_, (u64, Option<Millis>)> {
        self.thread.call(report::backlog)
    }

    fn counts(&self, batch: i64) -> Pending<'_, Vec<(State, Option<Reason>, u64)>> {
        self.thread.call(move |db| report::counts(db, batch))
    }

    fn rows(
        &self,
        batch: i64,
        after: u64,
        state: Option<State>,
        limit: usize,
    ) -> Pending<'_, Vec<StoredRow>> {
        self.thread
            .call(move |db| report::rows(db, batch, after, state, limit))
    }

    fn decide(
        &self,
        batch: i64,
        positions: Option<Vec<u64>>,
        to: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64> {
        self.thread
            .call(move |db| report::decide(db, batch, positions.as_deref(), to, now))
    }

    fn retry(&self, batch: i64) -> Pending<'_, u64> {
        self.thread.call(move |db| report::retry(db, batch))
    }

    fn purge(&self, before: Millis) -> Pending<'_, u64> {
        Box::pin(async move {
            let purged = self
                .thread
                .call(move |db| report::purge(db, before))
                .await?;
            // What was forgotten is in free space and in the log until then.
            if purged > 0 {
                self.thread.compact().await?;
            }
            Ok(purged)
        })
    }

    fn suppress(&self, changes: Vec<Suppress>) -> Pending<'_, u64> {
        self.thread.call(move |db| report::suppress(db, &changes))
    }

    fn suppressions(&self, after: String, limit: usize) -> Pending<'_, Vec<Suppress>> {
        self.thread
            .call(move |db| report::suppressions(db, &after, limit))
    }
}
