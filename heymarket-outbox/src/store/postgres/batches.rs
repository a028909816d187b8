//! Batches and their plans.

use std::collections::HashMap;

use deadpool_postgres::{Client, GenericClient};
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::super::records::{
    BatchState, Hash, ListSend, Millis, NewBatch, NewRow, PlannedBatch, StoredBatch,
};
use super::failure::Problem;
use super::values::{hash, integer, positive, reason};
use crate::settings::Settings;
use crate::state::{Reason, State};

const COLUMNS: &str = "key, id, state, settings, salt, recipients, is_purged, list_key, send_key, \
                       list_id";

fn batch(row: &Row) -> Result<StoredBatch, Problem> {
    let Json(settings): Json<serde_json::Value> = row.try_get(3)?;
    let settings: Settings =
        serde_json::from_value(settings).map_err(|_| Problem::Unreadable("a batch"))?;
    let list_key: Option<Uuid> = row.try_get(7)?;
    let send_key: Option<Uuid> = row.try_get(8)?;
    let list_id = row.try_get(9)?;
    Ok(StoredBatch {
        key: row.try_get(0)?,
        id: row.try_get(1)?,
        state: BatchState::of_code(row.try_get(2)?).ok_or(Problem::Unreadable("a batch"))?,
        settings,
        salt: hash(row.try_get(4)?)?,
        recipients: positive(row, 5)?,
        is_purged: row.try_get(6)?,
        list: list_key.zip(send_key).map(|(list_key, send_key)| ListSend {
            list_key,
            send_key,
            list_id,
        }),
    })
}

pub(super) async fn begin_plan(db: &mut Client, plan: &NewBatch) -> Result<PlannedBatch, Problem> {
    let transaction = db.transaction().await?;
    let settings =
        serde_json::to_value(&plan.settings).map_err(|_| Problem::Unreadable("a batch"))?;
    // A batch that is planned twice at once is inserted once: the second waits
    // here for the first.
    let insert = "INSERT INTO heymarket_outbox.batches
             (id, state, settings, salt, recipients, planned)
         VALUES ($1, $2, $3, $4, 0, $5)
         ON CONFLICT (id) DO NOTHING RETURNING key";
    let (code, salt) = (BatchState::Planning.code(), &plan.salt[..]);
    let settings = Json(settings);
    loop {
        let inserted = transaction
            .query_opt(insert, &[&plan.id, &code, &settings, &salt, &plan.now])
            .await?;
        if let Some(row) = inserted {
            let key = row.try_get(0)?;
            transaction.commit().await?;
            return Ok(PlannedBatch::New(key));
        }
        let sql =
            format!("SELECT {COLUMNS} FROM heymarket_outbox.batches WHERE id = $1 FOR UPDATE");
        let Some(row) = transaction.query_opt(&sql, &[&plan.id]).await? else {
            continue;
        };
        let found = batch(&row)?;
        if found.state != BatchState::Planning {
            return Ok(PlannedBatch::Existing(Box::new(found)));
        }
        drop_plan(&transaction, found.key).await?;
    }
}

