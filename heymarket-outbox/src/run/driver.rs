//! Decides what is done next, and receives its outcome.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::{Client, Error as ApiError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::health::Health;
use super::lane::{Lane, Next};
use super::list::ListSent;
use super::lookup::Looked;
use super::send::{Ended, Sender, Sent};
use super::stop::Stop;
use crate::counts::Counts;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Row, WaitCause};
use crate::state::{Reason, State};
use crate::store::{BatchState, Candidate, RunLock, StoredBatch};

/// How often the database is asked what others have changed.
const REFRESH: Duration = Duration::from_secs(1);

/// How often the inboxes are asked for their quiet hours.
const QUIET_CHECK: Duration = Duration::from_secs(5 * 60);

/// How long after a lookup that failed it is tried again.
const LOOKUP_RETRY: Duration = Duration::from_secs(30);

/// No request counts toward the limit for longer.
const LONGEST_COUNT: i64 = 101_000;

/// How often, and how far apart, a lock that is taken is tried again.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The shortest wait, so that a time that has just passed is no busy loop.
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) struct Driver {
    engine: Engine,
    client: Client,
    /// The batches to send; all if none is named.
    only: Vec<String>,
    events: mpsc::Sender<Result<Event, Error>>,
    stop: Arc<Stop>,
    lanes: BTreeMap<i64, Lane>,
    /// The key of the lane that had the last turn.
    turn: i64,
    lookups: VecDeque<Lookup>,
    tasks: JoinSet<Finished>,
    busy: HashSet<(i64, u64)>,
    health: Health,
    quiet: Quiet,
    refreshed: Option<Duration>,
    /// What ends the run once nothing is in flight.
    ending: Option<Error>,
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

/// Which inboxes are in their quiet hours.
#[derive(Default)]
struct Quiet {
    checked: Option<Duration>,
    inboxes: HashMap<i64, bool>,
}

struct Finished {
    batch: i64,
    candidate: Candidate,
    started: Duration,
    outcome: Outcome,
}

enum Outcome {
    Sent(Sent),
    Looked { looked: Looked, attempted: Duration },
    List { sent: ListSent, attempted: Duration },
}

/// What can be started now.
enum Step {
    Started,
    /// Nothing before so long.
    Wait(Duration),
    Nothing,
}

impl Driver {
    pub(super) fn new(
        engine: Engine,
        client: Client,
        only: Vec<String>,
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
            ending: None,
        }
    }

    pub(super) async fn run(mut self) {
        if let Err(error) = self.work().await {
            // A reader that left needs no error.
            let _ = self.events.send(Err(error)).await;
        }
    }

    async fn work(&mut self) -> Result<(), Error> {
        let _lock = self.lock().await?;
        self.engine.store.verify().await?;
        let batches = self.engine.store.batches().await?;
        for id in &self.only {
            if !batches.iter().any(|batch| batch.id == *id) {
                return Err(Error::no_batch(id));
            }
        }
        self.hold_rate_limit().await?;
        loop {
            if self.stop.is_set() || self.ending.is_some() {
                return self.drain().await;
            }
            self.refresh().await?;
            let wait = match self.start().await? {
                Step::Nothing if self.tasks.is_empty() => return self.finish().await,
                Step::Nothing | Step::Started => REFRESH,
                Step::Wait(wait) => wait.clamp(SHORTEST, REFRESH),
            };
            let sleep = self.engine.clock.sleep(wait);
            tokio::select! {
                Some(finished) = self.tasks.join_next() => self.hear(finished).await?,
                () = sleep => {}
                () = self.stop.wait() => {}
            }
            while let Some(finished) = self.tasks.try_join_next() {
                self.hear(finished).await?;
            }
        }
    }

    /// Takes the lock, which a run that was dropped in this process releases soon.
    async fn lock(&self) -> Result<RunLock, Error> {
        for _ in 0..LOCK_ATTEMPTS {
            match self.engine.store.lock().await {
                Err(error) if error.kind() == ErrorKind::InUse => {
                    tokio::time::sleep(LOCK_INTERVAL).await;
                }
                result => return result,
            }
        }
        self.engine.store.lock().await
    }

    /// Requests that a run made shortly before it ended still count.
    async fn hold_rate_limit(&self) -> Result<(), Error> {
        let now = self.engine.millis();
        let noted = self.engine.store.noted_requests(now).await?;
        // A clock that was set back makes them look newer than they are.
        let left = noted
            .into_iter()
            .map(|until| (until - now).clamp(0, LONGEST_COUNT));
        let left = left.map(|left| Duration::from_millis(left.unsigned_abs()));
        self.client.hold_rate_limit(left);
        Ok(())
    }

    /// Waits for what is in flight.
    async fn drain(&mut self) -> Result<(), Error> {
        while let Some(finished) = self.tasks.join_next().await {
            self.hear(finished).await?;
        }
        match self.ending.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    async fn finish(&mut self) -> Result<(), Error> {
        let keys: Vec<i64> = self.lanes.keys().copied().collect();
        for key in keys {
            self.finish_lane(key).await?;
        }
        match self.ending.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Tells that a batch is done.
    async fn finish_lane(&mut self, key: i64) -> Result<(), Error> {
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

    async fn tell(&mut self, event: Event) {
        if self.events.send(Ok(event)).await.is_err() {
            self.stop.now();
        }
    }

    fn elapsed(&self) -> Duration {
        self.engine.clock.elapsed()
    }

    /// Takes over what others changed in the database.
    async fn refresh(&mut self) -> Result<(), Error> {
        let elapsed = self.elapsed();
        let is_due = self
            .refreshed
            .is_none_or(|refreshed| elapsed.saturating_sub(refreshed) >= REFRESH);
        if !is_due {
            return Ok(());
        }
        self.refreshed = Some(elapsed);
        for batch in self.engine.store.batches().await? {
            if self.only.is_empty() || self.only.contains(&batch.id) {
                self.refresh_lane(batch, elapsed).await?;
            }
        }
        self.check_quiet_hours(elapsed).await;
        Ok(())
    }

    async fn refresh_lane(&mut self, batch: StoredBatch, elapsed: Duration) -> Result<(), Error> {
        let store = Arc::clone(&self.engine.store);
        let (key, state) = (batch.key, batch.state);
        let not_after = batch.settings.not_after;
        if !self.lanes.contains_key(&key) {
            self.add_lane(batch, elapsed).await?;
        } else if let Some(lane) = self.lanes.get_mut(&key) {
            lane.list = batch.list;
        }
        let now = self.engine.now();
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(());
        };
        if lane.state != state {
            lane.state = state;
            lane.clear();
        }
        lane.refresh(&*store).await?;
        let id = Arc::clone(&lane.id);
        if not_after.is_some_and(|end| now >= end) && state != BatchState::Cancelled {
            let end = (State::Expired, Reason::TooLate);
            let recipients = store
                .end_planned(key, None, end, now.as_millisecond())
                .await?;
            if recipients > 0 {
                lane.clear();
                lane.has_worked = true;
                let batch = id;
                self.tell(Event::Expired { batch, recipients }).await;
            }
        }
        Ok(())
    }

    /// Adds a batch. What a process before left without an outcome is looked for
    /// a whole settle time from now: when it left is known by a clock only that
    /// may have been set.
    async fn add_lane(&mut self, batch: StoredBatch, elapsed: Duration) -> Result<(), Error> {
        let sender = Sender {
            engine: self.engine.clone(),
            client: self.client.clone(),
            batch: batch.key,
            settings: batch.settings,
            salt: batch.salt,
            stop: Arc::clone(&self.stop),
        };
        let mut lane = Lane::new(&batch.id, batch.state, batch.list, sender);
        let mut open = self.engine.store.open_rows(batch.key).await?;
        if lane.list.is_some() {
            // They share one message.
            open.truncate(1);
        }
        lane.lookups = open.len();
        lane.has_worked = !open.is_empty();
        for candidate in open {
            let ending = lane
                .sender
                .ending(&candidate, State::Unknown, Some(Reason::Interrupted));
            if lane.list.is_none() {
                self.engine.store.end_attempt(ending).await?;
            }
            self.lookups.push_back(Lookup {
                batch: batch.key,
                candidate,
                attempted: elapsed,
                due: elapsed.saturating_add(self.engine.settle),
            });
        }
        self.lanes.insert(batch.key, lane);
        Ok(())
    }

    /// Asks whether the inboxes are in their quiet hours, which hold messages of
    /// the API. If it cannot be found out, messages are sent.
    async fn check_quiet_hours(&mut self, elapsed: Duration) {
        let is_due = self
            .quiet
            .checked
            .is_none_or(|checked| elapsed.saturating_sub(checked) >= QUIET_CHECK);
        if !is_due || self.lanes.is_empty() {
            return;
        }
        self.quiet.checked = Some(elapsed);
        let client = self
            .client
            .with_options(|options| options.background().max_retries(0));
        let _ = self
            .engine
            .store
            .note_requests(vec![self.engine.millis() + 60_100])
            .await;
        if let Ok(inboxes) = client.list_inboxes().await {
            let quiet = inboxes.iter().map(|inbox| {
                let is_quiet = inbox.is_quiet_hours == Some(true);
                (inbox.id, is_quiet)
            });
            self.quiet.inboxes = quiet.collect();
        }
    }

    /// Starts as much as may be in flight.
    async fn start(&mut self) -> Result<Step, Error> {
        loop {
            if self.tasks.len() >= self.engine.concurrency {
                return Ok(Step::Started);
            }
            match self.step().await? {
                Step::Started => {}
                step => return Ok(step),
            }
        }
    }

    /// Starts one thing: a lookup that is due, or a message of the next batch.
    async fn step(&mut self) -> Result<Step, Error> {
        let elapsed = self.elapsed();
        let pause = self.health.wait(elapsed);
        if !pause.is_zero() {
            return Ok(Step::Wait(pause));
        }
        if self.health.is_in_doubt() && !self.tasks.is_empty() {
            return Ok(Step::Wait(REFRESH));
        }
        let mut wait = match self.start_lookup(elapsed) {
            Step::Wait(wait) => Some(wait),
            Step::Nothing => None,
            Step::Started => return Ok(Step::Started),
        };
        let keys: Vec<i64> = self.lanes.keys().copied().collect();
        let after = keys.partition_point(|key| *key <= self.turn);
        for key in keys[after..].iter().chain(&keys[..after]) {
            match self.start_message(*key).await? {
                Step::Started => {
                    self.turn = *key;
                    return Ok(Step::Started);
                }
                Step::Wait(lane) => wait = Some(wait.map_or(lane, |wait| wait.min(lane))),
                Step::Nothing => {}
            }
        }
        Ok(wait.map_or(Step::Nothing, Step::Wait))
    }

    fn start_lookup(&mut self, elapsed: Duration) -> Step {
        let due = self.lookups.iter().map(|lookup| lookup.due).min();
        let Some(due) = due else {
            return Step::Nothing;
        };
        let index = self.lookups.iter().position(|lookup| lookup.due <= elapsed);
        let Some(lookup) = index.and_then(|index| self.lookups.remove(index)) else {
            return Step::Wait(due.saturating_sub(elapsed));
        };
        let Some(lane) = self.lanes.get_mut(&lookup.batch) else {
            return Step::Started;
        };
        lane.in_flight += 1;
        lane.lookups -= 1;
        let sender = Arc::clone(&lane.sender);
        let is_cancelled = lane.state == BatchState::Cancelled;
        let list = lane.list.clone();
        let age = elapsed.saturating_sub(lookup.attempted);
        self.tasks.spawn(async move {
            let Lookup {
                batch,
                candidate,
                attempted,
                ..
            } = lookup;
            let outcome = match list {
                Some(list) => Outcome::List {
                    sent: sender.look_up_list(&list, age, is_cancelled).await,
                    attempted,
                },
                None => Outcome::Looked {
                    looked: sender.look_up(&candidate, age, is_cancelled).await,
                    attempted,
                },
            };
            Finished {
                batch,
                candidate,
                started: elapsed,
                outcome,
            }
        });
        Step::Started
    }

    async fn start_message(&mut self, key: i64) -> Result<Step, Error> {
        let store = Arc::clone(&self.engine.store);
        let now = self.engine.now();
        let quiet_until = self.quiet_until(key, now);
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(Step::Nothing);
        };
        if !lane.has_room() {
            return Ok(Step::Nothing);
        }
        let next = lane.next(&*store, now, &self.busy).await?;
        match (next, quiet_until) {
            (Next::Recipient(candidate, _), Some(until)) => {
                lane.put_back(candidate);
                Ok(self.wait(key, WaitCause::QuietHours, until, now).await)
            }
            (Next::Recipient(candidate, zone), None) => {
                lane.told = None;
                lane.has_worked = true;
                lane.in_flight += 1;
                let sender = Arc::clone(&lane.sender);
                let list = lane.list.clone();
                let started = self.engine.clock.elapsed();
                self.busy.insert((key, candidate.position));
                self.tasks.spawn(async move {
                    let outcome = match list {
                        Some(list) => Outcome::List {
                            sent: sender.send_list(list, zone).await,
                            attempted: started,
                        },
                        None => Outcome::Sent(sender.send(&candidate, zone).await),
                    };
                    Finished {
                        batch: key,
                        candidate,
                        started,
                        outcome,
                    }
                });
                Ok(Step::Started)
            }
            (Next::Wait(cause, until), _) => Ok(self.wait(key, cause, until, now).await),
            (Next::NoWindow(recipients), _) => {
                lane.has_worked = true;
                let batch = Arc::clone(&lane.id);
                self.tell(Event::Expired { batch, recipients }).await;
                Ok(Step::Started)
            }
            (Next::Nothing, _) if lane.is_idle() => {
                self.finish_lane(key).await?;
                Ok(Step::Nothing)
            }
            (Next::Nothing, _) => {
                self.tell_of_lookups(key, now).await;
                Ok(Step::Nothing)
            }
        }
    }

    fn quiet_until(&self, key: i64, now: Timestamp) -> Option<Timestamp> {
        let inbox = self.lanes.get(&key)?.sender.settings.inbox;
        let is_quiet = self.quiet.inboxes.get(&inbox).copied().unwrap_or(false);
        if !is_quiet {
            return None;
        }
        let since = self.elapsed().saturating_sub(self.quiet.checked?);
        let left = SignedDuration::try_from(QUIET_CHECK.saturating_sub(since)).ok()?;
        now.saturating_add(left).ok()
    }

    /// Says that only lookups are left.
    async fn tell_of_lookups(&mut self, key: i64, now: Timestamp) {
        let elapsed = self.elapsed();
        let lookups = self.lookups.iter().filter(|lookup| lookup.batch == key);
        let due = lookups.map(|lookup| lookup.due).min();
        let only_lookups = self.lanes.get(&key).is_some_and(|lane| lane.in_flight == 0);
        if let Some(due) = due.filter(|_| only_lookups) {
            let left = SignedDuration::try_from(due.saturating_sub(elapsed));
            let until = now.saturating_add(left.unwrap_or_default()).unwrap_or(now);
            self.wait(key, WaitCause::Lookups, until, now).await;
        }
    }

    /// Tells of a wait, once.
    async fn wait(&mut self, key: i64, cause: WaitCause, until: Timestamp, now: Timestamp) -> Step {
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

    async fn hear(
        &mut self,
        finished: Result<Finished, tokio::task::JoinError>,
    ) -> Result<(), Error> {
        let finished = match finished {
            Ok(finished) => finished,
            Err(error) => {
                let problem = "a task of the run failed; run it again";
                return Err(Error::new(ErrorKind::Stopped, problem).with_source(error));
            }
        };
        let Finished {
            batch,
            candidate,
            started,
            outcome,
        } = finished;
        self.busy.remove(&(batch, candidate.position));
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.in_flight -= 1;
        }
        match outcome {
            Outcome::Sent(Sent::Ended(ended)) => {
                self.ended(batch, candidate, started, ended).await?
            }
            // Another caller changed the batch, or its window closed.
            Outcome::Sent(Sent::Held | Sent::Gone) => self.refreshed = None,
            Outcome::Sent(Sent::PlannedAgain(failure)) => {
                self.not_sent(batch, candidate, started, failure).await;
            }
            Outcome::Sent(Sent::Failed(error)) => self.end_with(error),
            Outcome::Looked { looked, attempted } => {
                self.looked(batch, candidate, started, looked, attempted)
                    .await;
            }
            Outcome::List { sent, attempted } => {
                self.list_sent(batch, candidate, started, sent, attempted)
                    .await;
            }
        }
        Ok(())
    }

    fn end_with(&mut self, error: Error) {
        self.ending.get_or_insert(error);
    }

    fn row(&self, batch: i64, candidate: &Candidate, ended: &Ended) -> Row {
        let id = self.lanes.get(&batch).map(|lane| Arc::clone(&lane.id));
        Row {
            batch: id.unwrap_or_else(|| Arc::from("")),
            line: candidate.line,
            reason: ended.reason,
            detail: ended.detail.clone(),
            message_id: ended.message,
        }
    }

    async fn ended(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        ended: Ended,
    ) -> Result<(), Error> {
        let row = self.row(batch, &candidate, &ended);
        match ended.state {
            State::Sent => {
                self.health.succeeded();
                if let Some(lane) = self.lanes.get_mut(&batch) {
                    lane.accepted();
                }
                self.tell(Event::Sent(row)).await;
            }
            State::Unknown => {
                self.tell(Event::Unknown(row)).await;
                self.look_up_later(batch, candidate);
                if let Some(failure) = ended.failure {
                    self.failed(started, failure).await;
                }
            }
            State::NeedsReview => self.tell(Event::NeedsReview(row)).await,
            _ => {
                let is_of_api = ended.failure.is_some();
                let is_of_recipient =
                    matches!(ended.reason, Some(Reason::OptedOut | Reason::Blocked));
                if is_of_api {
                    self.health.succeeded();
                }
                let problem = row.detail.clone().unwrap_or_default();
                self.tell(Event::Refused(row)).await;
                if is_of_api && !is_of_recipient {
                    self.refused(batch, problem).await?;
                }
            }
        }
        Ok(())
    }

    /// A batch of which nothing is accepted is paused.
    async fn refused(&mut self, batch: i64, problem: String) -> Result<(), Error> {
        let Some(lane) = self.lanes.get_mut(&batch) else {
            return Ok(());
        };
        if !lane.refused() {
            return Ok(());
        }
        lane.state = BatchState::Paused;
        lane.clear();
        let id = Arc::clone(&lane.id);
        let now = self.engine.millis();
        let store = Arc::clone(&self.engine.store);
        store
            .set_batch_state(batch, BatchState::Paused, now)
            .await?;
        self.tell(Event::Stopped { batch: id, problem }).await;
        Ok(())
    }

    /// Looks for a message whose request left at some moment until now.
    fn look_up_later(&mut self, batch: i64, candidate: Candidate) {
        let now = self.elapsed();
        let due = now.saturating_add(self.engine.settle);
        self.look_up_at(batch, candidate, now, due);
    }

    fn look_up_at(&mut self, batch: i64, candidate: Candidate, attempted: Duration, due: Duration) {
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

    /// Nothing was sent: the key, the limit or the network.
    async fn not_sent(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        failure: ApiError,
    ) {
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.put_back(candidate);
        }
        if failure.is_unauthorized() {
            let problem = "the API does not accept the credentials; the rest is still planned";
            self.end_with(Error::new(ErrorKind::Stopped, problem).with_source(failure));
        } else if !failure.is_rate_limited() {
            self.failed(started, failure).await;
        }
    }

    /// A failure that is not a recipient's.
    async fn failed(&mut self, started: Duration, failure: ApiError) {
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

    async fn looked(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        looked: Looked,
        attempted: Duration,
    ) {
        let due = match looked {
            Looked::Ended(ended) => {
                let row = self.row(batch, &candidate, &ended);
                let event = match ended.state {
                    State::Sent => Event::Sent(row),
                    State::Planned => Event::Resending(row),
                    _ => Event::NeedsReview(row),
                };
                if ended.state == State::Planned
                    && let Some(lane) = self.lanes.get_mut(&batch)
                {
                    lane.put_back(candidate);
                }
                return self.tell(event).await;
            }
            Looked::Later(after) => attempted.saturating_add(after),
            Looked::Failed(failure) => {
                let due = self.elapsed().saturating_add(LOOKUP_RETRY);
                self.lookup_failed(started, failure).await;
                due
            }
            Looked::NotWritten(error) => return self.end_with(error),
        };
        self.look_up_at(batch, candidate, attempted, due);
    }

    async fn lookup_failed(&mut self, started: Duration, failure: ApiError) {
        if failure.is_unauthorized() {
            let problem = "the API does not accept the credentials; the rest is still planned";
            self.end_with(Error::new(ErrorKind::Stopped, problem).with_source(failure));
        } else {
            self.failed(started, failure).await;
        }
    }

    async fn list_sent(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        sent: ListSent,
        attempted: Duration,
    ) {
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.clear();
        }
        match sent {
            ListSent::Ended(ended) => {
                self.health.succeeded();
                let row = self.row(batch, &candidate, &ended);
                let event = match ended.state {
                    State::Sent => Event::Sent(row),
                    State::Planned => Event::Resending(row),
                    State::NeedsReview => Event::NeedsReview(row),
                    _ => Event::Refused(row),
                };
                self.tell(event).await;
            }
            ListSent::Unknown(ended) => {
                let row = self.row(batch, &candidate, &ended);
                self.tell(Event::Unknown(row)).await;
                self.look_up_later(batch, candidate);
                if let Some(failure) = ended.failure {
                    self.failed(started, failure).await;
                }
            }
            ListSent::Later(after) => {
                let due = attempted.saturating_add(after);
                self.look_up_at(batch, candidate, attempted, due);
            }
            ListSent::Held => {}
            ListSent::NotSent(failure) => {
                self.not_sent(batch, candidate, started, failure).await;
            }
            ListSent::LookupFailed(failure) => {
                self.look_up_later(batch, candidate);
                self.lookup_failed(started, failure).await;
            }
            ListSent::Failed(error) => self.end_with(error),
        }
    }
}
