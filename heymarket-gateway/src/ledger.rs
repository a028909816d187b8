//! A SQLite file: the keys of requests and the answers to them, and the tables of
//! webhooks. The row of a key is committed before its request leaves.

use std::ffi::OsString;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::files;

/// Goes up with each change of the tables.
const VERSION: i64 = 1;
/// "hmgw", so that another program's database is not taken for a ledger.
const APPLICATION: i64 = 0x686d_6777;
/// The most work in one transaction.
const MOST: usize = 256;
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

/// The hash of a request.
pub(crate) type RequestHash = [u8; 32];

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

/// What the ledger knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) request: RequestHash,
    pub(crate) begun: Millis,
    /// `None` if the outcome is not known.
    pub(crate) answer: Option<Recorded>,
}

/// A recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) status: u16,
    /// Pairs of a name and a value, as JSON.
    pub(crate) headers: String,
    pub(crate) local_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Work for the thread, which sends its result once it is durable.
type Work = Box<dyn FnOnce(Result<&Connection, String>) -> Told + Send>;
type Told = Box<dyn FnOnce(Result<(), String>) + Send>;

/// The keys, in a file that one gateway uses at a time. One thread does all of its work,
/// and work that waits shares one transaction, and so one flush.
pub(crate) struct Ledger {
    jobs: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    /// Held while the ledger is open.
    _lock: std::fs::File,
}

impl Ledger {
    /// Opens a ledger, and creates it with mode 0600 if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let path = files::resolved(path)?;
        let lock = lock(&path)?;
        drop(files::open_or_create(&path)?);
        let connection = connect(&path)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("heymarket-ledger".to_owned())
            .spawn(move || work(&connection, &queue))
            .map_err(|error| Error::new(format!("no thread: {error}")))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// Returns what is known of a key.
    pub(crate) async fn find(&self, key: String) -> Result<Option<Entry>, String> {
        self.call(move |db| {
            db.prepare_cached(
                "SELECT request, begun, status, headers, local_id, body FROM keys WHERE key = ?1",
            )?
            .query_row([key], entry)
            .optional()
        })
        .await
    }

    /// Records that a request is about to leave. A row that exists stays.
    pub(crate) async fn begin(
        &self,
        key: String,
        request: RequestHash,
        now: Millis,
    ) -> Result<(), String> {
        self.call(move |db| {
            db.prepare_cached(
                "INSERT OR IGNORE INTO keys (key, request, begun) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![key, request, now])
        })
        .await
        .map(drop)
    }

    /// Records the answer to a request.
    pub(crate) async fn answer(&self, key: String, answer: Recorded) -> Result<(), String> {
        self.call(move |db| {
            db.prepare_cached(
                "UPDATE keys SET status = ?2, headers = ?3, local_id = ?4, body = ?5 WHERE key = ?1",
            )?
            .execute(params![key, answer.status, answer.headers, answer.local_id, answer.body])
        })
        .await
        .map(drop)
    }

    /// Forgets the key of a request that did nothing.
    pub(crate) async fn forget(&self, key: String) -> Result<(), String> {
        self.call(move |db| {
            db.prepare_cached("DELETE FROM keys WHERE key = ?1")?
                .execute([key])
        })
        .await
        .map(drop)
    }

    /// Forgets all keys from before a time. Returns their number.
    pub(crate) async fn expire(&self, before: Millis) -> Result<usize, String> {
        self.call(move |db| {
            db.prepare_cached("DELETE FROM keys WHERE begun < ?1")?
                .execute([before])
        })
        .await
    }

    /// Does work in a transaction, and waits until it is durable.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let (sender, receiver) = oneshot::channel();
        let job: Work = Box::new(move |connection| {
            let result = connection.and_then(|db| work(db).map_err(|error| error.to_string()));
            Box::new(move |durable| {
                // A caller that stopped waiting is not told.
                let _ = sender.send(result.and_then(|value| durable.map(|()| value)));
            })
        });
        let ended = || "the thread of the ledger ended".to_owned();
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).map_err(|_| ended())?;
        receiver.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Waits for the thread, so that the file is closed once this is gone.
impl Drop for Ledger {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to do.
            let _ = thread.join();
        }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let status: Option<u16> = row.get(2)?;
    let answer = match status {
        Some(status) => Some(Recorded {
            status,
            headers: row.get(3)?,
            local_id: row.get(4)?,
            body: row.get(5)?,
        }),
        None => None,
    };
    Ok(Entry {
        request: row.get(0)?,
        begun: row.get(1)?,
        answer,
    })
}

