//! Makes up for what was missed while nothing could be received.

use std::time::Duration;

use heymarket_api::webhook::{Claim, Deduplicator, Event};
use heymarket_api::{Client, Error};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Incoming;
use crate::output::Terminal;

const TICK: Duration = Duration::from_secs(1);
/// A tick that is later than this was slept through.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// What was on its way when the machine fell asleep is asked for as well.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// After waking up, the network may be a while in coming.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Sees that time has passed in which this program did not run.
///
/// The time of day goes on while a machine sleeps, where the monotonic clock
/// may stand still; that clock goes on while a process is stopped, and when the
/// time of day is set back.
struct Watch {
    wall: Timestamp,
    monotonic: Instant,
}

/// A watch that looks once a second.
pub(super) struct Ticks {
    watch: Watch,
    interval: Interval,
}

impl Ticks {
    pub(super) fn start() -> Self {
        let mut interval = interval(TICK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            watch: Watch::start(),
            interval,
        }
    }

    /// Waits until something was missed, and gives since when. It may be dropped
    /// and called again at any time.
    pub(super) async fn missed(&mut self) -> Timestamp {
        loop {
            self.interval.tick().await;
            if let Some(since) = self.watch.tick(Timestamp::now(), Instant::now()) {
                return since;
            }
        }
    }
}

impl Watch {
    fn start() -> Self {
        Self {
            wall: Timestamp::now(),
            monotonic: Instant::now(),
        }
    }

    fn tick(&mut self, wall: Timestamp, monotonic: Instant) -> Option<Timestamp> {
        let by_wall = wall.duration_since(self.wall);
        let by_monotonic = monotonic.saturating_duration_since(self.monotonic);
        let by_monotonic = SignedDuration::try_from(by_monotonic).unwrap_or(SignedDuration::MAX);
        let last = std::mem::replace(&mut self.wall, wall).min(wall);
        self.monotonic = monotonic;
        (by_wall.max(by_monotonic) >= LATE).then(|| last.saturating_sub(OVERLAP).unwrap_or(last))
    }
}

/// Asks the message history, and puts what is new with the events.
#[derive(Clone)]
pub(super) struct CatchUp {
    pub(super) client: Client,
    pub(super) seen: Deduplicator,
    pub(super) events: mpsc::Sender<Incoming>,
    pub(super) terminal: Terminal,
}

impl CatchUp {
    pub(super) async fn run(self, since: Timestamp) {
        let mut wait = FIRST_WAIT;
        for attempt in 1..=ATTEMPTS {
            match self.events_since(since).await {
                Ok(events) => {
                    let count = self.pass_on(events).await;
                    let said = format!("caught up since {since}: {count} events");
                    return self.terminal.say(&said);
                }
                Err(error) if attempt < ATTEMPTS && !error.is_unauthorized() => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => {
                    return self.terminal.say(&format!(
                        "what happened since {since} could not be asked for: {error}; \
                         `heymarket listen --since {since}` tries again"
                    ));
                }
            }
        }
    }

    /// The events since a time, the latest last. None is passed on unless all
    /// are there, so that they can be asked for again.
    async fn events_since(&self, since: Timestamp) -> Result<Vec<Event>, Error> {
        let mut history = self.client.reconcile(since);
        let mut events = Vec::new();
        while let Some(event) = history.next().await {
            events.push(event?);
        }
        events.reverse();
        Ok(events)
    }

    async fn pass_on(&self, events: Vec<Event>) -> usize {
        let mut count = 0;
        for event in events {
            let Ok(place) = self.events.reserve().await else {
                break;
            };
            if let Ok(Claim::New(claimed)) = self.seen.claim(&event).await {
                count += 1;
                place.send(Incoming {
                    event,
                    body: None,
                    received: Timestamp::now(),
                });
                // The store is in memory and does not fail.
                let _ = claimed.commit().await;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> (Watch, Timestamp, Instant) {
        let watch = Watch::start();
        let (wall, monotonic) = (watch.wall, watch.monotonic);
        (watch, wall, monotonic)
    }

    #[test]
    fn a_tick_in_time_misses_nothing() {
        let (mut watch, wall, monotonic) = watch();
        let later = SignedDuration::from_secs(4);
        assert_eq!(
            watch.tick(wall + later, monotonic + Duration::from_secs(4)),
            None
        );
    }

    #[test]
    fn a_wall_clock_that_jumped_ahead_of_the_monotonic_one_was_asleep() {
        let (mut watch, wall, monotonic) = watch();
        let later = wall + SignedDuration::from_hours(3);
        let since = watch.tick(later, monotonic + Duration::from_secs(1));
        assert_eq!(since, Some(wall - OVERLAP));
        // It is told once.
        let next = later + SignedDuration::from_secs(1);
        assert_eq!(watch.tick(next, monotonic + Duration::from_secs(2)), None);
    }

    #[test]
    fn a_stopped_process_is_noticed_where_the_wall_clock_was_set_back() {
        let (mut watch, wall, monotonic) = watch();
        let back = wall - SignedDuration::from_mins(10);
        let since = watch.tick(back, monotonic + Duration::from_secs(60));
        assert_eq!(since, Some(back - OVERLAP), "from the earlier of both");
    }
}
