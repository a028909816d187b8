//! The keys of events, in the ledger's file.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use heymarket_api::webhook::{ClaimOutcome, EventKey, SeenEvents};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::events;
use crate::ledger::{Ledger, Millis};

/// A store of the keys of one delivery's event, in the ledger's file. It adds the event
/// in the transaction that commits the first of its keys: a process that dies leaves both
/// or neither, so the next delivery of the event does not add it again.
#[derive(Clone)]
pub(super) struct Seen {
    ledger: Arc<Ledger>,
    /// The event to add.
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

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

impl Seen {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            body: Arc::default(),
        }
    }

    /// Adds an event with the next commit.
    pub(super) fn add(&self, body: Vec<u8>) {
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    fn take_body(&self) -> Option<Vec<u8>> {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        body.take()
    }
}

impl SeenEvents for Seen {
    type Error = String;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, String> {
        let key = Key::of(key);
        self.ledger.call(move |db| claim(db, &key, lease)).await
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> Result<bool, String> {
        let (key, body) = (Key::of(key), self.take_body());
        let commit = move |db: &Connection| {
            // Even if a later event of the subject has taken the claim.
            if let Some(body) = body {
                events::add(db, &body)?;
            }
            db.prepare_cached(
                "UPDATE seen SET is_committed = 1, until = ?3 WHERE key = ?1 AND token = ?2",
            )?
            .execute(params![key.text, token, after(memory)])
        };
        Ok(self.ledger.call(commit).await? == 1)
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), String> {
        let key = Key::of(key);
        let release = move |db: &Connection| release(db, &key, token);
        self.ledger.call(release).await
    }

    fn release_on_drop(&self, key: &EventKey, token: i64) {
        let key = Key::of(key);
        // A commit that is queued is done first. If the ledger fails, the lease ends.
        let _ = self.ledger.queue(move |db| release(db, &key, token));
    }
}

fn release(db: &Connection, key: &Key, token: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM seen WHERE key = ?1 AND token = ?2 AND is_committed = 0")?
        .execute(params![key.text, token])
        .map(drop)
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
