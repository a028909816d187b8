//! The memory and the inbox in PostgreSQL.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Client, GenericClient, Transaction};
use heymarket_api::webhook::{ClaimOutcome, Event, EventKey, SeenEvents};
use tokio_postgres::Row as PostgresRow;
use tokio_postgres::types::ToSql;

use super::backend::{Backend, Pending, Row, encode, remember};
use super::received::Received;
use crate::error::Error;
use crate::postgres::Pool;

/// The keys of seen events in PostgreSQL, for the receivers of any number of machines. Time
/// is that of the server.
///
/// ```no_run
/// use heymarket_api::webhook::Deduplicator;
/// use heymarket_stores::PostgresSeenEvents;
///
/// # async fn run() -> Result<(), heymarket_stores::Error> {
/// let store = PostgresSeenEvents::connect("postgres://app@db.example.com/app").await?;
/// let seen = Deduplicator::with_store(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresSeenEvents(Pool);

impl PostgresSeenEvents {
    /// Connects, and creates the tables if they do not exist. It uses up to 8 connections.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, the server cannot be reached, or the tables
    /// are of a newer version.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Pool::connect(url).await.map(Self)
    }
}

impl SeenEvents for PostgresSeenEvents {
    type Error = Error;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome, Error> {
        let client = self.0.get().await?;
        let claimed = claim_key(&client, key, lease).await;
        claimed.map_err(|error| self.0.failed(&error))
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> Result<bool, Error> {
        let client = self.0.get().await?;
        let committed = commit_key(&client, key, token, memory).await;
        committed.map_err(|error| self.0.failed(&error))
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<(), Error> {
        let client = self.0.get().await?;
        let released = release_key(&client, key, token).await;
        released.map_err(|error| self.0.failed(&error))
    }

    fn release_on_drop(&self, key: &EventKey, token: i64) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (this, key) = (self.clone(), key.clone());
            runtime.spawn(async move { this.release(&key, token).await });
        }
    }
}

impl fmt::Debug for PostgresSeenEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSeenEvents").finish_non_exhaustive()
    }
}

type Result<T, E = tokio_postgres::Error> = std::result::Result<T, E>;

/// Rounded up, and at most half a century.
fn micros(duration: Duration) -> i64 {
    const LONGEST: i64 = 50 * 365 * 24 * 60 * 60 * 1_000_000;
    let micros = duration.as_nanos().div_ceil(1000);
    i64::try_from(micros).map_or(LONGEST, |micros| micros.min(LONGEST))
}

async fn claim_key(
    client: &impl GenericClient,
    key: &EventKey,
    lease: Duration,
) -> Result<ClaimOutcome> {
    let sql = "SELECT outcome, claim_token FROM heymarket_seen_claim($1, $2, $3, $4)";
    let statement = client.prepare_cached(sql).await?;
    let row = client
        .query_one(
            &statement,
            &[&key.as_str(), &key.subject(), &key.state(), &micros(lease)],
        )
        .await?;
    Ok(match row.get::<_, i32>(0) {
        0 => ClaimOutcome::Claimed { token: row.get(1) },
        1 => ClaimOutcome::InProgress,
        _ => ClaimOutcome::Committed,
    })
}

async fn commit_key(
    client: &impl GenericClient,
    key: &EventKey,
    token: i64,
    memory: Duration,
) -> Result<bool> {
    let sql = "UPDATE heymarket_seen SET is_committed = true, \
        ends = clock_timestamp() + $3 * interval '1 microsecond' WHERE key = $1 AND token = $2";
    // Of its own type: an interval is multiplied by a double.
    let memory = micros(memory) as f64;
    changes(client, sql, &[&key.as_str(), &token, &memory]).await
}

async fn release_key(client: &impl GenericClient, key: &EventKey, token: i64) -> Result<()> {
    let sql = "DELETE FROM heymarket_seen WHERE key = $1 AND token = $2 AND NOT is_committed";
    changes(client, sql, &[&key.as_str(), &token])
        .await
        .map(drop)
}

/// Runs a statement, and returns whether it changed anything.
async fn changes(
    client: &impl GenericClient,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<bool> {
    let statement = client.prepare_cached(sql).await?;
    let changed = client.execute(&statement, parameters).await?;
    Ok(changed > 0)
}

/// The memory within a transaction that has begun.
struct InTransaction<'a>(&'a Transaction<'a>);

impl SeenEvents for InTransaction<'_> {
    type Error = tokio_postgres::Error;

    async fn claim(&self, key: &EventKey, lease: Duration) -> Result<ClaimOutcome> {
        claim_key(self.0, key, lease).await
    }

    async fn commit(&self, key: &EventKey, token: i64, memory: Duration) -> Result<bool> {
        commit_key(self.0, key, token, memory).await
    }

    async fn release(&self, key: &EventKey, token: i64) -> Result<()> {
        release_key(self.0, key, token).await
    }
}

/// An inbox in a database.
pub(super) struct PostgresInbox(Pool);

impl PostgresInbox {
    pub(super) async fn connect(url: &str) -> Result<Self, Error> {
        Pool::connect(url).await.map(Self)
    }

