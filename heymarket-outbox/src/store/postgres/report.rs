//! The outcomes of recipients, the decisions of people, and who is not texted.

use deadpool_postgres::Client;
use tokio_postgres::Row;

use super::super::records::{Millis, StoredRow, Suppress};
use super::failure::Problem;
use super::values::{integer, positive, size, state};
use crate::state::{Reason, State};

pub(super) async fn backlog(db: &Client) -> Result<(u64, Option<Millis>), Problem> {
    let statement = db
        .prepare_cached(
            "SELECT count(*), min(b.planned)
             FROM heymarket_outbox.recipients r JOIN heymarket_outbox.batches b ON b.key = r.batch
             WHERE r.state = 0 AND b.state = 1",
        )
        .await?;
    let row = db.query_one(&statement, &[]).await?;
    Ok((positive(&row, 0)?, row.try_get(1)?))
}

pub(super) async fn counts(
    db: &Client,
    batch: i64,
) -> Result<Vec<(State, Option<Reason>, u64)>, Problem> {
    let rows = db
        .query(
            "SELECT state, reason, count(*) FROM heymarket_outbox.recipients WHERE batch = $1
             GROUP BY state, reason ORDER BY state, reason",
            &[&batch],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let reason: Option<&str> = row.try_get(1)?;
            Ok((
                state(row, 0)?,
                reason.and_then(Reason::named),
                positive(row, 2)?,
            ))
        })
        .collect()
}

pub(super) async fn rows(
    db: &Client,
    batch: i64,
    after: u64,
    wanted: Option<State>,
    limit: usize,
) -> Result<Vec<StoredRow>, Problem> {
    let rows = db
        .query(
            "SELECT position, line, phone, local_id, state, reason, detail, attempts, attempted,
                 ended, message, conversation
             FROM heymarket_outbox.recipients
             WHERE batch = $1 AND position > $2 AND ($3::bigint IS NULL OR state = $3)
             ORDER BY position LIMIT $4",
            &[
                &batch,
                &integer(after),
                &wanted.map(State::code),
                &size(limit),
            ],
        )
        .await?;
    rows.iter().map(row).collect()
}

fn row(row: &Row) -> Result<StoredRow, Problem> {
    let reason: Option<&str> = row.try_get(5)?;
    Ok(StoredRow {
        position: positive(row, 0)?,
        line: positive(row, 1)?,
        phone: row.try_get(2)?,
        local_id: row.try_get(3)?,
        state: state(row, 4)?,
        reason: reason.and_then(Reason::named),
        detail: row.try_get(6)?,
        attempts: positive(row, 7)?,
        attempted: row.try_get(8)?,
        ended: row.try_get(9)?,
        message: row.try_get(10)?,
        conversation: row.try_get(11)?,
    })
}

pub(super) async fn decide(
    db: &Client,
    batch: i64,
    positions: Option<&[u64]>,
    to: (State, Reason),
    now: Millis,
) -> Result<u64, Problem> {
    let positions: Option<Vec<i64>> =
        positions.map(|positions| positions.iter().copied().map(integer).collect());
    let changed = db
        .execute(
            "UPDATE heymarket_outbox.recipients
             SET state = $3, reason = $4, ended = $5, owner = NULL
             WHERE state = 5 AND batch = $1 AND ($2::bigint[] IS NULL OR position = ANY ($2))",
            &[
                &batch,
                &positions,
                &to.0.code(),
                &to.1.as_str(),
                &to.0.is_end().then_some(now),
            ],
        )
        .await?;
    Ok(changed)
}

pub(super) async fn retry(db: &Client, batch: i64) -> Result<u64, Problem> {
    let reasons: Vec<&str> = Reason::all()
        .filter(|reason| reason.is_worth_a_retry())
        .map(Reason::as_str)
        .collect();
    let changed = db
        .execute(
            "UPDATE heymarket_outbox.recipients
             SET state = 0, reason = $3, detail = NULL, ended = NULL, owner = NULL
             WHERE batch = $1 AND state = 3 AND reason = ANY ($2) AND phone IS NOT NULL",
            &[&batch, &reasons, &Reason::Retried.as_str()],
        )
        .await?;
    Ok(changed)
}

