//! Catches up on events that were missed while the machine slept.

use std::time::Duration;

use heymarket_api::webhook::{Claim, Deduplicator, Event};
use heymarket_api::{Client, Error};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::incoming::Incoming;
use crate::output::terminal::Terminal;

const TICK: Duration = Duration::from_secs(1);
/// A tick this late means that the process did not run.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// Covers deliveries that were in flight when the machine fell asleep.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// The network may take a while after waking up.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Detects time in which this process did not run.
///
/// The wall clock runs while a machine sleeps, when the monotonic clock may stand
/// still. The monotonic clock runs while a process is stopped, even if the wall clock
/// is set back.
struct Detector {
    wall: Timestamp,
    monotonic: Instant,
}

/// A detector that checks once a second.
pub(super) struct SleepDetector {
    detector: Detector,
    interval: Interval,
}

impl SleepDetector {
    pub(super) fn start() -> Self {
        let mut interval = interval(TICK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            detector: Detector::start(),
            interval,
        }
    }

    /// Waits until the process did not run for a while, and returns since when.
    /// Cancel-safe.
    pub(super) async fn missed(&mut self) -> Timestamp {
        loop {
            self.interval.tick().await;
            if let Some(since) = self.detector.tick(Timestamp::now(), Instant::now()) {
                return since;
            }
        }
    }
}

impl Detector {
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

/// Reads the message history, and queues the events that are new.
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
                    let count = self.queue(events).await;
                    let noun = if count == 1 { "event" } else { "events" };
                    let said = format!("caught up since {since}: {count} {noun}");
                    return self.terminal.notice(&said);
                }
                Err(error) if attempt < ATTEMPTS && !error.is_unauthorized() => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => {
                    return self.terminal.notice(&format!(
                        "events since {since} could not be read: {error}; retry with \
                         'heymarket listen --since {since}'"
                    ));
                }
            }
        }
    }

    /// Returns the events since a time, oldest first. Returns all or none, so that a
    /// retry misses nothing.
    async fn events_since(&self, since: Timestamp) -> Result<Vec<Event>, Error> {
        let mut history = self.client.reconcile(since);
        let mut events = Vec::new();
        while let Some(event) = history.next().await {
            events.push(event?);
        }
        events.reverse();
        Ok(events)
    }

    async fn queue(&self, events: Vec<Event>) -> usize {
        let mut count = 0;
        for event in events {
            let Ok(room) = self.events.reserve().await else {
                break;
            };
            if let Ok(Claim::New(claimed)) = self.seen.claim(&event).await {
                count += 1;
                room.send(Incoming {
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

    fn started() -> (Detector, Timestamp, Instant) {
        let detector = Detector::start();
        let (wall, monotonic) = (detector.wall, detector.monotonic);
        (detector, wall, monotonic)
    }

    #[test]
    fn a_punctual_tick_reports_nothing() {
        let (mut detector, wall, monotonic) = started();
        let later = SignedDuration::from_secs(4);
        assert_eq!(
            detector.tick(wall + later, monotonic + Duration::from_secs(4)),
            None
        );
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_a_sleep() {
        let (mut detector, wall, monotonic) = started();
        let later = wall + SignedDuration::from_hours(3);
        let since = detector.tick(later, monotonic + Duration::from_secs(1));
        assert_eq!(since, Some(wall - OVERLAP));
        // It is reported once.
        let next = later + SignedDuration::from_secs(1);
        assert_eq!(
            detector.tick(next, monotonic + Duration::from_secs(2)),
            None
        );
    }

    #[test]
    fn a_stop_is_detected_even_if_the_clock_is_set_back() {
        let (mut detector, wall, monotonic) = started();
        let back = wall - SignedDuration::from_mins(10);
        let since = detector.tick(back, monotonic + Duration::from_secs(60));
        assert_eq!(since, Some(back - OVERLAP), "from the earlier of both");
    }
}