fn work(connection: &Connection, queue: &Receiver<Work>) {
    while let Ok(first) = queue.recv() {
        let rest = std::iter::from_fn(|| queue.try_recv().ok());
        let group: Vec<Work> = std::iter::once(first).chain(rest).take(MOST).collect();
        let execute = |sql| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.execute([]).map(drop)
        };
        let begun = execute("BEGIN IMMEDIATE").map_err(|error| error.to_string());
        let told: Vec<Told> = group
            .into_iter()
            .map(|work| work(begun.clone().map(|()| connection)))
            .collect();
        let durable = match begun {
            Ok(()) => execute("COMMIT").map_err(|error| {
                if !connection.is_autocommit() {
                    let _ = execute("ROLLBACK");
                }
                error.to_string()
            }),
            Err(error) => Err(error),
        };
        for tell in told {
            tell(durable.clone());
        }
    }
}

/// Locks the file that says which gateway uses the ledger: `FILE.lock`, which stays.
fn lock(path: &Path) -> Result<std::fs::File, Error> {
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

fn connect(path: &Path) -> Result<Connection, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: RequestHash = [7; 32];

    fn recorded() -> Recorded {
        Recorded {
            status: 200,
            headers: "[]".to_owned(),
            local_id: Some("k".to_owned()),
            body: b"{}".to_vec(),
        }
    }

    #[tokio::test]
    async fn a_key_is_found_again_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gateway.db");
        let key = || "key".to_owned();
        let ledger = Ledger::open(&path).expect("a ledger");
        assert_eq!(ledger.find(key()).await, Ok(None));
        ledger.begin(key(), REQUEST, 5).await.expect("a row");
        ledger.begin(key(), [8; 32], 9).await.expect("the same row");
        drop(ledger);
        let ledger = Ledger::open(&path).expect("a ledger");
        let mut entry = Entry {
            request: REQUEST,
            begun: 5,
            answer: None,
        };
        assert_eq!(ledger.find(key()).await, Ok(Some(entry.clone())));
        ledger.answer(key(), recorded()).await.expect("an answer");
        entry.answer = Some(recorded());
        assert_eq!(ledger.find(key()).await, Ok(Some(entry)));
        assert_eq!(ledger.expire(5).await, Ok(0));
        assert_eq!(ledger.expire(6).await, Ok(1));
        assert_eq!(ledger.find(key()).await, Ok(None));
    }

    #[test]
    fn a_ledger_is_private_and_of_one_gateway() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gateway.db");
        let first = Ledger::open(&path).expect("a ledger");
        let second = Ledger::open(&path).err().expect("in use").to_string();
        assert!(second.contains("another gateway uses it"), "{second}");
        #[cfg(unix)]
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            use std::os::unix::fs::PermissionsExt as _;
            let found = entry.expect("a file").metadata().expect("it");
            assert_eq!(found.permissions().mode() & 0o777, 0o600);
        }
        drop(first);
        let other = folder.path().join("other.db");
        let foreign = Connection::open(&other).expect("a database");
        foreign
            .execute_batch("CREATE TABLE t (a)")
            .expect("a table");
        drop(foreign);
        let refused = Ledger::open(&other).err().expect("foreign").to_string();
        assert!(refused.contains("another program"), "{refused}");
    }
}
