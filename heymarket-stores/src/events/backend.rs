//! What an inbox asks of its store.

use std::pin::Pin;
use std::time::Duration;

use heymarket_api::webhook::{Claim, Deduplicator, Event, SeenEvents};

use super::received::Received;
use crate::error::{Error, ErrorKind};

pub(super) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A stored event.
pub(super) struct Row {
    pub(super) id: i64,
    /// Identifies the claim. A later claim of the event has another number.
    pub(super) claim: i64,
    pub(super) tries: u32,
    pub(super) event: String,
    pub(super) is_set_aside: bool,
}

/// The tables of an inbox. Each change is a transaction.
pub(super) trait Backend: Send + Sync + 'static {
    /// Stores an event unless it is known, and remembers it.
    fn receive<'a>(&'a self, event: &'a Event) -> Pending<'a, Received>;

    /// Claims the oldest event that is ready. Older ones that were tried `most` times, and
    /// whose process died, are set aside.
    fn claim(&self, lease: Duration, most: u32) -> Pending<'_, Option<Row>>;

    /// Removes an event. Returns false if another claim has it.
    fn commit(&self, id: i64, claim: i64) -> Pending<'_, bool>;

    /// Ends a claim. The event is ready `after` a pause, or set aside.
    fn give_back(&self, id: i64, claim: i64, after: Option<Duration>) -> Pending<'_, bool>;

    fn set_aside(&self) -> Pending<'_, Vec<Row>>;

    /// Makes an event that is set aside ready again, with all of its tries.
    fn retry(&self, id: i64) -> Pending<'_, bool>;

    /// Removes an event that is set aside.
    fn discard(&self, id: i64) -> Pending<'_, bool>;

    /// Counts the events that are not set aside.
    fn waiting(&self) -> Pending<'_, u64>;
}

/// Claims and commits an event, all in the transaction of `seen`.
pub(super) async fn remember<S: SeenEvents>(seen: S, event: &Event) -> Result<Received, S::Error> {
    match Deduplicator::with_store(seen).claim(event).await? {
        Claim::New(claimed) => {
            claimed.commit().await?;
            Ok(Received::Stored)
        }
        Claim::Duplicate => Ok(Received::Duplicate),
        Claim::InProgress => Ok(Received::InProgress),
    }
}

/// Returns the JSON of an event, which never has the verification token.
pub(super) fn encode(event: &Event) -> Result<String, Error> {
    serde_json::to_string(event)
        .map_err(|_| Error::new(ErrorKind::Store, "an event cannot be written as JSON"))
}

/// Returns the event of a row, unless another version wrote it.
pub(super) fn decode(row: &Row) -> Option<Event> {
    serde_json::from_str(&row.event).ok()
}
