//! The inbox: stored before the sender gets its 200, handled afterwards.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::webhook::Event;
use tokio::sync::Notify;

use super::backend::{Backend, decode};
use super::delivery::{Delivery, SetAside, pause};
use super::received::Received;
use crate::error::Error;

const LEASE: Duration = Duration::from_secs(5 * 60);
const MOST_TRIES: u32 = 10;

/// How often a waiting handler looks for events of other processes.
const POLL: Duration = Duration::from_secs(1);

/// A durable queue of webhook events.
///
/// [`receive`](Self::receive) stores an event and remembers it in one transaction. Respond
/// with 200 once it returns: the event is on the disk, and a second delivery is a
/// duplicate. Handlers, in any number of processes, [claim](Self::next) events for a lease
/// and commit or give them back. An event that fails 10 times is set aside, so that it
/// does not delay others; one that cannot be read counts as failed each time.
///
/// Events are stored without the verification token. They hold phone numbers and the text
/// of messages until they are handled, and those that are set aside until they are
/// [discarded](Self::discard). Handlers get the oldest event first. Two handlers may have
/// two events of one conversation at the same time.
///
/// A handler that dies after its work and before its commit gets the event again. The
/// [`id`](Delivery::id) lets it find out.
///
/// Clones share the store.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use heymarket_api::webhook::Verifier;
/// use heymarket_stores::{Inbox, Received};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("inbox.db");
/// let inbox = Inbox::open(path)?;
/// let body = br#"{"type": "chat_closed", "token": "secret", "event_data": {"id": 9920}}"#;
/// let event = Verifier::new("secret").verify(body)?;
/// assert_eq!(inbox.receive(&event).await?, Received::Stored);
/// assert_eq!(inbox.receive(&event).await?, Received::Duplicate);
///
/// let delivery = inbox.next().await?;
/// println!("{}", delivery.event().event_type);
/// assert!(delivery.commit().await?);
/// assert_eq!(inbox.waiting().await?, 0);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Inbox {
    backend: Arc<dyn Backend>,
    arrived: Arc<Notify>,
    lease: Duration,
    most_tries: u32,
}

impl Inbox {
    /// Opens an inbox in a SQLite file, for the processes of one machine. The file is
    /// created with mode 0600 if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, is a link, belongs to another user
    /// or another program, or has tables of a newer version.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let file = crate::sqlite::Sqlite::open(path.as_ref())?;
        Ok(Self::new(super::sqlite::SqliteInbox::new(file)))
    }

    /// Connects to an inbox in PostgreSQL, for the processes of any number of machines.
    /// Its tables are created if they do not exist. It uses up to 8 connections.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is invalid, the server cannot be reached, or the tables
    /// are of a newer version.
    #[cfg(feature = "postgres")]
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let inbox = super::postgres::PostgresInbox::connect(url).await?;
        Ok(Self::new(inbox))
    }

    fn new(backend: impl Backend) -> Self {
        Self {
            backend: Arc::new(backend),
            arrived: Arc::new(Notify::new()),
            lease: LEASE,
            most_tries: MOST_TRIES,
        }
    }

    /// Sets how long a handler has an event; by default 5 minutes. It should exceed the
    /// time that handling takes: afterwards another handler gets the event.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how often an event is tried before it is set aside; by default 10 times, at
    /// least once. A try whose process died counts.
    #[must_use]
    pub fn most_tries(mut self, tries: u32) -> Self {
        self.most_tries = tries.max(1);
        self
    }

    /// Stores an event unless it was received before, and returns once it is on the disk.
    /// Events of `Client::reconcile` may be received as well.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. Respond with 503, so that the event is
    /// delivered again.
    pub async fn receive(&self, event: &Event) -> Result<Received, Error> {
        let received = self.backend.receive(event).await?;
        if received == Received::Stored {
            self.arrived.notify_one();
        }
        Ok(received)
    }

    /// Claims the oldest event that is ready, or returns `None`. An event that this version
    /// cannot read is left to handlers of another version, for as many tries as any other.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn claim(&self) -> Result<Option<Delivery>, Error> {
        while let Some(row) = self.backend.claim(self.lease, self.most_tries).await? {
            let Some(event) = decode(&row) else {
                let after = pause(row.tries, self.most_tries);
                if after.is_none() {
                    tracing::warn!(id = row.id, "set an event aside that cannot be read");
                }
                self.backend.give_back(row.id, row.claim, after).await?;
                continue;
            };
            let claim = (row.id, row.claim, row.tries);
            let backend = Arc::clone(&self.backend);
            return Ok(Some(Delivery::new(claim, self.most_tries, event, backend)));
        }
        Ok(None)
    }

    /// Waits for an event, and claims it. An event of another process, one whose pause or
    /// one whose lease ends is found within a second.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn next(&self) -> Result<Delivery, Error> {
        loop {
            let arrived = self.arrived.notified();
            if let Some(delivery) = self.claim().await? {
                return Ok(delivery);
            }
            let _ = tokio::time::timeout(POLL, arrived).await;
        }
    }

    /// Returns the events that are set aside, oldest first.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn set_aside(&self) -> Result<Vec<SetAside>, Error> {
        let rows = self.backend.set_aside().await?;
        let aside = rows.iter().map(|row| SetAside {
            id: row.id,
            tries: row.tries,
            event: decode(row),
        });
        Ok(aside.collect())
    }

    /// Returns an event that is set aside to the handlers, with all of its tries. Returns
    /// false if there is no such event.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn retry(&self, id: i64) -> Result<bool, Error> {
        let is_ready = self.backend.retry(id).await?;
        self.arrived.notify_one();
        Ok(is_ready)
    }

    /// Removes an event that is set aside. Returns false if there is no such event.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn discard(&self, id: i64) -> Result<bool, Error> {
        self.backend.discard(id).await
    }

    /// Counts the events that are not handled yet, without those that are set aside.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails.
    pub async fn waiting(&self) -> Result<u64, Error> {
        self.backend.waiting().await
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("lease", &self.lease)
            .field("most_tries", &self.most_tries)
            .finish_non_exhaustive()
    }
}
