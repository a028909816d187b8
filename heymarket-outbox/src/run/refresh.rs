//! Takes over what others changed in the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::lane::Lane;
use super::progress::{Finished, Lookup, Progress, task_failed};
use super::quiet;
use super::sender::Sender;
use crate::error::Error;
use crate::event::Event;
use crate::state::{Reason, State};
use crate::store::{BatchState, Ending, StoredBatch};

/// How often the database is asked what others have changed.
pub(super) const REFRESH: Duration = Duration::from_secs(1);

/// How often the time of the ledger is asked for.
const CLOCK_CHECK: Duration = Duration::from_secs(30);

impl Progress {
    /// Takes over what others changed in the database.
    pub(super) async fn refresh(&mut self) -> Result<(), Error> {
        let elapsed = self.elapsed();
        let is_due = self
            .refreshed
            .is_none_or(|refreshed| elapsed.saturating_sub(refreshed) >= REFRESH);
        if !is_due {
            return Ok(());
        }
        self.refreshed = Some(elapsed);
        self.set_clock(elapsed).await?;
        self.survey = self.engine.store.survey().await?;
        for batch in self.engine.store.batches().await? {
            if self.only.is_empty() || self.only.contains(&batch.id) {
                self.refresh_lane(batch, elapsed).await?;
            }
        }
        if !self.lanes.is_empty() && self.quiet.begin_check(elapsed) {
            self.ask_for_quiet_hours();
        }
        Ok(())
    }

    async fn set_clock(&mut self, elapsed: Duration) -> Result<(), Error> {
        let is_due = self
            .clock_set
            .is_none_or(|set| elapsed.saturating_sub(set) >= CLOCK_CHECK);
        if is_due {
            self.clock_set = Some(elapsed);
            self.engine.set_clock().await?;
        }
        Ok(())
    }

    /// Whether a run that has nothing to do waits for more: it is to stay, or
    /// other workers have recipients that it would take over if they died.
    pub(super) fn is_awaited(&self) -> bool {
        let has_others = self.survey.as_ref().is_some_and(|survey| {
            self.lanes.values().any(|lane| {
                let is_planned = survey.planned.contains(&lane.key);
                survey.open.contains(&lane.key) || (is_planned && lane.state == BatchState::Ready)
            })
        });
        self.stays || has_others
    }

    async fn refresh_lane(&mut self, batch: StoredBatch, elapsed: Duration) -> Result<(), Error> {
        let store = Arc::clone(&self.engine.store);
        let (key, state) = (batch.key, batch.state);
        let not_after = batch.settings.not_after;
        let survey = self.survey.as_ref();
        let may_be_planned = survey.is_none_or(|survey| survey.planned.contains(&key));
        let is_orphaned = survey.is_some_and(|survey| survey.orphaned.contains(&key));
        match self.lanes.get_mut(&key) {
            None => self.add_lane(batch, elapsed).await?,
            Some(lane) => {
                lane.list = batch.list;
                if is_orphaned {
                    self.look_up_open(key, elapsed).await?;
                }
            }
        }
        let now = self.engine.now();
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(());
        };
        if lane.state != state {
            lane.state = state;
            lane.clear();
        }
        if state == BatchState::Cancelled && lane.is_idle() && !lane.is_swept {
            // What was in flight when it was cancelled may have been planned again.
            lane.is_swept = true;
            let end = (State::Cancelled, Reason::Cancelled);
            store
                .end_planned(key, None, end, now.as_millisecond())
                .await?;
        }
        if may_be_planned {
            lane.refresh(&*store).await?;
        }
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

    /// Adds a batch.
    async fn add_lane(&mut self, batch: StoredBatch, elapsed: Duration) -> Result<(), Error> {
        let sender = Sender {
            engine: self.engine.clone(),
            client: self.client.clone(),
            batch: batch.key,
            settings: batch.settings,
            salt: batch.salt,
            stop: Arc::clone(&self.stop),
        };
        let lane = Lane::new(&batch.id, batch.state, batch.list, sender);
        self.lanes.insert(batch.key, lane);
        self.look_up_open(batch.key, elapsed).await
    }

    /// What another process left without an outcome is looked for a whole settle
    /// time from now: when it left is known by a clock only that may have been set.
    async fn look_up_open(&mut self, key: i64, elapsed: Duration) -> Result<(), Error> {
        let mut open = self.engine.store.open_rows(key).await?;
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(());
        };
        // What this run is sending or looking for may come back to it, if its lease ended and the
        // worker that took it over died. Two lookups of one recipient could have it sent twice.
        let looked_for = self
            .lookups
            .iter()
            .map(|lookup| (lookup.batch, lookup.candidate.position));
        let busy = self.busy.iter().copied().chain(looked_for);
        let busy: HashSet<u64> = busy
            .filter(|(batch, _)| *batch == key)
            .map(|(_, position)| position)
            .collect();
        open.retain(|candidate| !busy.contains(&candidate.position));
        if lane.list.is_some() {
            // They share one message.
            open.truncate(usize::from(busy.is_empty()));
        }
        lane.lookups += open.len();
        lane.has_worked |= !open.is_empty();
        if lane.list.is_none() {
            let sender = Arc::clone(&lane.sender);
            let endings = open.iter().map(|candidate| {
                sender.ending(candidate, State::Unknown, Some(Reason::Interrupted))
            });
            let endings = endings.collect();
            self.end_together(endings).await?;
        }
        for candidate in open {
            self.lookups.push_back(Lookup {
                batch: key,
                candidate,
                attempted: elapsed,
                due: elapsed.saturating_add(self.engine.settle),
            });
        }
        Ok(())
    }

    /// Writes several ends down at once, which the storage may flush together.
    async fn end_together(&self, endings: Vec<Ending>) -> Result<(), Error> {
        let mut writing = JoinSet::new();
        for ending in endings {
            let store = Arc::clone(&self.engine.store);
            writing.spawn(async move { store.end_attempt(ending).await });
        }
        while let Some(written) = writing.join_next().await {
            written.map_err(task_failed)??;
        }
        Ok(())
    }

    /// In a task: the request waits for the rate limit, and messages go on
    /// meanwhile.
    fn ask_for_quiet_hours(&mut self) {
        let (engine, client) = (self.engine.clone(), self.client.clone());
        let stop = Arc::clone(&self.stop);
        let asking = async move { Finished::Quiet(quiet::ask(engine, client, &stop).await) };
        self.tasks.spawn(asking);
    }
}
