//! The outbox: what callers use.

mod batches;
mod outcomes;
mod suppressions;
#[cfg(all(test, feature = "sqlite"))]
mod unwritable;

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::{Client, Clock, SystemClock};
use jiff::Timestamp;

use crate::batch::Batch;
use crate::engine::Engine;
use crate::error::Error;
use crate::plan::{self, Plan};
use crate::recipient::Recipient;
use crate::run::Run;
use crate::store::{Millis, Store, StoredBatch};

pub use batches::{Backlog, Status};
pub use outcomes::Decision;
pub use suppressions::Suppression;

/// How long after an attempt the message history is sure to have its message.
const SETTLE: Duration = Duration::from_secs(60);

/// How long a worker that died has what it was sending.
const LEASE: Duration = Duration::from_secs(30);

/// How many requests are in flight at once.
const CONCURRENCY: usize = 32;

/// A ledger of bulk sends, and what sends them.
///
/// Each recipient of a batch is one row with a `local_id` that never changes.
/// That a message is attempted is on the disk before its request leaves, and how
/// it ended before anything is made of it. So whatever ends the process, the
/// next run knows what may have been sent, and looks for it in the message
/// history in place of sending it again.
///
/// Cloning is cheap, and clones share the database.
#[derive(Clone)]
pub struct Outbox {
    engine: Engine,
}

