//! Batches and their plans.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::super::records::{
    BatchState, Hash, ListSend, Millis, NewBatch, NewRow, PlannedBatch, StoredBatch,
};
use super::values::{integer, positive, reason, unreadable};
use crate::state::{Reason, State};

const COLUMNS: &str = "key, id, state, settings, salt, recipients, is_purged, list_key, send_key, \
                       list_id";

fn batch(row: &Row<'_>) -> rusqlite::Result<StoredBatch> {
    let settings: String = row.get(3)?;
    let list_key: Option<[u8; 16]> = row.get(7)?;
    let send_key: Option<[u8; 16]> = row.get(8)?;
    let list_id = row.get(9)?;
    Ok(StoredBatch {
        key: row.get(0)?,
        id: row.get(1)?,
        state: BatchState::of_code(row.get(2)?).ok_or_else(|| unreadable(2, Type::Integer))?,
        settings: serde_json::from_str(&settings).map_err(|_| unreadable(3, Type::Text))?,
        salt: row.get(4)?,
        recipients: positive(row, 5)?,
        is_purged: row.get(6)?,
        list: list_key.zip(send_key).map(|(list_key, send_key)| ListSend {
            list_key: Uuid::from_bytes(list_key),
            send_key: Uuid::from_bytes(send_key),
            list_id,
        }),
    })
}

pub(super) fn begin_plan(db: &Connection, plan: &NewBatch) -> rusqlite::Result<PlannedBatch> {
    let sql = format!("SELECT {COLUMNS} FROM batches WHERE id = ?1");
    let found = db.prepare_cached(&sql)?.query_row([&plan.id], batch);
    if let Some(found) = found.optional()? {
        if found.state != BatchState::Planning {
            return Ok(PlannedBatch::Existing(Box::new(found)));
        }
        drop_plan(db, found.key)?;
    }
    let settings = serde_json::to_string(&plan.settings)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.execute(
        "INSERT INTO batches (id, state, settings, salt, recipients, planned)
         VALUES (?1, ?2, ?3, ?4, 0, ?5)",
        params![
            plan.id,
            BatchState::Planning.code(),
            settings,
            plan.salt,
            plan.now
        ],
    )?;
    Ok(PlannedBatch::New(db.last_insert_rowid()))
}

pub(super) fn zone(db: &Connection, batch: i64, name: &str) -> rusqlite::Result<i64> {
    let known = db
        .prepare_cached("SELECT zone FROM zones WHERE batch = ?1 AND name = ?2")?
        .query_row(params![batch, name], |row| row.get(0));
    if let Some(zone) = known.optional()? {
        return Ok(zone);
    }
    let zone = db
        .prepare_cached("SELECT coalesce(max(zone), 0) + 1 FROM zones WHERE batch = ?1")?
        .query_row([batch], |row| row.get(0))?;
    db.execute(
        "INSERT INTO zones (batch, zone, name) VALUES (?1, ?2, ?3)",
        params![batch, zone, name],
    )?;
    Ok(zone)
}

