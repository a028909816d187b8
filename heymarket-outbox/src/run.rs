//! A run: what is planned is sent, and what is unknown is looked for.

mod approval;
mod attempted;
mod driver;
mod ended;
mod health;
mod lane;
mod list;
mod lookup;
mod noted;
mod outcome;
mod progress;
mod quiet;
mod refresh;
mod send;
mod sender;
mod start;
mod stop;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use heymarket_api::Client;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::engine::Engine;
use crate::error::Error;
use crate::event::Event;
use progress::Progress;
use stop::Stop;

/// How many events wait for their reader.
const EVENTS: usize = 64;

/// A run of an [`Outbox`](crate::Outbox): a [`Stream`] of events, or
/// [`next`](Self::next) without one. It ends when nothing more is to be done.
///
/// It runs as a task of its own, which waits when 64 events are unread. Dropping
/// it ends the task: requests in flight are dropped, and the next run looks for
/// their messages. [`stop`](Self::stop) lets them end.
#[must_use = "dropping a run ends it"]
pub struct Run {
    events: mpsc::Receiver<Result<Event, Error>>,
    stop: Arc<Stop>,
    task: AbortHandle,
}

impl Run {
    /// Starts a run, of some batches or all, which ends with the last of them or
    /// stays.
    pub(crate) fn start(engine: Engine, client: &Client, only: Vec<String>, stays: bool) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let stop = Arc::new(Stop::default());
        let progress = Progress::new(
            engine,
            client.clone(),
            only,
            stays,
            sender,
            Arc::clone(&stop),
        );
        let task = tokio::spawn(progress.run()).abort_handle();
        Self { events, stop, task }
    }

    /// Returns the next event; `None` at the end, and after an error.
    ///
    /// # Errors
    ///
    /// Yields an error when the database fails, is in use by another run or the
    /// API refuses everything. The ledger is then as it was written last.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        self.events.recv().await
    }

    /// Ends the run once the requests in flight are answered. What waits for the
    /// rate limit is not sent.
    pub fn stop(&self) {
        self.stop.now();
    }

    /// Returns what ends the run from elsewhere, such as a signal handler.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let stop = Arc::clone(&self.stop);
        move || stop.now()
    }
}

impl Stream for Run {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(context)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}
