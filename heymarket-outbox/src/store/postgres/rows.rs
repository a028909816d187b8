//! Recipients on their way through the ledger.
//!
//! Each change is one statement: it names the state and the owner that it
//! expects, so of two workers at most one makes it.

use deadpool_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::super::records::{Attempt, Ending, Millis, Verdict};
use super::failure::Problem;
use super::values::{integer, reason};
use crate::state::{Reason, State};

pub(super) async fn end_planned(
    db: &impl GenericClient,
    batch: i64,
    zone: Option<i64>,
    end: (State, Reason),
    now: Millis,
) -> Result<u64, Problem> {
    let changed = db
        .execute(
            "UPDATE heymarket_outbox.recipients SET state = $3, reason = $4, ended = $5
             WHERE state = 0 AND batch = $1 AND ($2::bigint IS NULL OR zone = $2)",
            &[&batch, &zone, &end.0.code(), &end.1.as_str(), &now],
        )
        .await?;
    Ok(changed)
}

/// `nonce` names the attempt: the same one may be written down again, since the
/// answer to the first statement may be lost.
pub(super) async fn begin_attempt(
    db: &Client,
    worker: Uuid,
    nonce: Uuid,
    attempt: &Attempt,
) -> Result<Verdict, Problem> {
    let statement = db.prepare_cached(include_str!("begin_attempt.sql")).await?;
    let position = integer(attempt.position);
    let body = &attempt.body[..];
    let changed_reason = Reason::BodyChanged.as_str();
    let row = db
        .query_opt(
            &statement,
            &[
                &attempt.batch,
                &position,
                &worker,
                &nonce,
                &body,
                &attempt.now,
                &changed_reason,
            ],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Verdict::Gone);
    };
    let is_changed: bool = row.try_get(2)?;
    // Requests are not numbered here: the shared rate limiter remembers them.
    Ok(match row.try_get::<_, &str>(0)? {
        "again" => Verdict::Go(0),
        "go" if is_changed => Verdict::Go(0),
        "refused" if is_changed => {
            let reason = reason(row.try_get(1)?).unwrap_or(Reason::OptedOut);
            Verdict::Ended(State::Refused, reason)
        }
        "changed" if is_changed => Verdict::Ended(State::NeedsReview, Reason::BodyChanged),
        "hold" => Verdict::Hold,
        _ => Verdict::Gone,
    })
}

/// Plans a recipient again whose request did not leave.
pub(super) async fn take_back(
    db: &Client,
    worker: Uuid,
    nonce: Uuid,
    attempt: &Attempt,
) -> Result<(), Problem> {
    db.execute(
        "UPDATE heymarket_outbox.recipients SET state = 0, attempts = attempts - 1
         WHERE batch = $1 AND position = $2 AND owner = $3 AND state = 1 AND attempt = $4",
        &[&attempt.batch, &integer(attempt.position), &worker, &nonce],
    )
    .await?;
    Ok(())
}

/// A worker writes down what it owns. That a message was sent is a fact, also when this
/// worker was taken for dead and the recipient has come to another end since.
pub(super) async fn end_attempt(
    db: &Client,
    worker: Option<Uuid>,
    ending: &Ending,
) -> Result<(), Problem> {
    let statement = db
        .prepare_cached(
            "WITH suppressed AS (
                 INSERT INTO heymarket_outbox.suppressions (phone, is_active, reason, source, since)
                 SELECT phone, true, $10::text, 'answer', $11::bigint FROM heymarket_outbox.recipients
                 WHERE batch = $1 AND position = $2 AND phone IS NOT NULL AND $10::text IS NOT NULL
                 ON CONFLICT (phone) DO UPDATE
                 SET is_active = true, reason = excluded.reason, source = excluded.source,
                     since = excluded.since
             )
             UPDATE heymarket_outbox.recipients
             SET state = $4::bigint, reason = $5, detail = $6, message = coalesce($7, message),
                 conversation = coalesce($8, conversation), ended = $9
             WHERE batch = $1 AND position = $2
                 AND ((state IN (0, 1, 4) AND owner = $3) OR (state <> 2 AND $4::bigint = 2))",
        )
        .await?;
    let position = integer(ending.position);
    let ended = ending.state.is_end().then_some(ending.now);
    let suppress = ending.suppress.map(Reason::as_str);
    db.execute(
        &statement,
        &[
            &ending.batch,
            &position,
            &worker,
            &ending.state.code(),
            &ending.reason.map(Reason::as_str),
            &ending.detail,
            &ending.message,
            &ending.conversation,
            &ended,
            &suppress,
            &ending.now,
        ],
    )
    .await?;
    Ok(())
}
