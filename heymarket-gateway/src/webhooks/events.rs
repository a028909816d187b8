//! The events that wait to be forwarded, in the ledger's file.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ledger::{Ledger, Millis};

/// An event that is due.
pub(super) struct Due {
    pub(super) id: i64,
    pub(super) body: Vec<u8>,
    pub(super) received: Millis,
    /// How often it was tried before.
    pub(super) tries: u32,
}

impl Due {
    /// Returns a key that is the same in each attempt, and that no other event has. The
    /// key of the event itself returns when a state does.
    pub(super) fn key(&self) -> String {
        format!("event-{}-{}", self.received, self.id)
    }
}

/// Adds an event, due at once.
pub(super) fn add(db: &Connection, body: &[u8]) -> rusqlite::Result<()> {
    let now = Timestamp::now().as_millisecond();
    db.prepare_cached("INSERT INTO events (body, received, due) VALUES (?1, ?2, ?2)")?
        .execute(params![body, now])
        .map(drop)
}

/// Returns the event that is due first, and when it is due.
pub(super) async fn first(ledger: &Ledger) -> Result<Option<(Millis, Due)>, String> {
    ledger
        .call(|db| {
            db.prepare_cached(
                "SELECT due, id, body, received, tries FROM events WHERE due IS NOT NULL
                 ORDER BY due, id LIMIT 1",
            )?
            .query_row([], |row| {
                let due = Due {
                    id: row.get(1)?,
                    body: row.get(2)?,
                    received: row.get(3)?,
                    tries: row.get(4)?,
                };
                Ok((row.get(0)?, due))
            })
            .optional()
        })
        .await
}

/// Removes an event that was forwarded.
pub(super) async fn done(ledger: &Ledger, id: i64) -> Result<(), String> {
    let done = move |db: &Connection| {
        db.prepare_cached("DELETE FROM events WHERE id = ?1")?
            .execute([id])
    };
    ledger.call(done).await.map(drop)
}

/// Sets when an event is due again. `None` sets it aside.
pub(super) async fn again(ledger: &Ledger, id: i64, due: Option<Millis>) -> Result<(), String> {
    let again = move |db: &Connection| {
        db.prepare_cached("UPDATE events SET tries = tries + 1, due = ?2 WHERE id = ?1")?
            .execute(params![id, due])
    };
    ledger.call(again).await.map(drop)
}