    /// Runs a statement with the ID of an event, and perhaps two more numbers.
    fn changes<'a>(&'a self, sql: &'static str, numbers: Vec<i64>) -> Pending<'a, bool> {
        Box::pin(async move {
            let client = self.0.get().await?;
            let parameters: Vec<&(dyn ToSql + Sync)> = numbers
                .iter()
                .map(|number| number as &(dyn ToSql + Sync))
                .collect();
            let changed = changes(&client, sql, &parameters).await;
            changed.map_err(|error| self.0.failed(&error))
        })
    }
}

fn row(row: &PostgresRow) -> Row {
    let tries: i32 = row.get(2);
    Row {
        id: row.get(0),
        claim: row.get(1),
        tries: u32::try_from(tries).unwrap_or(0),
        event: row.get(3),
        is_set_aside: row.get(4),
    }
}

async fn receive(client: &mut Client, event: &Event, text: &str) -> Result<Received> {
    let transaction = client.transaction().await?;
    // The sender gets its 200 after the commit, and never delivers it again.
    transaction
        .batch_execute("SET LOCAL synchronous_commit = on")
        .await?;
    let received = remember(InTransaction(&transaction), event).await?;
    if received == Received::Stored {
        let sql = "INSERT INTO heymarket_inbox (event) VALUES ($1)";
        let statement = transaction.prepare_cached(sql).await?;
        transaction.execute(&statement, &[&text]).await?;
    }
    transaction.commit().await?;
    Ok(received)
}

async fn claim(client: &Client, lease: Duration, most: u32) -> Result<Option<Row>> {
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let sql = "UPDATE heymarket_inbox SET claims = claims + 1, is_set_aside = tries >= $2, \
            tries = CASE WHEN tries >= $2 THEN tries ELSE tries + 1 END, \
            ready = clock_timestamp() + $1 * interval '1 microsecond' \
        WHERE id = (SELECT id FROM heymarket_inbox \
            WHERE NOT is_set_aside AND ready <= clock_timestamp() \
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) \
        RETURNING id, claims, tries, event, is_set_aside";
    let statement = client.prepare_cached(sql).await?;
    let lease = micros(lease) as f64;
    loop {
        let found = client.query_opt(&statement, &[&lease, &most]).await?;
        let found = found.as_ref().map(row);
        if found.as_ref().is_none_or(|row| !row.is_set_aside) {
            return Ok(found);
        }
    }
}

impl Backend for PostgresInbox {
    fn receive<'a>(&'a self, event: &'a Event) -> Pending<'a, Received> {
        Box::pin(async {
            let text = encode(event)?;
            let mut client = self.0.get().await?;
            let received = receive(&mut client, event, &text).await;
            received.map_err(|error| self.0.failed(&error))
        })
    }

    fn claim(&self, lease: Duration, most: u32) -> Pending<'_, Option<Row>> {
        Box::pin(async move {
            let client = self.0.get().await?;
            let claimed = claim(&client, lease, most).await;
            claimed.map_err(|error| self.0.failed(&error))
        })
    }

    fn commit(&self, id: i64, claim: i64) -> Pending<'_, bool> {
        self.changes(
            "DELETE FROM heymarket_inbox WHERE id = $1 AND claims = $2 AND NOT is_set_aside",
            vec![id, claim],
        )
    }

    fn give_back(&self, id: i64, claim: i64, after: Option<Duration>) -> Pending<'_, bool> {
        match after {
            Some(after) => self.changes(
                "UPDATE heymarket_inbox SET claims = claims + 1, \
                    ready = clock_timestamp() + $3::bigint * interval '1 microsecond' \
                 WHERE id = $1 AND claims = $2 AND NOT is_set_aside",
                vec![id, claim, micros(after)],
            ),
            None => self.changes(
                "UPDATE heymarket_inbox SET is_set_aside = true, claims = claims + 1 \
                 WHERE id = $1 AND claims = $2",
                vec![id, claim],
            ),
        }
    }

    fn set_aside(&self) -> Pending<'_, Vec<Row>> {
        Box::pin(async {
            let client = self.0.get().await?;
            let sql = "SELECT id, claims, tries, event, is_set_aside FROM heymarket_inbox \
                WHERE is_set_aside ORDER BY id";
            let rows = client.query(sql, &[]).await;
            let rows = rows.map_err(|error| self.0.failed(&error))?;
            Ok(rows.iter().map(row).collect())
        })
    }

    fn retry(&self, id: i64) -> Pending<'_, bool> {
        self.changes(
            "UPDATE heymarket_inbox SET is_set_aside = false, tries = 0, ready = '-infinity', \
                claims = claims + 1 WHERE id = $1 AND is_set_aside",
            vec![id],
        )
    }

    fn discard(&self, id: i64) -> Pending<'_, bool> {
        self.changes(
            "DELETE FROM heymarket_inbox WHERE id = $1 AND is_set_aside",
            vec![id],
        )
    }

    fn waiting(&self) -> Pending<'_, u64> {
        Box::pin(async {
            let client = self.0.get().await?;
            let sql = "SELECT count(*) FROM heymarket_inbox WHERE NOT is_set_aside";
            let row = client.query_one(sql, &[]).await;
            let count: i64 = row.map_err(|error| self.0.failed(&error))?.get(0);
            Ok(u64::try_from(count).unwrap_or(0))
        })
    }
}
