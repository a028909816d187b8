//! The thread that has the connection. Work that waits for it shares one
//! transaction, and so one flush to the disk.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::ledger::Pending;
use super::failure::{Failure, failure};
use crate::error::{Error, ErrorKind};

/// The most work in one transaction.
const MOST: usize = 256;

/// One piece of work. It receives the transaction to work in, or the failure to
/// begin one.
type Work = Box<dyn FnOnce(Result<&Connection, Failure>) -> Done + Send>;

/// Work that is done: whether it succeeded, and who is notified once it is durable.
struct Done {
    succeeded: bool,
    tell: Box<dyn FnOnce(Result<(), Failure>) + Send>,
}

enum Job {
    Work(Work),
    Compact(oneshot::Sender<Result<(), Failure>>),
    /// Lets nothing be written, or lets it again.
    #[cfg(test)]
    SetReadOnly(bool, oneshot::Sender<Result<(), Failure>>),
}

pub(super) struct Thread {
    /// There until it is dropped.
    jobs: Option<Sender<Job>>,
    handle: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// Waits for the thread, so that the file is closed once this is gone.
impl Drop for Thread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(handle) = self.handle.take() {
            // A thread that panicked has nothing more to do.
            let _ = handle.join();
        }
    }
}

impl Thread {
    pub(super) fn start(connection: Connection, path: PathBuf) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel();
        let own_path = path.clone();
        let handle = std::thread::Builder::new()
            .name("heymarket-outbox".to_owned())
            .spawn(move || Worker { connection, path }.run(&queue))
            .map_err(|error| Error::new(ErrorKind::Database, format!("no thread: {error}")))?;
        Ok(Self {
            jobs: Some(jobs),
            handle: Some(handle),
            path: own_path,
        })
    }

    /// Does work in a transaction, and waits until it is durable. Nothing is done
    /// until the future is polled.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        let (sender, receiver) = oneshot::channel();
        let path = self.path.clone();
        let job: Work = Box::new(move |connection| {
            let result = connection
                .and_then(|connection| work(connection).map_err(|error| failure(&path, &error)));
            Done {
                succeeded: result.is_ok(),
                tell: Box::new(move |durable| {
                    // A caller that stopped waiting is not told.
                    let _ = sender.send(result.and_then(|value| durable.map(|()| value)));
                }),
            }
        });
        Box::pin(self.answer(Job::Work(job), receiver))
    }

    /// Rewrites the database without what was removed from it, and empties the
    /// log.
    pub(super) fn compact(&self) -> Pending<'_, ()> {
        let (sender, receiver) = oneshot::channel();
        Box::pin(self.answer(Job::Compact(sender), receiver))
    }

    /// Lets nothing be written, as in a file that is read-only: no transaction begins.
    #[cfg(test)]
    pub(super) fn set_read_only(&self, is_read_only: bool) -> Pending<'_, ()> {
        let (sender, receiver) = oneshot::channel();
        Box::pin(self.answer(Job::SetReadOnly(is_read_only, sender), receiver))
    }

    async fn answer<T>(
        &self,
        job: Job,
        receiver: oneshot::Receiver<Result<T, Failure>>,
    ) -> Result<T, Error> {
        let ended = || Error::new(ErrorKind::Database, "the thread of the database ended");
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).map_err(|_| ended())?;
        match receiver.await {
            Ok(result) => result.map_err(Failure::into_error),
            Err(_) => Err(ended()),
        }
    }
}

struct Worker {
    connection: Connection,
    path: PathBuf,
}

impl Worker {
    fn run(&self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            let mut next = Some(job);
            let mut group = Vec::new();
            while let Some(Job::Work(work)) = next {
                group.push(work);
                next = (group.len() < MOST)
                    .then(|| queue.try_recv().ok())
                    .flatten();
            }
            if !group.is_empty() {
                self.transact(group);
            }
            match next {
                Some(Job::Compact(sender)) => {
                    let done = self.connection.execute_batch("VACUUM").and_then(|()| {
                        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                        self.connection.query_row(checkpoint, [], |_| Ok(()))
                    });
                    let _ = sender.send(done.map_err(|error| failure(&self.path, &error)));
                }
                #[cfg(test)]
                Some(Job::SetReadOnly(is_read_only, sender)) => {
                    let set = self
                        .connection
                        .pragma_update(None, "query_only", is_read_only);
                    let _ = sender.send(set.map_err(|error| failure(&self.path, &error)));
                }
                Some(Job::Work(_)) | None => {}
            }
        }
    }

    fn transact(&self, group: Vec<Work>) {
        let begun = self.execute("BEGIN IMMEDIATE");
        let mut done = Vec::with_capacity(group.len());
        for work in group {
            done.push(match &begun {
                Ok(()) => self.work(work),
                Err(failure) => work(Err(failure.clone())),
            });
        }
        let durable = match begun {
            Ok(()) => self.commit(),
            Err(failure) => Err(failure),
        };
        for done in done {
            (done.tell)(durable.clone());
        }
    }

    /// Does one piece of work, and takes it back if it fails.
    fn work(&self, work: Work) -> Done {
        if self.connection.is_autocommit() {
            // A savepoint would begin a transaction of its own, and keep the work.
            return work(Err(self.rolled_back()));
        }
        if let Err(failure) = self.execute("SAVEPOINT work") {
            return work(Err(failure));
        }
        let done = work(Ok(&self.connection));
        // A full disk ends the whole transaction.
        if !self.connection.is_autocommit() {
            if !done.succeeded {
                let _ = self.execute("ROLLBACK TO work");
            }
            let _ = self.execute("RELEASE work");
        }
        done
    }

    fn commit(&self) -> Result<(), Failure> {
        if self.connection.is_autocommit() {
            return Err(self.rolled_back());
        }
        self.execute("COMMIT").inspect_err(|_| {
            if !self.connection.is_autocommit() {
                let _ = self.execute("ROLLBACK");
            }
        })
    }

    /// The failure of work whose transaction was ended by other work.
    fn rolled_back(&self) -> Failure {
        Failure {
            kind: ErrorKind::Storage,
            detail: format!(
                "{} cannot be written, and the change was taken back; check the disk and run it \
                 again",
                self.path.display()
            ),
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(|error| failure(&self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Work that runs some SQL; the receiver gets whether it is durable.
    fn work(sql: &'static str) -> (Work, oneshot::Receiver<bool>) {
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let succeeded = connection.is_ok_and(|db| db.execute_batch(sql).is_ok());
            Done {
                succeeded,
                tell: Box::new(move |durable| {
                    let _ = sender.send(succeeded && durable.is_ok());
                }),
            }
        });
        (work, receiver)
    }

    #[test]
    fn work_after_a_transaction_that_ended_is_not_kept() {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch("CREATE TABLE a (b)")
            .expect("a table");
        let path = PathBuf::from("outbox.db");
        let worker = Worker { connection, path };
        let sql = [
            "INSERT INTO a VALUES (1)",
            "ROLLBACK",
            "INSERT INTO a VALUES (2)",
        ];
        let (group, answers): (Vec<_>, Vec<_>) = sql.into_iter().map(work).unzip();
        // A full disk rolls back in the middle of a group, too.
        worker.transact(group);
        for answer in answers {
            assert_eq!(answer.blocking_recv(), Ok(false));
        }
        let count = "SELECT count(*) FROM a";
        let count = worker.connection.query_row(count, [], |row| row.get(0));
        assert_eq!(count, Ok(0));
        let (next, answer) = work("INSERT INTO a VALUES (3)");
        worker.transact(vec![next]);
        assert_eq!(answer.blocking_recv(), Ok(true));
    }
}
