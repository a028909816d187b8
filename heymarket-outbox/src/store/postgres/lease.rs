//! The lease of a worker: it is renewed for as long as a run holds it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Client;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::ledger::{Hold, Pending, RunLock};
use super::super::records::Millis;
use super::database::Database;
use super::failure::Problem;
use crate::error::{Error, ErrorKind};

/// A lease is renewed this many times before it ends.
const RENEWALS: u32 = 3;

/// A worker, and how long it may be silent.
#[derive(Clone, Copy)]
pub(super) struct Worker {
    pub(super) id: Uuid,
    pub(super) lease: Duration,
}

/// The worker of this process, while it runs.
#[derive(Clone, Default)]
pub(super) struct Owner(Arc<Mutex<Option<Worker>>>);

impl Owner {
    pub(super) fn get(&self) -> Option<Worker> {
        *self.lock()
    }

    /// Makes a worker the one of this process until the value is dropped.
    fn set(&self, worker: Worker) -> Result<Named, Error> {
        let mut owner = self.lock();
        if owner.is_some() {
            return Err(Error::new(
                ErrorKind::InUse,
                "this outbox runs already; connect another one for a second worker",
            ));
        }
        *owner = Some(worker);
        Ok(Named(self.clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Named(Owner);

impl Drop for Named {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

/// Held by a run. Dropping it releases what the worker has not attempted, soon.
struct Lease {
    release: oneshot::Sender<oneshot::Sender<()>>,
}

impl Hold for Lease {
    fn release(self: Box<Self>) -> Pending<'static, ()> {
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            if self.release.send(sender).is_ok() {
                // A server that is away ends the lease later.
                let _ = receiver.await;
            }
            Ok(())
        })
    }
}

/// Makes a worker, and renews its lease until the lock is dropped.
pub(super) async fn take(
    database: &Database,
    owner: &Owner,
    lease: Duration,
) -> Result<RunLock, Error> {
    let worker = Uuid::new_v4();
    let named = owner.set(Worker { id: worker, lease })?;
    database
        .call(move |db| async move { renew(&db, worker, lease).await })
        .await?;
    let (release, released) = oneshot::channel();
    let database = database.clone();
    tokio::spawn(async move {
        let done = keep(&database, worker, lease, released).await;
        drop(named);
        if let Some(done) = done {
            // A run that does not wait is not told.
            let _ = done.send(());
        }
    });
    Ok(Box::new(Lease { release }))
}

/// Renews a lease until it is released. Returns who waits for that.
async fn keep(
    database: &Database,
    worker: Uuid,
    lease: Duration,
    mut released: oneshot::Receiver<oneshot::Sender<()>>,
) -> Option<oneshot::Sender<()>> {
    let period = lease / RENEWALS;
    let mut pause = period;
    loop {
        tokio::select! {
            waiting = &mut released => {
                let work = move |db| async move { end(&db, worker).await };
                let _ = database.once(work).await;
                return waiting.ok();
            }
            () = tokio::time::sleep(pause) => {
                let work = move |db| async move { renew(&db, worker, lease).await };
                // While the server is away, nothing is attempted either.
                let is_renewed = database.once(work).await.is_ok();
                pause = if is_renewed { period } else { period / RENEWALS };
            }
        }
    }
}

async fn renew(db: &Client, worker: Uuid, lease: Duration) -> Result<(), Problem> {
    let statement = db
        .prepare_cached(
            "INSERT INTO heymarket_outbox.workers (worker, lease)
             VALUES ($1, $2 * interval '1 second')
             ON CONFLICT (worker) DO UPDATE SET seen = clock_timestamp()",
        )
        .await?;
    db.execute(&statement, &[&worker, &lease.as_secs_f64()])
        .await?;
    Ok(())
}

/// Ends a worker, and forgets those that ended without a word.
async fn end(db: &Client, worker: Uuid) -> Result<(), Problem> {
    db.execute(
        "DELETE FROM heymarket_outbox.workers
         WHERE worker = $1 OR seen + lease < clock_timestamp() - interval '1 day'",
        &[&worker],
    )
    .await?;
    Ok(())
}

/// The time of the server.
pub(super) async fn time(db: &Client) -> Result<Millis, Problem> {
    let statement = db
        .prepare_cached("SELECT (extract(epoch FROM heymarket_outbox.now()) * 1000)::bigint")
        .await?;
    Ok(db.query_one(&statement, &[]).await?.try_get(0)?)
}
