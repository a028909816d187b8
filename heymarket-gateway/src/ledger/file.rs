//! The file of a ledger: its lock, its tables and its settings.

use std::ffi::OsString;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;
use crate::files;

/// Goes up with each change of the tables.
const VERSION: i64 = 1;
/// "hmgw", so that another program's database is not taken for a ledger.
const APPLICATION: i64 = 0x686d_6777;
/// How long a reader of the file, such as a backup, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE keys (
    key TEXT PRIMARY KEY,
    request BLOB NOT NULL,
    begun INTEGER NOT NULL,
    status INTEGER,
    headers TEXT,
    local_id TEXT,
    body BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_begun ON keys (begun);
CREATE TABLE seen (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    is_committed INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX seen_subject ON seen (subject);
CREATE INDEX seen_until ON seen (until);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body BLOB NOT NULL,
    received INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due INTEGER
) STRICT;
CREATE INDEX events_due ON events (due);
";

/// Locks the file that says which gateway uses the ledger: `FILE.lock`, which stays.
pub(super) fn lock(path: &Path) -> Result<std::fs::File, Error> {
    let mut lock_path = OsString::from(path);
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let file = files::open_or_create(&lock_path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::of_file(
            path,
            "another gateway uses it; stop that one, or name another file with --ledger",
        )),
        Err(TryLockError::Error(error)) => Err(Error::of_file(&lock_path, error)),
    }
}

/// Connects to the file, and creates the tables if it is empty.
pub(super) fn connect(path: &Path) -> Result<Connection, Error> {
    let failed = |error: rusqlite::Error| Error::of_file(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let number = |pragma: &str| -> Result<i64, Error> {
        let value = connection.pragma_query_value(None, pragma, |row| row.get(0));
        value.map_err(failed)
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty = application == 0 && number("schema_version")? == 0;
    if !is_empty && application != APPLICATION {
        return Err(Error::of_file(
            path,
            "it is the database of another program; name another file",
        ));
    }
    if version > VERSION {
        return Err(Error::of_file(
            path,
            format!("it has version {version}, and this program reads version {VERSION}"),
        ));
    }
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA secure_delete = ON;
             PRAGMA trusted_schema = OFF;",
        )
        .map_err(failed)?;
    if is_empty {
        connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE;{TABLES}
                 PRAGMA application_id = {APPLICATION};
                 PRAGMA user_version = {VERSION};
                 COMMIT"
            ))
            .map_err(failed)?;
    }
    Ok(connection)
}
