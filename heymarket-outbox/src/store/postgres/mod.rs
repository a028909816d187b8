//! The ledger in PostgreSQL, for any number of processes.
//!
//! A worker is a run of one process, with an ID of its own and a lease that it
//! renews. A recipient that it may attempt, or whose outcome it waits for, has it
//! as the owner. What belongs to a worker whose lease ended is taken over by the
//! others.

mod attempts;
mod batches;
mod claims;
mod connect;
mod database;
mod failure;
mod lease;
mod lists;
mod report;
mod rows;
mod schema;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Client;
use uuid::Uuid;

use super::ledger::{Pending, RunLock, Store};
use super::records::{
    Attempt, BatchState, Candidate, Ending, Hash, ListAttempt, ListSend, Millis, NewBatch, NewRow,
    PlannedBatch, StoredBatch, StoredRow, Suppress, Survey, Verdict,
};
use crate::error::Error;
use crate::state::{Reason, State};
use database::Database;
use lease::Owner;

/// A ledger in a database.
pub(crate) struct Postgres {
    database: Database,
    owner: Owner,
}

impl Postgres {
    /// Connects, and creates the tables if they do not exist.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let database = Database::new(url)?;
        let place = Arc::clone(database.place());
        database
            .once(|mut db| async move { schema::migrate(&mut db, &place).await })
            .await?;
        Ok(Self {
            database,
            owner: Owner::default(),
        })
    }

    /// The worker that runs; another process may have no run of its own.
    fn worker(&self) -> Option<Uuid> {
        self.owner.get().map(|worker| worker.id)
    }
}

