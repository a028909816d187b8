//! A SQLite file: the keys of requests and the answers to them, and the tables of
//! webhooks. The row of a key is committed before its request leaves.

mod file;

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::files;
use file::{connect, lock};

/// The most work in one transaction.
const MOST: usize = 256;

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
        files::refuse_other_names(&path, &files::open_or_create(&path)?)?;
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

    /// Does work in a transaction, all of it or nothing, and waits until it is durable.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let result = self.queue(work)?;
        result.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Queues work as [`call`](Self::call) does, and returns what receives its result.
    pub(crate) fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, String>>, String> {
        let (sender, receiver) = oneshot::channel();
        let job: Work = Box::new(move |connection| {
            let result =
                connection.and_then(|db| whole(db, work).map_err(|error| error.to_string()));
            Box::new(move |durable| {
                // A caller that stopped waiting is not told.
                let _ = sender.send(result.and_then(|value| durable.map(|()| value)));
            })
        });
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).map_err(|_| ended())?;
        Ok(receiver)
    }
}

fn ended() -> String {
    "the thread of the ledger ended".to_owned()
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

/// Does work of which nothing stays if it fails. Other work shares its transaction.
fn whole<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let execute = |sql| db.prepare_cached(sql)?.execute([]).map(drop);
    execute("SAVEPOINT work")?;
    let result = work(db);
    if result.is_err() {
        // This fails if SQLite has rolled back the whole transaction.
        let _ = execute("ROLLBACK TO work");
        let _ = execute("RELEASE work");
        return result;
    }
    execute("RELEASE work")?;
    result
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
        #[cfg(unix)]
        {
            let link = folder.path().join("link.db");
            std::fs::hard_link(&path, &link).expect("a link");
            let refused = Ledger::open(&link).err().expect("two names").to_string();
            assert!(refused.contains("hard links"), "{refused}");
        }
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
