//! Attempts that are written down in time, or taken back.

use std::time::Duration;

use deadpool_postgres::Client;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::records::{Attempt, ListAttempt, Verdict};
use super::database::Database;
use super::lease::Worker;
use super::{lists, rows};
use crate::error::Error;

/// An attempt that took the ledger longer than this to write down, or longer than a
/// lease, is taken back: others may have taken the recipient over by the time its
/// request leaves.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether an attempt that began at this moment is taken back.
fn is_late(begun: Instant, worker: Worker) -> bool {
    begun.elapsed() > LONGEST.min(worker.lease)
}

/// Attempts a recipient, if a worker runs.
pub(super) async fn begin(
    database: &Database,
    worker: Option<Worker>,
    attempt: Attempt,
) -> Result<Verdict, Error> {
    let Some(worker) = worker else {
        return Ok(Verdict::Hold);
    };
    let (begun, nonce, id) = (Instant::now(), Uuid::new_v4(), worker.id);
    let attempt = &attempt;
    let work = move |db: Client| async move { rows::begin_attempt(&db, id, nonce, attempt).await };
    let verdict = database.call(work).await;
    let goes_late = matches!(verdict, Ok(Verdict::Go(_))) && is_late(begun, worker);
    if verdict.is_ok() && !goes_late {
        return verdict;
    }
    // It may be written down, and no request leaves for it.
    let work = move |db: Client| async move { rows::take_back(&db, id, nonce, attempt).await };
    database.call(work).await?;
    verdict.map(|_| Verdict::Hold)
}

/// Attempts all planned recipients of a batch, if a worker runs.
pub(super) async fn begin_list(
    database: &Database,
    worker: Option<Worker>,
    attempt: ListAttempt,
) -> Result<Verdict, Error> {
    let Some(worker) = worker else {
        return Ok(Verdict::Hold);
    };
    let (begun, id) = (Instant::now(), worker.id);
    let attempt = &attempt;
    // Not repeated: the second attempt would find the first one's rows.
    let work = move |mut db: Client| async move { lists::begin(&mut db, id, attempt).await };
    let verdict = database.once(work).await?;
    if !matches!(verdict, Verdict::Go(_)) || !is_late(begun, worker) {
        return Ok(verdict);
    }
    let work = move |db: Client| async move { lists::take_back(&db, id, attempt.batch).await };
    database.call(work).await?;
    Ok(Verdict::Hold)
}
