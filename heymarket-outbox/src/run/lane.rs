//! A batch within a run: what of it comes next.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::sender::Sender;
use crate::error::{Error, ErrorKind};
use crate::event::WaitCause;
use crate::state::{Reason, State};
use crate::store::{BatchState, Candidate, ListSend, Store};
use crate::window::Opening;
use crate::zones;

/// How many recipients are fetched at once.
const FETCHED: usize = 500;

/// This many refusals before the first acceptance stop a batch.
const MOST_REFUSALS: u32 = 10;

pub(super) struct Lane {
    pub(super) key: i64,
    pub(super) id: Arc<str>,
    pub(super) state: BatchState,
    pub(super) sender: Arc<Sender>,
    pub(super) list: Option<ListSend>,
    queues: Vec<Queue>,
    turn: usize,
    /// How many requests of it are in flight.
    pub(super) in_flight: usize,
    /// How many lookups are waited for.
    pub(super) lookups: usize,
    /// Refusals since the start or the last message that was accepted.
    refusals: u32,
    /// Whether a message was accepted, so that several may be sent at once.
    is_proven: bool,
    /// Whether a cancelled batch has nothing that was planned again after it.
    pub(super) is_swept: bool,
    /// Whether anything happened to it in this run.
    pub(super) has_worked: bool,
    pub(super) is_finished: bool,
    /// The wait that was reported last.
    pub(super) told: Option<(WaitCause, Timestamp)>,
}

/// What is planned for one zone.
struct Queue {
    number: i64,
    name: String,
    /// Absent in a batch without a window, and if this machine does not know it.
    zone: Option<TimeZone>,
    waiting: VecDeque<Candidate>,
    /// The position after which nothing was fetched yet.
    after: u64,
    /// Whether there was nothing more at the last look.
    is_empty: bool,
}

/// What a lane has to send.
pub(super) enum Next {
    Recipient(Candidate, Option<TimeZone>),
    /// Nothing before then.
    Wait(WaitCause, Timestamp),
    Nothing,
    /// Recipients of a zone whose window opens no more.
    NoWindow(u64),
}

impl Lane {
    pub(super) fn new(id: &str, state: BatchState, list: Option<ListSend>, sender: Sender) -> Self {
        Self {
            key: sender.batch,
            id: id.into(),
            state,
            sender: Arc::new(sender),
            list,
            queues: Vec::new(),
            turn: 0,
            in_flight: 0,
            lookups: 0,
            refusals: 0,
            is_proven: false,
            is_swept: false,
            has_worked: false,
            is_finished: false,
            told: None,
        }
    }

    /// Looks again at what is planned: it may have changed in the database.
    pub(super) async fn refresh(&mut self, store: &dyn Store) -> Result<(), Error> {
        for queue in &mut self.queues {
            queue.is_empty = false;
        }
        if self.queues.is_empty() {
            self.queues = self.zones(store).await?;
        }
        Ok(())
    }

    /// Returns an empty queue for each zone, or one for all recipients of a batch
    /// without a window.
    async fn zones(&self, store: &dyn Store) -> Result<Vec<Queue>, Error> {
        if self.sender.settings.window.is_none() {
            return Ok(vec![Queue::new(0, String::new())]);
        }
        let zones = store.zones(self.key).await?.into_iter();
        Ok(zones
            .map(|(number, name)| Queue::new(number, name))
            .collect())
    }

    /// Whether one more request may be in flight.
    pub(super) fn has_room(&self) -> bool {
        self.state == BatchState::Ready && (self.is_proven || self.in_flight == 0)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.lookups == 0
    }

    /// What comes next, of each zone in turn. `busy` are the recipients in
    /// flight, which may still be planned in the database.
    pub(super) async fn next(
        &mut self,
        store: &dyn Store,
        now: Timestamp,
        busy: &HashSet<(i64, u64)>,
    ) -> Result<Next, Error> {
        let settings = &self.sender.settings;
        if let Some(from) = settings.not_before
            && now < from
        {
            return Ok(Next::Wait(WaitCause::NotBefore, from));
        }
        let mut soonest: Option<Timestamp> = None;
        for _ in 0..self.queues.len() {
            let index = self.turn % self.queues.len();
            self.turn = index + 1;
            let queue = &mut self.queues[index];
            queue.fill(store, self.key, busy).await?;
            if queue.waiting.is_empty() {
                continue;
            }
            let opening = match (&settings.window, &queue.zone) {
                (Some(window), Some(zone)) => window.opening(now, zone),
                // Planned by a machine with newer data: its hours are not known here.
                (Some(_), None) => return Err(unknown_zone(&self.id, &queue.name)),
                (None, _) => Opening::Open,
            };
            match opening {
                Opening::Open => {
                    if let Some(candidate) = queue.waiting.pop_front() {
                        return Ok(Next::Recipient(candidate, queue.zone.clone()));
                    }
                }
                Opening::At(opens) => {
                    soonest = Some(soonest.map_or(opens, |soonest| soonest.min(opens)));
                }
                Opening::Never => {
                    let end = (State::Expired, Reason::NoWindow);
                    let ended = store
                        .end_planned(self.key, Some(queue.number), end, now.as_millisecond())
                        .await?;
                    queue.waiting.clear();
                    return Ok(Next::NoWindow(ended));
                }
            }
        }
        Ok(soonest.map_or(Next::Nothing, |opens| Next::Wait(WaitCause::Window, opens)))
    }

    /// A recipient that was not texted goes first the next time.
    pub(super) fn put_back(&mut self, candidate: Candidate) {
        let mut queues = self.queues.iter_mut();
        if let Some(queue) = queues.find(|queue| queue.number == candidate.zone) {
            queue.waiting.push_front(candidate);
        }
    }

    /// Forgets what was fetched, for a batch that is not sent any more.
    pub(super) fn clear(&mut self) {
        for queue in &mut self.queues {
            queue.waiting.clear();
            queue.after = 0;
            queue.is_empty = false;
        }
    }

    pub(super) fn accepted(&mut self) {
        self.is_proven = true;
        self.refusals = 0;
    }

    /// Counts a refusal of the API. Returns whether the batch is to stop.
    pub(super) fn refused(&mut self) -> bool {
        self.refusals += 1;
        !self.is_proven && self.refusals >= MOST_REFUSALS
    }
}

impl Queue {
    fn new(number: i64, name: String) -> Self {
        Self {
            number,
            zone: zones::named(&name),
            name,
            waiting: VecDeque::new(),
            after: 0,
            is_empty: false,
        }
    }

    /// Fetches more, if there may be more.
    async fn fill(
        &mut self,
        store: &dyn Store,
        batch: i64,
        busy: &HashSet<(i64, u64)>,
    ) -> Result<(), Error> {
        let mut has_wrapped = self.after == 0;
        while self.waiting.is_empty() && !self.is_empty {
            let fetched = store.next(batch, self.number, self.after, FETCHED).await?;
            match fetched.last() {
                Some(last) => self.after = last.position,
                // What was held, or is planned again, lies before.
                None => {
                    self.after = 0;
                    self.is_empty = has_wrapped;
                    has_wrapped = true;
                }
            }
            let is_free = |candidate: &Candidate| !busy.contains(&(batch, candidate.position));
            self.waiting.extend(fetched.into_iter().filter(is_free));
        }
        Ok(())
    }
}

fn unknown_zone(batch: &str, zone: &str) -> Error {
    Error::new(
        ErrorKind::Database,
        format!(
            "batch {batch:?} has recipients in the time zone {zone:?}, which this machine does not \
             know; they are still planned; update the time zone data"
        ),
    )
}
