//! The memory and the inbox in a SQLite file.

use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use heymarket_api::webhook::{ClaimOutcome, Event, EventKey, SeenEvents};
use rusqlite::{Connection, OptionalExtension as _, Row as SqliteRow, params};

use super::backend::{Backend, Pending, Row, encode, remember};
use super::received::Received;
use super::sqlite_keys::{claim_key, commit_key, millis, now, release_key};
use crate::error::Error;
use crate::sqlite::Sqlite;

/// The keys of seen events in a SQLite file, for the receivers of one machine. Time is that
/// of the machine.
///
/// ```no_run
/// use heymarket_api::webhook::Deduplicator;
/// use heymarket_stores::SqliteSeenEvents;
///
/// # fn run() -> Result<(), heymarket_stores::Error> {
/// let seen = Deduplicator::with_store(SqliteSeenEvents::open("seen.db")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteSeenEvents(Sqlite);

impl SqliteSeenEvents {
    /// Opens a file, and creates it with mode 0600 if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, is a link, belongs to another user
    /// or another program, or has tables of a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Sqlite::open(path.as_ref()).map(Self)
    }
}

impl SeenEvents for SqliteSeenEvents {
    type Error = Error;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, Error> {
        let key = key.clone();
        self.0
            .transact(move |connection| claim_key(connection, &key, lease))
            .await
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> Result<bool, Error> {
        let key = key.clone();
        self.0
            .transact(move |connection| commit_key(connection, &key, token, memory))
            .await
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), Error> {
        let key = key.clone();
        self.0
            .transact(move |connection| release_key(connection, &key, token))
            .await
    }

    fn release_on_drop(&self, key: &EventKey, token: i64) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (this, key) = (self.clone(), key.clone());
            runtime.spawn(async move { this.release(&key, token).await });
        }
    }
}

impl fmt::Debug for SqliteSeenEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteSeenEvents").finish_non_exhaustive()
    }
}

/// The memory within a transaction that has begun.
struct InTransaction<'a>(Mutex<&'a mut Connection>);

impl<'a> InTransaction<'a> {
    fn lock(&self) -> MutexGuard<'_, &'a mut Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SeenEvents for InTransaction<'_> {
    type Error = rusqlite::Error;

    async fn claim(&self, key: &EventKey, lease: Duration) -> rusqlite::Result<ClaimOutcome> {
        claim_key(&self.lock(), key, lease)
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> rusqlite::Result<bool> {
        commit_key(&self.lock(), key, token, memory)
    }

    async fn release(&self, key: &EventKey, token: i64) -> rusqlite::Result<()> {
        release_key(&self.lock(), key, token)
    }
}

/// Returns the output of a future that never waits.
fn at_once<T>(future: impl Future<Output = rusqlite::Result<T>>) -> rusqlite::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => Err(rusqlite::Error::InvalidQuery),
    }
}

/// An inbox in a file.
pub(super) struct SqliteInbox(Sqlite);

impl SqliteInbox {
    pub(super) fn new(file: Sqlite) -> Self {
        Self(file)
    }

    fn changes<'a>(
        &'a self,
        sql: &'static str,
        parameters: impl rusqlite::Params + Send + 'static,
    ) -> Pending<'a, bool> {
        Box::pin(self.0.transact(move |connection| {
            let changed = connection.prepare_cached(sql)?.execute(parameters)?;
            Ok(changed > 0)
        }))
    }
}

fn row(row: &SqliteRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        claim: row.get(1)?,
        tries: row.get(2)?,
        event: row.get(3)?,
        is_set_aside: row.get(4)?,
    })
}

impl Backend for SqliteInbox {
    fn receive<'a>(&'a self, event: &'a Event) -> Pending<'a, Received> {
        Box::pin(async {
            let (text, event) = (encode(event)?, event.clone());
            let work = move |connection: &mut Connection| {
                let seen = InTransaction(Mutex::new(&mut *connection));
                let received = at_once(remember(seen, &event))?;
                if received == Received::Stored {
                    let sql = "INSERT INTO inbox (event) VALUES (?1)";
                    connection.prepare_cached(sql)?.execute([text])?;
                }
                Ok(received)
            };
            self.0.transact(work).await
        })
    }

    fn claim(&self, lease: Duration, most: u32) -> Pending<'_, Option<Row>> {
        Box::pin(self.0.transact(move |connection| {
            let now = now();
            let mut statement = connection.prepare_cached(
                "UPDATE inbox SET claims = claims + 1, is_set_aside = tries >= ?3,
                     tries = CASE WHEN tries >= ?3 THEN tries ELSE tries + 1 END, ready = ?2
                 WHERE id = (SELECT id FROM inbox
                             WHERE is_set_aside = 0 AND ready <= ?1 ORDER BY id LIMIT 1)
                 RETURNING id, claims, tries, event, is_set_aside",
            )?;
            loop {
                let claimed = params![now, now + millis(lease), most];
                let found = statement.query_row(claimed, row).optional()?;
                if found.as_ref().is_none_or(|row| !row.is_set_aside) {
                    return Ok(found);
                }
            }
        }))
    }

    fn commit(&self, id: i64, claim: i64) -> Pending<'_, bool> {
        self.changes(
            "DELETE FROM inbox WHERE id = ?1 AND claims = ?2 AND is_set_aside = 0",
            [id, claim],
        )
    }

    fn give_back(&self, id: i64, claim: i64, after: Option<Duration>) -> Pending<'_, bool> {
        match after {
            Some(after) => self.changes(
                "UPDATE inbox SET ready = ?3, claims = claims + 1
                 WHERE id = ?1 AND claims = ?2 AND is_set_aside = 0",
                [id, claim, now() + millis(after)],
            ),
            None => self.changes(
                "UPDATE inbox SET is_set_aside = 1, claims = claims + 1
                 WHERE id = ?1 AND claims = ?2",
                [id, claim],
            ),
        }
    }

    fn set_aside(&self) -> Pending<'_, Vec<Row>> {
        Box::pin(self.0.transact(|connection| {
            let sql =
                "SELECT id, claims, tries, event, is_set_aside FROM inbox WHERE is_set_aside = 1 ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([], row)?.collect()
        }))
    }

    fn retry(&self, id: i64) -> Pending<'_, bool> {
        self.changes(
            "UPDATE inbox SET is_set_aside = 0, tries = 0, ready = 0, claims = claims + 1
             WHERE id = ?1 AND is_set_aside = 1",
            [id],
        )
    }

    fn discard(&self, id: i64) -> Pending<'_, bool> {
        self.changes("DELETE FROM inbox WHERE id = ?1 AND is_set_aside = 1", [id])
    }

    fn waiting(&self) -> Pending<'_, u64> {
        Box::pin(self.0.transact(|connection| {
            let sql = "SELECT count(*) FROM inbox WHERE is_set_aside = 0";
            let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or(0))
        }))
    }
}