impl Outbox {
    /// Opens an outbox, and creates it if the file does not exist.
    ///
    /// The file has mode 0600, is no symbolic link and is on a local disk:
    /// SQLite keeps `FILE-wal` and `FILE-shm` beside it.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be opened or written, belongs to
    /// another user or program, or is of a newer version.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self {
            engine: engine(Arc::new(crate::store::Sqlite::open(path.as_ref())?)),
        })
    }

    /// Connects to an outbox in PostgreSQL 13 or later, and creates its tables if
    /// they do not exist: the schema `heymarket_outbox`.
    ///
    /// Any number of processes on any number of machines run it at once, and each
    /// message is sent by one of them. What one had when it died is taken over by
    /// the others once its [`lease`](Self::lease) ended. Windows and ends are
    /// those of the server's clock, whatever the clock of a machine says.
    ///
    /// The limit of the API belongs to the account, and each client has a limiter
    /// of its own: give them one that they share.
    ///
    /// The URL is `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. With
    /// `?sslmode=require` the connection is encrypted, and the server's
    /// certificate is checked by the authorities of the platform
    /// (`SSL_CERT_FILE` names others). Without it, it is not encrypted.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use heymarket_outbox::Outbox;
    ///
    /// let url = std::env::var("DATABASE_URL")?;
    /// let outbox = Outbox::connect(&url).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error when the URL is invalid, the server does not answer or
    /// refuses, the tables cannot be created, or they are of a newer version.
    #[cfg(feature = "postgres")]
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Ok(Self {
            engine: engine(Arc::new(crate::store::Postgres::connect(url).await?)),
        })
    }

    /// Sets how long a process may be silent before others take over what it was
    /// sending, in PostgreSQL; by default 30 seconds, at least 1. A lost message
    /// is then looked for after the [`settle_time`](Self::settle_time) on top.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.engine.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// Sets how long after an attempt a lost message is looked for in the
    /// history; by default 60 seconds. It must be longer than the history lags.
    #[must_use]
    pub fn settle_time(mut self, settle: Duration) -> Self {
        self.engine.settle = settle;
        self
    }

    /// Sets how many requests are in flight at once, at least 1; by default 32.
    /// At most this many messages have to be looked for after a crash.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.engine.concurrency = requests.max(1);
        self
    }

    /// Takes the time from another clock, for tests; the client has its own.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.engine.clock = Arc::new(clock);
        self.engine.ahead = Arc::default();
        self
    }

    /// Plans a batch: writes down each recipient and refuses invalid, duplicate
    /// and suppressed ones. Nothing is sent.
    ///
    /// The recipients are read as they are written, so memory stays the same
    /// however many there are. Planning the same batch again changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error, and plans nothing, when a setting is invalid, a
    /// placeholder has no value (with the lines), the recipients cannot be
    /// read, or the batch was planned with another text or other recipients
    /// ([`Changed`](crate::ErrorKind::Changed)).
    pub async fn plan<I>(&self, batch: &Batch, recipients: I) -> Result<Plan, Error>
    where
        I: IntoIterator,
        I::Item: Into<Result<Recipient, Error>>,
    {
        let accept = async |_: &Plan| true;
        let now = self.now().await?;
        let plan = plan::plan(&*self.engine.store, batch, recipients, now, accept).await?;
        Ok(plan.plan)
    }

    /// Plans a batch as [`plan`](Self::plan) does, and shows the plan to `accept`
    /// before it is kept. Returns `None` if that returns false: nothing is planned
    /// then, and the ID is as free as before.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    pub async fn plan_if<I>(
        &self,
        batch: &Batch,
        recipients: I,
        accept: impl AsyncFnOnce(&Plan) -> bool,
    ) -> Result<Option<Plan>, Error>
    where
        I: IntoIterator,
        I::Item: Into<Result<Recipient, Error>>,
    {
        let now = self.now().await?;
        let plan = plan::plan(&*self.engine.store, batch, recipients, now, accept).await?;
        Ok(plan.is_accepted.then_some(plan.plan))
    }

    /// Sends what is planned, in all batches that are not paused, and looks for
    /// messages whose responses were lost. Batches alternate.
    ///
    /// The client's other requests go first. One process at a time runs an
    /// outbox in a file; any number run one in PostgreSQL, and a run then ends once
    /// no other one has anything left. It must be called in a tokio runtime.
    pub fn run(&self, client: &Client) -> Run {
        Run::start(self.engine.clone(), client, Vec::new(), false)
    }

    /// Sends these batches only, as [`run`](Self::run) does. The run fails with
    /// [`NoBatch`](crate::ErrorKind::NoBatch) if one of them does not exist.
    pub fn run_only<B: Into<String>>(
        &self,
        client: &Client,
        batches: impl IntoIterator<Item = B>,
    ) -> Run {
        let only = batches.into_iter().map(Into::into).collect();
        Run::start(self.engine.clone(), client, only, false)
    }

    /// Runs until it is stopped, as a worker does: what is planned later is sent,
    /// too.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use heymarket_api::Client;
    /// use heymarket_outbox::Outbox;
    ///
    /// let outbox = Outbox::open("outbox.db")?;
    /// let mut work = outbox.work(&Client::from_env()?);
    /// while let Some(event) = work.next().await {
    ///     println!("{}", event?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn work(&self, client: &Client) -> Run {
        Run::start(self.engine.clone(), client, Vec::new(), true)
    }

    async fn batch(&self, id: &str) -> Result<StoredBatch, Error> {
        let batches = self.engine.store.batches().await?;
        let mut batches = batches.into_iter();
        batches
            .find(|batch| batch.id == id)
            .ok_or_else(|| Error::no_batch(id))
    }

    /// Returns the time of the ledger, which may have a clock of its own.
    async fn now(&self) -> Result<Timestamp, Error> {
        self.engine.set_clock().await?;
        Ok(self.engine.now())
    }

    async fn millis(&self) -> Result<Millis, Error> {
        Ok(self.now().await?.as_millisecond())
    }
}

/// An engine as it is by default.
fn engine(store: Arc<dyn Store>) -> Engine {
    Engine {
        store,
        clock: Arc::new(SystemClock::default()),
        settle: SETTLE,
        concurrency: CONCURRENCY,
        lease: LEASE,
        ahead: Arc::default(),
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("settle_time", &self.engine.settle)
            .field("concurrency", &self.engine.concurrency)
            .finish_non_exhaustive()
    }
}
