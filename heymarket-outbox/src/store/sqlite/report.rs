//! The outcomes of recipients, the decisions of people, and who is not texted.

use rusqlite::{Connection, Row, params};

use super::super::records::{Millis, StoredRow, Suppress};
use super::values::{integer, positive, state, uuid};
use crate::state::{Reason, State};

pub(super) fn backlog(db: &Connection) -> rusqlite::Result<(u64, Option<Millis>)> {
    db.prepare_cached(
        "SELECT count(*), min(b.planned) FROM recipients r JOIN batches b ON b.key = r.batch
         WHERE r.state = 0 AND b.state = 1",
    )?
    .query_row([], |row| Ok((positive(row, 0)?, row.get(1)?)))
}

pub(super) fn counts(
    db: &Connection,
    batch: i64,
) -> rusqlite::Result<Vec<(State, Option<Reason>, u64)>> {
    db.prepare_cached(
        "SELECT state, reason, count(*) FROM recipients WHERE batch = ?1
         GROUP BY state, reason ORDER BY state, reason",
    )?
    .query_map([batch], |row| {
        let reason: Option<String> = row.get(1)?;
        let reason = reason.as_deref().and_then(Reason::named);
        Ok((state(row, 0)?, reason, positive(row, 2)?))
    })?
    .collect()
}

pub(super) fn rows(
    db: &Connection,
    batch: i64,
    after: u64,
    wanted: Option<State>,
    limit: usize,
) -> rusqlite::Result<Vec<StoredRow>> {
    db.prepare_cached(
        "SELECT position, line, phone, local_id, state, reason, detail, attempts, attempted,
             ended, message, conversation
         FROM recipients
         WHERE batch = ?1 AND position > ?2 AND (?3 IS NULL OR state = ?3)
         ORDER BY position LIMIT ?4",
    )?
    .query_map(
        params![
            batch,
            integer(after),
            wanted.map(State::code),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ],
        row,
    )?
    .collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let reason: Option<String> = row.get(5)?;
    Ok(StoredRow {
        position: positive(row, 0)?,
        line: positive(row, 1)?,
        phone: row.get(2)?,
        local_id: uuid(row, 3)?,
        state: state(row, 4)?,
        reason: reason.as_deref().and_then(Reason::named),
        detail: row.get(6)?,
        attempts: positive(row, 7)?,
        attempted: row.get(8)?,
        ended: row.get(9)?,
        message: row.get(10)?,
        conversation: row.get(11)?,
    })
}

pub(super) fn decide(
    db: &Connection,
    batch: i64,
    positions: Option<&[u64]>,
    to: (State, Reason),
    now: Millis,
) -> rusqlite::Result<u64> {
    let mut update = db.prepare_cached(
        "UPDATE recipients SET state = ?3, reason = ?4, ended = ?5
         WHERE state = 5 AND batch = ?1 AND (?2 IS NULL OR position = ?2)",
    )?;
    let (state, reason) = (to.0.code(), to.1.as_str());
    let ended = to.0.is_end().then_some(now);
    let mut decide =
        |position: Option<i64>| update.execute(params![batch, position, state, reason, ended]);
    let changed = match positions {
        None => decide(None)?,
        Some(positions) => {
            let mut changed = 0;
            for position in positions {
                changed += decide(Some(integer(*position)))?;
            }
            changed
        }
    };
    Ok(changed as u64)
}

pub(super) fn retry(db: &Connection, batch: i64) -> rusqlite::Result<u64> {
    let mut update = db.prepare_cached(
        "UPDATE recipients SET state = 0, reason = ?3, detail = NULL, ended = NULL
         WHERE batch = ?1 AND state = 3 AND reason = ?2 AND phone IS NOT NULL",
    )?;
    let retried = Reason::Retried.as_str();
    let mut changed = 0;
    for reason in Reason::all().filter(|reason| reason.is_worth_a_retry()) {
        changed += update.execute(params![batch, reason.as_str(), retried])?;
    }
    Ok(changed as u64)
}

pub(super) fn purge(db: &Connection, before: Millis) -> rusqlite::Result<u64> {
    // What was refused when it was planned has no time of its own.
    let ended = "state IN (2, 3, 6, 7)
         AND coalesce(ended, (SELECT planned FROM batches WHERE key = batch)) < ?1";
    let changed = db.execute(
        &format!(
            "UPDATE recipients
             SET phone = NULL, text = NULL, detail = NULL, hash = NULL, body = NULL
             WHERE phone IS NOT NULL AND {ended}"
        ),
        [before],
    )?;
    db.execute(
        "UPDATE batches SET is_purged = 1
         WHERE is_purged = 0 AND EXISTS
             (SELECT 1 FROM recipients WHERE batch = key AND phone IS NULL)",
        [],
    )?;
    // The text of a batch is kept for as long as someone may still get it.
    db.execute(
        "UPDATE batches
         SET settings = json_set(settings, '$.content', 'Nothing', '$.media', NULL)
         WHERE is_purged = 1 AND NOT EXISTS
             (SELECT 1 FROM recipients WHERE batch = key AND phone IS NOT NULL)",
        [],
    )?;
    Ok(changed as u64)
}

pub(super) fn suppress(db: &Connection, changes: &[Suppress]) -> rusqlite::Result<u64> {
    // Events come in any order: an older one changes nothing. That someone wants
    // messages is kept for the same reason, and changes nothing if it is the first.
    let mut known = db.prepare_cached("SELECT 1 FROM suppressions WHERE phone = ?1")?;
    let mut upsert = db.prepare_cached(
        "INSERT INTO suppressions (phone, is_active, reason, source, since)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (phone) DO UPDATE
         SET is_active = excluded.is_active, reason = excluded.reason,
             source = excluded.source, since = excluded.since
         WHERE excluded.since >= since
             AND (excluded.is_active, excluded.reason) <> (is_active, reason)",
    )?;
    let mut changed = 0;
    for change in changes {
        let is_change = change.is_active || known.exists([&change.phone])?;
        let written = upsert.execute(params![
            change.phone,
            change.is_active,
            change.reason.as_str(),
            change.source,
            change.since
        ])?;
        changed += if is_change { written } else { 0 };
    }
    Ok(changed as u64)
}

pub(super) fn suppressions(
    db: &Connection,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Suppress>> {
    db.prepare_cached(
        "SELECT phone, is_active, reason, source, since FROM suppressions
         WHERE is_active = 1 AND phone > ?1 ORDER BY phone LIMIT ?2",
    )?
    .query_map(
        params![after, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| {
            let reason: String = row.get(2)?;
            Ok(Suppress {
                phone: row.get(0)?,
                is_active: row.get(1)?,
                reason: Reason::named(&reason).unwrap_or(Reason::OptedOut),
                source: row.get(3)?,
                since: row.get(4)?,
            })
        },
    )?
    .collect()
}
