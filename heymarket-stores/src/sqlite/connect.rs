//! A connection to a SQLite file, and its tables.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::file;
use crate::error::{Error, ErrorKind};

/// Goes up with each change of the tables.
const VERSION: i64 = 1;

/// "hmst", so that another program's database is not taken for a store.
const APPLICATION: i64 = 0x686d_7374;

/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file. All work is done by threads that may block, one transaction at a time.
#[derive(Clone)]
pub(crate) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    path: Arc<Path>,
}

impl Sqlite {
    /// Opens a file, and creates it and its tables if they do not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let path = file::prepare(path).map_err(|error| {
            let text = format!("{}: {error}", path.display());
            Error::new(ErrorKind::Configuration, text)
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(&path, flags);
        let mut connection = connection.map_err(|error| failed(&path, &error))?;
        prepare(&mut connection, &path)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: path.into(),
        })
    }

    /// Does work in a transaction, which is on the disk when this returns.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            // A panic rolls its transaction back below, at the next BEGIN.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            connection.execute_batch("BEGIN IMMEDIATE")?;
            let done = work(&mut connection).and_then(|done| {
                connection.execute_batch("COMMIT")?;
                Ok(done)
            });
            // On a full disk SQLite has rolled back, and its error is the one to return.
            if done.is_err() && !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            done
        });
        match done.await {
            Ok(done) => done.map_err(|error| failed(&self.path, &error)),
            Err(error) => {
                let problem = if error.is_panic() {
                    "the work panicked"
                } else {
                    "the runtime has ended"
                };
                let text = format!("{}: {problem}", self.path.display());
                Err(Error::new(ErrorKind::Unreachable, text))
            }
        }
    }
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // In one transaction, since another process may create the tables between two reads.
    let transaction = connection.transaction().map_err(failed)?;
    check(&transaction, path)?;
    drop(transaction);
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        let path = path.display();
        let text = format!("{path} cannot have a write-ahead log here; put it on a local disk");
        return Err(Error::new(ErrorKind::Store, text));
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA checkpoint_fullfsync = ON;
             PRAGMA secure_delete = ON;
             PRAGMA trusted_schema = OFF;",
        )
        .map_err(failed)?;
    // Processes that start together wait for one another here.
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection
        .transaction_with_behavior(behavior)
        .map_err(failed)?;
    let is_empty = check(&transaction, path)?;
    if is_empty {
        transaction
            .execute_batch(include_str!("events.sql"))
            .map_err(failed)?;
        for (pragma, value) in [("application_id", APPLICATION), ("user_version", VERSION)] {
            transaction
                .pragma_update(None, pragma, value)
                .map_err(failed)?;
        }
    }
    transaction.commit().map_err(failed)
}

/// Refuses a file of another program or of a newer version, and changes nothing in it.
/// Returns whether it is empty.
fn check(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let number = |pragma: &str| -> Result<i64, Error> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|error| failed(path, &error))
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let is_empty = application == 0 && version == 0 && number("schema_version")? == 0;
    if !is_empty && application != APPLICATION {
        let path = path.display();
        let text = format!("{path} is the database of another program; name another file");
        return Err(Error::new(ErrorKind::Configuration, text));
    }
    if version > VERSION {
        let text = format!(
            "{} has version {version}, and this program knows version {VERSION}; use a newer \
             program",
            path.display()
        );
        return Err(Error::new(ErrorKind::TooNew, text));
    }
    Ok(is_empty)
}

fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    // A message of SQLite names tables and columns, and no values.
    Error::new(ErrorKind::Store, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_the_error_and_the_next_work_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Sqlite::open(&folder.path().join("inbox.db")).expect("a file");
        let fill = |length: i64| {
            file.transact(move |connection| {
                let sql = "INSERT INTO inbox (event) VALUES (hex(zeroblob(?1)))";
                connection.execute(sql, [length])
            })
        };
        let limit = "PRAGMA max_page_count = 1";
        let limited = file.transact(|connection| connection.query_row(limit, [], |_| Ok(())));
        limited.await.expect("a limit");
        let error = fill(1 << 20).await.expect_err("a full disk");
        assert!(error.to_string().contains("is full"), "{error}");
        let room = "PRAGMA max_page_count = 1073741823";
        let limited = file.transact(|connection| connection.query_row(room, [], |_| Ok(())));
        limited.await.expect("a limit");
        assert_eq!(fill(1).await.expect("room"), 1);
    }
}
