//! The tables, their version, and how the database is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::failure::failure;
use crate::error::{Error, ErrorKind};

/// Goes up with each change of the tables.
const VERSION: i64 = 1;

/// "hmob", so that another program's database is not taken for an outbox.
const APPLICATION: i64 = 0x686d_6f62;

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The indexes hold only what is looked for: what is planned and what is open
/// is little at the end, and duplicates are looked up by number.
const TABLES: &str = "
CREATE TABLE batches (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    settings TEXT NOT NULL,
    salt BLOB NOT NULL,
    recipients INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    is_purged INTEGER NOT NULL DEFAULT 0,
    list_key BLOB,
    send_key BLOB,
    list_id INTEGER
) STRICT;
CREATE TABLE zones (
    batch INTEGER NOT NULL,
    zone INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (batch, zone)
) STRICT, WITHOUT ROWID;
CREATE TABLE recipients (
    batch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    phone TEXT,
    zone INTEGER NOT NULL,
    text TEXT,
    local_id BLOB NOT NULL,
    hash BLOB,
    body BLOB,
    state INTEGER NOT NULL,
    reason TEXT,
    detail TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempted INTEGER,
    ended INTEGER,
    message INTEGER,
    conversation INTEGER,
    PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX planned ON recipients (batch, zone, position) WHERE state = 0;
CREATE INDEX open ON recipients (batch, position) WHERE state IN (1, 4);
CREATE INDEX review ON recipients (batch, position) WHERE state = 5;
CREATE INDEX numbers ON recipients (batch, phone);
CREATE TABLE suppressions (
    phone TEXT PRIMARY KEY,
    is_active INTEGER NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE requests (
    request INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_until ON requests (until);
";

/// Sets a connection up, and creates the tables in an empty database.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| failure(path, &error).into_error();
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    // In one transaction, since another process may create the tables between two reads.
    let transaction = connection.unchecked_transaction().map_err(failed)?;
    let is_empty = check(&transaction, path)?;
    drop(transaction);
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(Error::new(
            ErrorKind::Database,
            format!(
                "{} cannot have a write-ahead log here; put it on a local disk",
                path.display()
            ),
        ));
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA secure_delete = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA cache_size = -16000;
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(failed)?;
    if is_empty {
        create(connection).map_err(failed)?;
    }
    Ok(())
}

/// Refuses a file of another program or of a newer version, and changes nothing in
/// it. Returns whether it is empty.
fn check(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let number = |pragma: &str| -> Result<i64, Error> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|error| failure(path, &error).into_error())
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty = application == 0 && version == 0 && number("schema_version")? == 0;
    if !is_empty && application != APPLICATION {
        return Err(Error::new(
            ErrorKind::Database,
            format!(
                "{} is the database of another program; name another file",
                path.display()
            ),
        ));
    }
    if version > VERSION {
        return Err(Error::new(
            ErrorKind::Database,
            format!(
                "{} has version {version}, and this program reads version {VERSION}; use a newer \
                 program",
                path.display()
            ),
        ));
    }
    Ok(is_empty)
}

/// Another process may create the tables at the same time.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    connection.execute_batch("COMMIT")
}

/// Looks for damage.
pub(super) fn verify(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
        Some("quick_check found damage".to_owned()),
    ))
}
