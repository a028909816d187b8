//! The tables, and how they come about.

use tokio_postgres::Client;

use super::failure::failed;
use crate::error::{Error, ErrorKind};

/// What each version adds to the one before.
const MIGRATIONS: [&str; 2] = [include_str!("limit.sql"), include_str!("events.sql")];

/// Held while tables change, so that processes that start together wait for one another.
const LOCK: i64 = 0x686d_7374;

/// Creates what is missing. Another process may do so at the same time.
pub(super) async fn migrate(client: &mut Client, address: &str) -> Result<(), Error> {
    let failed = |error| failed(address, &error);
    let newest = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    // A role that must not create tables can use those that exist.
    let exists = client.query_one("SELECT to_regclass('heymarket_stores') IS NOT NULL", &[]);
    let exists: bool = exists.await.map_err(failed)?.get(0);
    if exists && version(client, address).await? == newest {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(failed)?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await
        .map_err(failed)?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS heymarket_stores (version int NOT NULL)")
        .await
        .map_err(failed)?;
    let row = transaction.query_opt("SELECT version FROM heymarket_stores", &[]);
    let found: i32 = row.await.map_err(failed)?.map_or(0, |row| row.get(0));
    if found > newest {
        return Err(too_new(address, found));
    }
    for migration in &MIGRATIONS[usize::try_from(found).unwrap_or(0)..] {
        transaction.batch_execute(migration).await.map_err(failed)?;
    }
    transaction
        .batch_execute(&format!(
            "DELETE FROM heymarket_stores; INSERT INTO heymarket_stores VALUES ({newest})"
        ))
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

async fn version(client: &Client, address: &str) -> Result<i32, Error> {
    let row = client.query_opt("SELECT version FROM heymarket_stores", &[]);
    let row = row.await.map_err(|error| failed(address, &error))?;
    let found: i32 = row.map_or(0, |row| row.get(0));
    if usize::try_from(found).is_ok_and(|found| found > MIGRATIONS.len()) {
        return Err(too_new(address, found));
    }
    Ok(found)
}

fn too_new(address: &str, found: i32) -> Error {
    let newest = MIGRATIONS.len();
    let text = format!(
        "{address}: the tables have version {found}, and this program knows version {newest}; \
         use a newer program"
    );
    Error::new(ErrorKind::TooNew, text)
}
