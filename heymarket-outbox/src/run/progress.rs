//! How far a run is: its batches, what is looked for, and whether the API works.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::{Client, Error as ApiError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::health::Health;
use super::lane::Lane;
use super::list::ListSent;
use super::lookup::Looked;
use super::quiet::{Inboxes, Quiet};
use super::send::Sent;
use super::stop::Stop;
use crate::counts::Counts;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, WaitCause};
use crate::store::{BatchState, Candidate, Survey};

pub(super) struct Progress {
    pub(super) engine: Engine,
    pub(super) client: Client,
    /// The batches to send; all if none is named.
    pub(super) only: Vec<String>,
    events: mpsc::Sender<Result<Event, Error>>,
    pub(super) stop: Arc<Stop>,
    pub(super) lanes: BTreeMap<i64, Lane>,
    /// The key of the lane that had the last turn.
    pub(super) turn: i64,
    pub(super) lookups: VecDeque<Lookup>,
    pub(super) tasks: JoinSet<Finished>,
    pub(super) busy: HashSet<(i64, u64)>,
    pub(super) health: Health,
    pub(super) quiet: Quiet,
    pub(super) refreshed: Option<Duration>,
    pub(super) clock_set: Option<Duration>,
    /// What other workers leave to do.
    pub(super) survey: Option<Survey>,
    /// Whether it goes on when nothing is to be done.
    pub(super) stays: bool,
    /// What ends the run once nothing is in flight.
    pub(super) ending: Option<Error>,
}

/// A message to look for.
pub(super) struct Lookup {
    pub(super) batch: i64,
    pub(super) candidate: Candidate,
    /// When it was attempted, or found at the start, by the monotonic clock: a
    /// clock of the day that is set shortens no wait.
    pub(super) attempted: Duration,
    pub(super) due: Duration,
}

/// What a task has come to.
pub(super) enum Finished {
    Recipient {
        batch: i64,
        candidate: Candidate,
        started: Duration,
        outcome: Outcome,
    },
    /// The inboxes that are in their quiet hours, if they could be asked.
    Quiet(Option<Inboxes>),
}

pub(super) enum Outcome {
    Sent(Sent),
    Looked { looked: Looked, attempted: Duration },
    List { sent: ListSent, attempted: Duration },
}

/// What can be started now.
pub(super) enum Step {
    Started,
    /// Nothing before this has passed.
    Wait(Duration),
    Nothing,
}

/// The error of a task that panicked or was aborted.
pub(super) fn task_failed(error: tokio::task::JoinError) -> Error {
    let problem = "a task of the run failed; run it again";
    Error::new(ErrorKind::Stopped, problem).with_source(error)
}

impl Progress {
    pub(super) fn new(
        engine: Engine,
        client: Client,
        only: Vec<String>,
        stays: bool,
        events: mpsc::Sender<Result<Event, Error>>,
        stop: Arc<Stop>,
    ) -> Self {
        Self {
            engine,
            client,
            only,
            events,
            stop,
            lanes: BTreeMap::new(),
            turn: 0,
            lookups: VecDeque::new(),
            tasks: JoinSet::new(),
            busy: HashSet::new(),
            health: Health::default(),
            quiet: Quiet::default(),
            refreshed: None,
            clock_set: None,
            survey: None,
            stays,
            ending: None,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.engine.clock.elapsed()
    }

    pub(super) async fn tell(&self, event: Event) {
        if self.events.send(Ok(event)).await.is_err() {
            self.stop.now();
        }
    }

    /// Tells the error that ended the run.
    pub(super) async fn fail(&self, error: Error) {
        // A reader that left needs no error.
        let _ = self.events.send(Err(error)).await;
    }

    pub(super) fn end_with(&mut self, error: Error) {
        self.ending.get_or_insert(error);
    }

    /// Tells of a wait, once.
    pub(super) async fn wait(
        &mut self,
        key: i64,
        cause: WaitCause,
        until: Timestamp,
        now: Timestamp,
    ) -> Step {
        let left = until.duration_since(now).max(SignedDuration::ZERO);
        let left = Duration::try_from(left).unwrap_or_default();
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Step::Nothing;
        };
        let is_told = lane.told.is_some_and(|(told, time)| {
            // The end of a settle time is not known to the millisecond.
            told == cause && until.duration_since(time).abs() < SignedDuration::from_secs(2)
        });
        if !is_told {
            lane.told = Some((cause, until));
            let batch = Arc::clone(&lane.id);
            self.tell(Event::Waiting {
                batch,
                until,
                cause,
            })
            .await;
        }
        Step::Wait(left)
    }

    /// Looks for a message whose request left at some moment until now.
    pub(super) fn look_up_later(&mut self, batch: i64, candidate: Candidate) {
        let now = self.elapsed();
        let due = now.saturating_add(self.engine.settle);
        self.look_up_at(batch, candidate, now, due);
    }

    pub(super) fn look_up_at(
        &mut self,
        batch: i64,
        candidate: Candidate,
        attempted: Duration,
        due: Duration,
    ) {
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.lookups += 1;
        }
        self.lookups.push_back(Lookup {
            batch,
            candidate,
            attempted,
            due,
        });
    }

    /// A failure that is not a recipient's.
    pub(super) async fn failed(&mut self, started: Duration, failure: ApiError) {
        let now = self.elapsed();
        let stops = self.health.failed(started, now);
        if stops {
            let problem = "the API does not work; the rest is still planned";
            self.end_with(Error::new(ErrorKind::Stopped, problem).with_source(failure));
        } else if !self.health.wait(now).is_zero() {
            let problem = failure.to_string();
            self.tell(Event::BackingOff { problem }).await;
        }
    }

    /// Tells that a batch is done.
    pub(super) async fn finish_lane(&mut self, key: i64) -> Result<(), Error> {
        let is_named = !self.only.is_empty();
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(());
        };
        if lane.is_finished || lane.state != BatchState::Ready || !(lane.has_worked || is_named) {
            return Ok(());
        }
        lane.is_finished = true;
        let batch = Arc::clone(&lane.id);
        let counts = Counts::new(self.engine.store.counts(key).await?);
        self.tell(Event::Finished { batch, counts }).await;
        Ok(())
    }
}