pub(super) async fn zone(db: &Client, batch: i64, name: &str) -> Result<i64, Problem> {
    // One process plans a batch at a time, so the numbers are not contended.
    let row = db
        .query_one(
            "WITH added AS (
                 INSERT INTO heymarket_outbox.zones (batch, zone, name)
                 SELECT $1, coalesce(max(zone), 0) + 1, $2
                 FROM heymarket_outbox.zones WHERE batch = $1
                 ON CONFLICT (batch, name) DO NOTHING RETURNING zone
             )
             SELECT zone FROM added
             UNION ALL
             SELECT zone FROM heymarket_outbox.zones WHERE batch = $1 AND name = $2",
            &[&batch, &name],
        )
        .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn zones(db: &Client, batch: i64) -> Result<Vec<(i64, String)>, Problem> {
    let rows = db
        .query(
            "SELECT zone, name FROM heymarket_outbox.zones WHERE batch = $1 ORDER BY zone",
            &[&batch],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Fails if another process planned the same batch meanwhile, which removes the
/// plan that was not whole. Else it cannot do so before the transaction ends.
async fn hold_plan(db: &impl GenericClient, batch: i64) -> Result<(), Problem> {
    let found = db
        .query_opt(
            "SELECT FROM heymarket_outbox.batches WHERE key = $1 AND state = 0 FOR UPDATE",
            &[&batch],
        )
        .await?;
    found.map(drop).ok_or(Problem::Overtaken)
}

/// The columns of new rows, each as one array.
#[derive(Default)]
struct Columns {
    positions: Vec<i64>,
    lines: Vec<i64>,
    phones: Vec<String>,
    zones: Vec<i64>,
    texts: Vec<Option<String>>,
    local_ids: Vec<Uuid>,
    hashes: Vec<Vec<u8>>,
    refusals: Vec<Option<&'static str>>,
}

pub(super) async fn add(
    db: &mut Client,
    batch: i64,
    rows: Vec<NewRow>,
) -> Result<Vec<Option<Reason>>, Problem> {
    let mut columns = Columns::default();
    for row in rows {
        columns.positions.push(integer(row.position));
        columns.lines.push(integer(row.line));
        columns.phones.push(row.phone);
        columns.zones.push(row.zone);
        columns.texts.push(row.text);
        columns.local_ids.push(row.local_id);
        columns.hashes.push(row.hash.to_vec());
        columns.refusals.push(row.refusal.map(Reason::as_str));
    }
    let transaction = db.transaction().await?;
    hold_plan(&transaction, batch).await?;
    let statement = transaction.prepare_cached(include_str!("add.sql")).await?;
    let added = transaction
        .query(
            &statement,
            &[
                &batch,
                &columns.positions,
                &columns.lines,
                &columns.phones,
                &columns.zones,
                &columns.texts,
                &columns.local_ids,
                &columns.hashes,
                &columns.refusals,
                &Reason::Duplicate.as_str(),
            ],
        )
        .await?;
    let mut refusals = HashMap::with_capacity(added.len());
    for row in &added {
        let name: Option<&str> = row.try_get(1)?;
        refusals.insert(row.try_get::<_, i64>(0)?, reason(name));
    }
    transaction.commit().await?;
    let positions = columns.positions.iter();
    Ok(positions
        .map(|position| refusals.get(position).copied().flatten())
        .collect())
}

pub(super) async fn compare(
    db: &Client,
    batch: i64,
    rows: &[(u64, Hash)],
) -> Result<Result<Vec<bool>, u64>, Problem> {
    let positions: Vec<i64> = rows
        .iter()
        .map(|(position, _)| integer(*position))
        .collect();
    let found = db
        .query(
            "SELECT position, hash, state FROM heymarket_outbox.recipients
             WHERE batch = $1 AND position = ANY ($2)",
            &[&batch, &positions],
        )
        .await?;
    let mut stored = HashMap::with_capacity(found.len());
    for row in &found {
        let hash: Option<Vec<u8>> = row.try_get(1)?;
        stored.insert(positive(row, 0)?, (hash, row.try_get::<_, i64>(2)?));
    }
    let mut planned = Vec::with_capacity(rows.len());
    for (position, hash) in rows {
        match stored.get(position) {
            Some((Some(stored), state)) if stored[..] == hash[..] => {
                planned.push(*state == State::Planned.code());
            }
            _ => return Ok(Err(*position)),
        }
    }
    Ok(Ok(planned))
}

pub(super) async fn end_plan(db: &Client, batch: i64, recipients: u64) -> Result<(), Problem> {
    let ended = db
        .execute(
            "UPDATE heymarket_outbox.batches SET state = $2, recipients = $3
             WHERE key = $1 AND state = 0",
            &[&batch, &BatchState::Ready.code(), &integer(recipients)],
        )
        .await?;
    if ended == 0 {
        return Err(Problem::Overtaken);
    }
    Ok(())
}

pub(super) async fn drop_whole_plan(db: &mut Client, batch: i64) -> Result<(), Problem> {
    let transaction = db.transaction().await?;
    drop_plan(&transaction, batch).await?;
    transaction.commit().await?;
    Ok(())
}

/// Does nothing to a plan that is whole: the answer to its end was lost.
async fn drop_plan(db: &impl GenericClient, batch: i64) -> Result<(), Problem> {
    let state = db
        .query_opt(
            "SELECT state FROM heymarket_outbox.batches WHERE key = $1 FOR UPDATE",
            &[&batch],
        )
        .await?;
    if let Some(row) = state
        && row.try_get::<_, i64>(0)? != BatchState::Planning.code()
    {
        return Ok(());
    }
    for table in ["recipients", "zones"] {
        let sql = format!("DELETE FROM heymarket_outbox.{table} WHERE batch = $1");
        db.execute(&sql, &[&batch]).await?;
    }
    db.execute(
        "DELETE FROM heymarket_outbox.batches WHERE key = $1",
        &[&batch],
    )
    .await?;
    Ok(())
}

pub(super) async fn all(db: &Client) -> Result<Vec<StoredBatch>, Problem> {
    let sql =
        format!("SELECT {COLUMNS} FROM heymarket_outbox.batches WHERE state <> 0 ORDER BY key");
    let statement = db.prepare_cached(&sql).await?;
    db.query(&statement, &[]).await?.iter().map(batch).collect()
}

pub(super) async fn set_state(
    db: &mut Client,
    batch: i64,
    state: BatchState,
    now: Millis,
) -> Result<bool, Problem> {
    let transaction = db.transaction().await?;
    let changed = transaction
        .execute(
            "UPDATE heymarket_outbox.batches SET state = $2
             WHERE key = $1 AND state IN ($2, 1, 2)",
            &[&batch, &state.code()],
        )
        .await?;
    if state == BatchState::Cancelled {
        let end = (State::Cancelled, Reason::Cancelled);
        super::rows::end_planned(&transaction, batch, None, end, now).await?;
    }
    transaction.commit().await?;
    Ok(changed > 0)
}
