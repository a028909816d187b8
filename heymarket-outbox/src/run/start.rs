//! Starts what can be started: lookups that are due, then messages.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::lane::Next;
use super::progress::{Finished, Lookup, Outcome, Progress, Step};
use super::refresh::REFRESH;
use crate::error::Error;
use crate::event::{Event, WaitCause};
use crate::store::BatchState;

impl Progress {
    /// Starts as much as may be in flight.
    pub(super) async fn start(&mut self) -> Result<Step, Error> {
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
        if !self.quiet.is_known && !self.lanes.is_empty() {
            return Ok(Step::Wait(REFRESH));
        }
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
        self.busy.insert((lookup.batch, lookup.candidate.position));
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
            Finished::Recipient {
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
        let Some(lane) = self.lanes.get_mut(&key) else {
            return Ok(Step::Nothing);
        };
        if !lane.has_room() {
            return Ok(Step::Nothing);
        }
        let (inbox, elapsed) = (lane.sender.settings.inbox, self.engine.clock.elapsed());
        let quiet_until = self.quiet.until(inbox, elapsed, now);
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
                    Finished::Recipient {
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
}
