//! Batches that are one message to a list.

use deadpool_postgres::Client;
use uuid::Uuid;

use super::super::records::{Ending, ListAttempt, ListSend, Millis, Verdict};
use super::failure::Problem;
use crate::state::Reason;

pub(super) async fn set(db: &Client, batch: i64, list: Option<&ListSend>) -> Result<(), Problem> {
    db.execute(
        "UPDATE heymarket_outbox.batches SET list_key = $2, send_key = $3, list_id = $4
         WHERE key = $1",
        &[
            &batch,
            &list.map(|list| list.list_key),
            &list.map(|list| list.send_key),
            &list.and_then(|list| list.list_id),
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn refuse_suppressed(
    db: &Client,
    batch: i64,
    new_key: Uuid,
    now: Millis,
) -> Result<u64, Problem> {
    let row = db
        .query_one(
            "WITH refused AS (
                 UPDATE heymarket_outbox.recipients r
                 SET state = 3, ended = $2, reason = s.reason
                 FROM heymarket_outbox.suppressions s
                 WHERE r.state = 0 AND r.batch = $1 AND s.phone = r.phone AND s.is_active
                 RETURNING 1
             ), renewed AS (
                 UPDATE heymarket_outbox.batches SET list_key = $3, list_id = NULL
                 WHERE key = $1 AND list_key IS NOT NULL AND EXISTS (SELECT FROM refused)
             )
             SELECT count(*) FROM refused",
            &[&batch, &now, &new_key],
        )
        .await?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}

pub(super) async fn begin(
    db: &mut Client,
    worker: Uuid,
    attempt: &ListAttempt,
) -> Result<Verdict, Problem> {
    let transaction = db.transaction().await?;
    let may_go: bool = transaction
        .query_one(
            "SELECT state = 1 AND list_key IS NOT DISTINCT FROM $3
                 AND owner IS NOT DISTINCT FROM $2
                 AND EXISTS (SELECT FROM heymarket_outbox.live_workers WHERE worker = $2)
                 AND NOT EXISTS
                     (SELECT FROM heymarket_outbox.recipients r
                      JOIN heymarket_outbox.suppressions s ON s.phone = r.phone
                      WHERE r.state = 0 AND r.batch = $1 AND s.is_active)
             FROM heymarket_outbox.batches WHERE key = $1 FOR UPDATE",
            &[&attempt.batch, &worker, &attempt.list_key],
        )
        .await?
        .try_get(0)?;
    if !may_go {
        return Ok(Verdict::Hold);
    }
    let body = &attempt.body[..];
    let changed = transaction
        .execute(
            "UPDATE heymarket_outbox.recipients
             SET state = 1, reason = NULL, detail = NULL, body = $2, attempts = attempts + 1,
                 attempted = $3, ended = NULL, owner = $4
             WHERE state = 0 AND batch = $1",
            &[&attempt.batch, &body, &attempt.now, &worker],
        )
        .await?;
    transaction.commit().await?;
    Ok(if changed == 0 {
        Verdict::Gone
    } else {
        Verdict::Go(0)
    })
}

/// Plans the recipients again whose message did not leave.
pub(super) async fn take_back(db: &Client, worker: Uuid, batch: i64) -> Result<(), Problem> {
    db.execute(
        "UPDATE heymarket_outbox.recipients SET state = 0, attempts = attempts - 1
         WHERE batch = $1 AND owner = $2 AND state = 1",
        &[&batch, &worker],
    )
    .await?;
    Ok(())
}

pub(super) async fn end(
    db: &Client,
    worker: Option<Uuid>,
    batch: i64,
    ending: &Ending,
) -> Result<u64, Problem> {
    let ended = ending.state.is_end().then_some(ending.now);
    let changed = db
        .execute(
            "UPDATE heymarket_outbox.recipients
             SET state = $3::bigint, reason = $4, detail = $5, message = $6, ended = $7
             WHERE batch = $1 AND state IN (1, 4) AND (owner = $2 OR $3::bigint = 2)",
            &[
                &batch,
                &worker,
                &ending.state.code(),
                &ending.reason.map(Reason::as_str),
                &ending.detail,
                &ending.message,
                &ended,
            ],
        )
        .await?;
    Ok(changed)
}
