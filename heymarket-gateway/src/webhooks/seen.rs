//! The keys of events, in the ledger's file.

use std::sync::Arc;
use std::time::Duration;

use heymarket_api::webhook::{ClaimOutcome, EventKey, SeenEvents};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ledger::{Ledger, Millis};

/// A store of the keys of events, in the ledger's file.
pub(crate) struct Seen(pub(crate) Arc<Ledger>);

/// A key's text, subject and state.
struct Key {
    text: String,
    subject: String,
    state: String,
}

impl Key {
    fn of(key: &EventKey) -> Self {
        Self {
            text: key.as_str().to_owned(),
            subject: key.subject().to_owned(),
            state: key.state().to_owned(),
        }
    }
}

impl SeenEvents for Seen {
    type Error = String;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, String> {
        let key = Key::of(key);
        self.0.call(move |db| claim(db, &key, lease)).await
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> Result<bool, String> {
        let key = Key::of(key);
        let commit = move |db: &Connection| {
            db.prepare_cached(
                "UPDATE seen SET is_committed = 1, until = ?3 WHERE key = ?1 AND token = ?2",
            )?
            .execute(params![key.text, token, after(memory)])
        };
        Ok(self.0.call(commit).await? == 1)
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), String> {
        let key = Key::of(key);
        let release = move |db: &Connection| {
            db.prepare_cached(
                "DELETE FROM seen WHERE key = ?1 AND token = ?2 AND is_committed = 0",
            )?
            .execute(params![key.text, token])
        };
        self.0.call(release).await.map(drop)
    }
}

fn claim(db: &Connection, key: &Key, lease: Duration) -> rusqlite::Result<ClaimOutcome> {
    let now = Timestamp::now().as_millisecond();
    db.prepare_cached("DELETE FROM seen WHERE until <= ?1")?
        .execute([now])?;
    let held: Option<bool> = db
        .prepare_cached("SELECT is_committed FROM seen WHERE key = ?1")?
        .query_row([&key.text], |row| row.get(0))
        .optional()?;
    match held {
        Some(true) => return Ok(ClaimOutcome::Committed),
        Some(false) => return Ok(ClaimOutcome::InProgress),
        None => {}
    }
    db.prepare_cached("DELETE FROM seen WHERE subject = ?1 AND state <> ?2")?
        .execute([&key.subject, &key.state])?;
    db.prepare_cached(
        "INSERT INTO seen (key, subject, state, is_committed, until) VALUES (?1, ?2, ?3, 0, ?4)",
    )?
    .execute(params![key.text, key.subject, key.state, after(lease)])?;
    Ok(ClaimOutcome::Claimed {
        token: db.last_insert_rowid(),
    })
}

fn after(duration: Duration) -> Millis {
    let millis = Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX);
    Timestamp::now().as_millisecond().saturating_add(millis)
}
