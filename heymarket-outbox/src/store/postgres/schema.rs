//! The tables, and their versions.

use tokio_postgres::{Client, Transaction};

use super::failure::Problem;
use crate::error::{Error, ErrorKind};

/// "hmob": the lock of the migrations, which takes one start at a time.
const LOCK: i64 = 0x686d_6f62;

/// Each makes the tables of one version out of the ones before. One that is
/// released never changes.
const MIGRATIONS: [&str; 1] = [include_str!("tables.sql")];

/// Creates the tables, or brings them to this version.
///
/// Programs that start together wait for each other. A program that is older
/// than the tables fails and changes nothing.
pub(super) async fn migrate(client: &mut Client, place: &str) -> Result<(), Problem> {
    let newest = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    // Most starts find the tables as they should be, and need no right to
    // create any.
    if version(client).await? == newest {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await?;
    let found = version_within(&transaction).await?;
    if found > newest {
        return Err(Problem::Refused(Error::new(
            ErrorKind::Database,
            format!(
                "the outbox in {place} has version {found}, and this program reads version \
                 {newest}; use a newer program"
            ),
        )));
    }
    let done = usize::try_from(found).unwrap_or_default();
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        transaction.batch_execute(migration).await?;
        let version = i32::try_from(index + 1).unwrap_or(i32::MAX);
        transaction
            .execute(
                "INSERT INTO heymarket_outbox.migrations (version) VALUES ($1)",
                &[&version],
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

// Not `to_regclass`, whose cache may be older than the lock.
const EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables
    WHERE schemaname = 'heymarket_outbox' AND tablename = 'migrations')";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM heymarket_outbox.migrations";

async fn version(client: &Client) -> Result<i32, Problem> {
    let exists: bool = client.query_one(EXISTS, &[]).await?.try_get(0)?;
    if !exists {
        return Ok(0);
    }
    Ok(client.query_one(VERSION, &[]).await?.try_get(0)?)
}

async fn version_within(transaction: &Transaction<'_>) -> Result<i32, Problem> {
    let exists: bool = transaction.query_one(EXISTS, &[]).await?.try_get(0)?;
    if !exists {
        return Ok(0);
    }
    Ok(transaction.query_one(VERSION, &[]).await?.try_get(0)?)
}