impl Store for Postgres {
    fn lock(&self, lease: Duration) -> Pending<'_, RunLock> {
        Box::pin(lease::take(&self.database, &self.owner, lease))
    }

    fn verify(&self) -> Pending<'_, ()> {
        // The server has checksums of its own.
        Box::pin(async { Ok(()) })
    }

    fn time(&self) -> Pending<'_, Option<Millis>> {
        Box::pin(async {
            let time = self
                .database
                .call(|db| async move { lease::time(&db).await });
            time.await.map(Some)
        })
    }

    fn begin_plan(&self, plan: NewBatch) -> Pending<'_, PlannedBatch> {
        let work = move |mut db: Client| async move { batches::begin_plan(&mut db, &plan).await };
        Box::pin(self.database.once(work))
    }

    fn zone(&self, batch: i64, name: String) -> Pending<'_, i64> {
        let work = move |db: Client| async move { batches::zone(&db, batch, &name).await };
        Box::pin(self.database.once(work))
    }

    fn add(&self, batch: i64, rows: Vec<NewRow>) -> Pending<'_, Vec<Option<Reason>>> {
        let work = move |mut db: Client| async move { batches::add(&mut db, batch, rows).await };
        Box::pin(self.database.once(work))
    }

    fn compare(&self, batch: i64, rows: Vec<(u64, Hash)>) -> Pending<'_, Result<Vec<bool>, u64>> {
        let work = move |db: Client| async move { batches::compare(&db, batch, &rows).await };
        Box::pin(self.database.once(work))
    }

    fn end_plan(&self, batch: i64, recipients: u64) -> Pending<'_, ()> {
        let work = move |db: Client| async move { batches::end_plan(&db, batch, recipients).await };
        Box::pin(self.database.once(work))
    }

    fn drop_plan(&self, batch: i64) -> Pending<'_, ()> {
        let work =
            move |mut db: Client| async move { batches::drop_whole_plan(&mut db, batch).await };
        Box::pin(self.database.once(work))
    }

    fn batches(&self) -> Pending<'_, Vec<StoredBatch>> {
        Box::pin(
            self.database
                .call(|db| async move { batches::all(&db).await }),
        )
    }

    fn zones(&self, batch: i64) -> Pending<'_, Vec<(i64, String)>> {
        let work = move |db: Client| async move { batches::zones(&db, batch).await };
        Box::pin(self.database.call(work))
    }

    fn set_batch_state(&self, batch: i64, state: BatchState, now: Millis) -> Pending<'_, bool> {
        let work = move |mut db: Client| async move {
            batches::set_state(&mut db, batch, state, now).await
        };
        Box::pin(self.database.call(work))
    }

    fn end_planned(
        &self,
        batch: i64,
        zone: Option<i64>,
        end: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64> {
        let work =
            move |db: Client| async move { rows::end_planned(&db, batch, zone, end, now).await };
        Box::pin(self.database.call(work))
    }

    fn next(&self, batch: i64, zone: i64, after: u64, limit: usize) -> Pending<'_, Vec<Candidate>> {
        let Some(worker) = self.worker() else {
            return Box::pin(async { Ok(Vec::new()) });
        };
        let work = move |db: Client| async move {
            claims::next(&db, worker, batch, zone, after, limit).await
        };
        Box::pin(self.database.call(work))
    }

    fn open_rows(&self, batch: i64) -> Pending<'_, Vec<Candidate>> {
        let Some(worker) = self.worker() else {
            return Box::pin(async { Ok(Vec::new()) });
        };
        // Work whose answer was lost is done again, and would not find what it took over.
        let is_again = AtomicBool::new(false);
        let work = move |db: Client| {
            let is_again = is_again.swap(true, Ordering::Relaxed);
            async move { claims::open(&db, worker, batch, is_again).await }
        };
        Box::pin(async move { self.database.call(work).await })
    }

    fn survey(&self) -> Pending<'_, Option<Survey>> {
        let worker = self.worker();
        Box::pin(async move {
            let work = move |db| async move { claims::survey(&db, worker).await };
            self.database.call(work).await.map(Some)
        })
    }

    fn begin_attempt(&self, attempt: Attempt) -> Pending<'_, Verdict> {
        Box::pin(attempts::begin(&self.database, self.owner.get(), attempt))
    }

    fn end_attempt(&self, ending: Ending) -> Pending<'_, ()> {
        let (worker, ending) = (self.worker(), Arc::new(ending));
        let work = move |db: Client| {
            let ending = Arc::clone(&ending);
            async move { rows::end_attempt(&db, worker, &ending).await }
        };
        Box::pin(self.database.call(work))
    }

    /// The limit of many processes belongs to their shared rate limiter, which
    /// remembers what was sent.
    fn note_request(&self, _until: Millis) -> Pending<'_, i64> {
        Box::pin(async { Ok(0) })
    }

    fn end_request(&self, _request: i64, _until: Millis) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn noted_requests(&self, _now: Millis) -> Pending<'_, Vec<Millis>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn set_list(&self, batch: i64, list: Option<ListSend>) -> Pending<'_, ()> {
        let list = Arc::new(list);
        let work = move |db: Client| {
            let list = Arc::clone(&list);
            async move { lists::set(&db, batch, list.as_ref().as_ref()).await }
        };
        Box::pin(self.database.call(work))
    }

    fn refuse_suppressed(&self, batch: i64, new_key: Uuid, now: Millis) -> Pending<'_, u64> {
        let work = move |db: Client| async move {
            lists::refuse_suppressed(&db, batch, new_key, now).await
        };
        Box::pin(self.database.call(work))
    }

    fn begin_list(&self, attempt: ListAttempt) -> Pending<'_, Verdict> {
        Box::pin(attempts::begin_list(
            &self.database,
            self.owner.get(),
            attempt,
        ))
    }

    fn end_list(&self, batch: i64, ending: Ending) -> Pending<'_, u64> {
        let (worker, ending) = (self.worker(), Arc::new(ending));
        let work = move |db: Client| {
            let ending = Arc::clone(&ending);
            async move { lists::end(&db, worker, batch, &ending).await }
        };
        Box::pin(self.database.call(work))
    }

    fn backlog(&self) -> Pending<'_, (u64, Option<Millis>)> {
        let work = move |db: Client| async move { report::backlog(&db).await };
        Box::pin(self.database.call(work))
    }

    fn counts(&self, batch: i64) -> Pending<'_, Vec<(State, Option<Reason>, u64)>> {
        let work = move |db: Client| async move { report::counts(&db, batch).await };
        Box::pin(self.database.call(work))
    }

    fn rows(
        &self,
        batch: i64,
        after: u64,
        state: Option<State>,
        limit: usize,
    ) -> Pending<'_, Vec<StoredRow>> {
        let work =
            move |db: Client| async move { report::rows(&db, batch, after, state, limit).await };
        Box::pin(self.database.call(work))
    }

    fn decide(
        &self,
        batch: i64,
        positions: Option<Vec<u64>>,
        to: (State, Reason),
        now: Millis,
    ) -> Pending<'_, u64> {
        let positions = Arc::new(positions);
        let work = move |db: Client| {
            let positions = Arc::clone(&positions);
            async move { report::decide(&db, batch, positions.as_ref().as_deref(), to, now).await }
        };
        Box::pin(self.database.call(work))
    }

    fn retry(&self, batch: i64) -> Pending<'_, u64> {
        let work = move |db: Client| async move { report::retry(&db, batch).await };
        Box::pin(self.database.call(work))
    }

    fn purge(&self, before: Millis) -> Pending<'_, u64> {
        let work = move |mut db: Client| async move { report::purge(&mut db, before).await };
        Box::pin(self.database.call(work))
    }

    fn suppress(&self, changes: Vec<Suppress>) -> Pending<'_, u64> {
        let changes: Arc<[Suppress]> = changes.into();
        let work = move |db: Client| {
            let changes = Arc::clone(&changes);
            async move { report::suppress(&db, &changes).await }
        };
        Box::pin(self.database.call(work))
    }

    fn suppressions(&self, after: String, limit: usize) -> Pending<'_, Vec<Suppress>> {
        let after: Arc<str> = after.into();
        let work = move |db: Client| {
            let after = Arc::clone(&after);
            async move { report::suppressions(&db, &after, limit).await }
        };
        Box::pin(self.database.call(work))
    }
}