pub(super) async fn purge(db: &mut Client, before: Millis) -> Result<u64, Problem> {
    let transaction = db.transaction().await?;
    // What was refused when it was planned has no time of its own.
    let changed = transaction
        .execute(
            "UPDATE heymarket_outbox.recipients r
             SET phone = NULL, text = NULL, detail = NULL, hash = NULL, body = NULL
             FROM heymarket_outbox.batches b
             WHERE b.key = r.batch AND r.phone IS NOT NULL AND r.state IN (2, 3, 6, 7)
                 AND coalesce(r.ended, b.planned) < $1",
            &[&before],
        )
        .await?;
    transaction
        .execute(
            "UPDATE heymarket_outbox.batches SET is_purged = true
             WHERE NOT is_purged AND EXISTS
                 (SELECT FROM heymarket_outbox.recipients WHERE batch = key AND phone IS NULL)",
            &[],
        )
        .await?;
    // The text of a batch is kept for as long as someone may still get it.
    transaction
        .execute(
            r#"UPDATE heymarket_outbox.batches
             SET settings = settings || '{"content": "Nothing", "media": null}'
             WHERE is_purged AND NOT EXISTS
                 (SELECT FROM heymarket_outbox.recipients WHERE batch = key AND phone IS NOT NULL)"#,
            &[],
        )
        .await?;
    transaction.commit().await?;
    Ok(changed)
}

pub(super) async fn suppress(db: &Client, changes: &[Suppress]) -> Result<u64, Problem> {
    let phones: Vec<&str> = changes.iter().map(|change| &*change.phone).collect();
    let actives: Vec<bool> = changes.iter().map(|change| change.is_active).collect();
    let reasons: Vec<&str> = changes
        .iter()
        .map(|change| change.reason.as_str())
        .collect();
    let sources: Vec<&str> = changes.iter().map(|change| &*change.source).collect();
    let sinces: Vec<Millis> = changes.iter().map(|change| change.since).collect();
    // Events come in any order: an older one changes nothing. That someone wants
    // messages is kept for the same reason, and changes nothing if it is the first:
    // `xmax` is 0 in a row that was inserted. Rows are taken in the order of their
    // numbers, so that two imports do not wait for each other.
    let written = db
        .query(
            "INSERT INTO heymarket_outbox.suppressions AS s
                 (phone, is_active, reason, source, since)
             SELECT DISTINCT ON (phone) phone, is_active, reason, source, since
             FROM unnest($1::text[], $2::boolean[], $3::text[], $4::text[], $5::bigint[])
                 WITH ORDINALITY AS g (phone, is_active, reason, source, since, place)
             ORDER BY phone, since DESC, place DESC
             ON CONFLICT (phone) DO UPDATE
             SET is_active = excluded.is_active, reason = excluded.reason,
                 source = excluded.source, since = excluded.since
             WHERE excluded.since >= s.since
                 AND (excluded.is_active, excluded.reason) <> (s.is_active, s.reason)
             RETURNING s.is_active OR s.xmax <> 0",
            &[&phones, &actives, &reasons, &sources, &sinces],
        )
        .await?;
    let mut changed = 0;
    for row in &written {
        changed += u64::from(row.try_get::<_, bool>(0)?);
    }
    Ok(changed)
}

pub(super) async fn suppressions(
    db: &Client,
    after: &str,
    limit: usize,
) -> Result<Vec<Suppress>, Problem> {
    let rows = db
        .query(
            r#"SELECT phone, is_active, reason, source, since FROM heymarket_outbox.suppressions
             WHERE is_active AND phone > $1 ORDER BY phone LIMIT $2"#,
            &[&after, &size(limit)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let reason: &str = row.try_get(2)?;
            Ok(Suppress {
                phone: row.try_get(0)?,
                is_active: row.try_get(1)?,
                reason: Reason::named(reason).unwrap_or(Reason::OptedOut),
                source: row.try_get(3)?,
                since: row.try_get(4)?,
            })
        })
        .collect()
}