pub(super) fn zones(db: &Connection, batch: i64) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare_cached("SELECT zone, name FROM zones WHERE batch = ?1 ORDER BY zone")?
        .query_map([batch], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Fails if another process planned the same batch meanwhile, which removes the
/// plan that was not whole.
fn check_planning(db: &Connection, batch: i64) -> rusqlite::Result<()> {
    db.prepare_cached("SELECT 1 FROM batches WHERE key = ?1 AND state = 0")?
        .query_row([batch], |_| Ok(()))
}

pub(super) fn add(
    db: &Connection,
    batch: i64,
    rows: &[NewRow],
) -> rusqlite::Result<Vec<Option<Reason>>> {
    check_planning(db, batch)?;
    let mut duplicate =
        db.prepare_cached("SELECT 1 FROM recipients WHERE batch = ?1 AND phone = ?2 LIMIT 1")?;
    let mut suppressed =
        db.prepare_cached("SELECT reason FROM suppressions WHERE phone = ?1 AND is_active = 1")?;
    let mut insert = db.prepare_cached(
        "INSERT INTO recipients
             (batch, position, line, phone, zone, text, local_id, hash, state, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut refusals = Vec::with_capacity(rows.len());
    for row in rows {
        let refusal = match row.refusal {
            Some(refusal) => Some(refusal),
            None if duplicate.exists(params![batch, row.phone])? => Some(Reason::Duplicate),
            None => reason(
                suppressed
                    .query_row([&row.phone], |row| row.get(0))
                    .optional()?,
            ),
        };
        let state = refusal.map_or(State::Planned, |_| State::Refused);
        insert.execute(params![
            batch,
            integer(row.position),
            integer(row.line),
            row.phone,
            row.zone,
            row.text,
            row.local_id.as_bytes(),
            row.hash,
            state.code(),
            refusal.map(Reason::as_str)
        ])?;
        refusals.push(refusal);
    }
    Ok(refusals)
}

pub(super) fn compare(
    db: &Connection,
    batch: i64,
    rows: &[(u64, Hash)],
) -> rusqlite::Result<Result<Vec<bool>, u64>> {
    let mut stored =
        db.prepare_cached("SELECT hash, state FROM recipients WHERE batch = ?1 AND position = ?2")?;
    let mut planned = Vec::with_capacity(rows.len());
    for (position, hash) in rows {
        let found: Option<(Option<Hash>, i64)> = stored
            .query_row(params![batch, integer(*position)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match found {
            Some((Some(stored), state)) if stored == *hash => {
                planned.push(state == State::Planned.code());
            }
            _ => return Ok(Err(*position)),
        }
    }
    Ok(Ok(planned))
}

pub(super) fn end_plan(db: &Connection, batch: i64, recipients: u64) -> rusqlite::Result<()> {
    check_planning(db, batch)?;
    db.execute(
        "UPDATE batches SET state = ?2, recipients = ?3 WHERE key = ?1",
        params![batch, BatchState::Ready.code(), integer(recipients)],
    )?;
    Ok(())
}

/// Does nothing to a plan that is whole: the answer to its end was lost.
pub(super) fn drop_plan(db: &Connection, batch: i64) -> rusqlite::Result<()> {
    let is_whole = db
        .prepare_cached("SELECT 1 FROM batches WHERE key = ?1 AND state <> 0")?
        .exists([batch])?;
    if is_whole {
        return Ok(());
    }
    db.execute("DELETE FROM recipients WHERE batch = ?1", [batch])?;
    db.execute("DELETE FROM zones WHERE batch = ?1", [batch])?;
    db.execute("DELETE FROM batches WHERE key = ?1", [batch])?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<StoredBatch>> {
    let sql = format!("SELECT {COLUMNS} FROM batches WHERE state <> 0 ORDER BY key");
    db.prepare_cached(&sql)?.query_map([], batch)?.collect()
}

pub(super) fn set_state(
    db: &Connection,
    batch: i64,
    state: BatchState,
    now: Millis,
) -> rusqlite::Result<bool> {
    let changed = db.execute(
        "UPDATE batches SET state = ?2 WHERE key = ?1 AND state IN (?2, 1, 2)",
        params![batch, state.code()],
    )?;
    if state == BatchState::Cancelled {
        let end = (State::Cancelled, Reason::Cancelled);
        super::rows::end_planned(db, batch, None, end, now)?;
    }
    Ok(changed > 0)
}

pub(super) fn set_list(
    db: &Connection,
    batch: i64,
    list: Option<&ListSend>,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE batches SET list_key = ?2, send_key = ?3, list_id = ?4 WHERE key = ?1",
        params![
            batch,
            list.map(|list| *list.list_key.as_bytes()),
            list.map(|list| *list.send_key.as_bytes()),
            list.and_then(|list| list.list_id)
        ],
    )?;
    Ok(())
}
