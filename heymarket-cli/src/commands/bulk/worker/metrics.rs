//! What a worker counts, by the names of OpenTelemetry.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heymarket_outbox::Event;
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// The counters of a worker since its start, and its last failure.
pub(super) struct Metrics {
    limit: u32,
    sent: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
    needs_review: AtomicU64,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    /// The messages of the last minute.
    sent: VecDeque<Instant>,
    /// The failure that work waits for, if there is one.
    problem: Option<String>,
}

/// What is planned in a database.
pub(super) struct Queue {
    pub(super) size: u64,
    pub(super) age: Duration,
}

impl Metrics {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            sent: AtomicU64::default(),
            refused: AtomicU64::default(),
            unknown: AtomicU64::default(),
            needs_review: AtomicU64::default(),
            recent: Mutex::default(),
        }
    }

    pub(super) fn record(&self, event: &Event) {
        let counter = match event {
            Event::Sent(_) => {
                let now = Instant::now();
                let mut recent = self.recent();
                recent.forget(now);
                recent.sent.push_back(now);
                recent.problem = None;
                &self.sent
            }
            Event::Refused(_) => &self.refused,
            Event::Unknown(_) => &self.unknown,
            Event::NeedsReview(_) => &self.needs_review,
            Event::BackingOff { problem } => return self.failed(problem),
            Event::Finished { .. } | Event::Waiting { .. } => return self.recent().problem = None,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a failure until something succeeds.
    pub(super) fn failed(&self, problem: &str) {
        self.recent().problem = Some(problem.to_owned());
    }

    /// The failure that work waits for, if there is one.
    pub(super) fn problem(&self) -> Option<String> {
        self.recent().problem.clone()
    }

    /// The metrics as Prometheus and the OpenTelemetry Collector read them.
    pub(super) fn text(&self, queue: Option<&Queue>) -> String {
        let mut text = String::new();
        let counters = [
            ("sent", "Messages that the API accepted.", &self.sent),
            ("refused", "Recipients that were refused.", &self.refused),
            ("unknown", "Messages without an answer.", &self.unknown),
            (
                "needs_review",
                "Messages that a person decides about.",
                &self.needs_review,
            ),
        ];
        for (name, help, counter) in counters {
            let name = format!("heymarket_outbox_{name}_total");
            let value = counter.load(Ordering::Relaxed);
            write(&mut text, &name, "counter", help, &value.to_string());
        }
        let mut recent = self.recent();
        recent.forget(Instant::now());
        let sent = u32::try_from(recent.sent.len()).unwrap_or(u32::MAX);
        drop(recent);
        let share = f64::from(sent) / f64::from(self.limit);
        let help = "This worker's part of the limit in the last minute, from 0 to 1.";
        let name = "heymarket_outbox_limit_utilization_ratio";
        write(&mut text, name, "gauge", help, &format!("{share:.3}"));
        if let Some(queue) = queue {
            let name = "heymarket_outbox_queue_size";
            let help = "Planned messages of all batches that are not paused.";
            write(&mut text, name, "gauge", help, &queue.size.to_string());
            let name = "heymarket_outbox_queue_age_seconds";
            let help = "Since when the oldest of these batches is planned.";
            write(
                &mut text,
                name,
                "gauge",
                help,
                &queue.age.as_secs().to_string(),
            );
        }
        text
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// Forgets what was sent more than a minute ago.
    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.sent.front()
            && now.saturating_duration_since(*oldest) > MINUTE
        {
            self.sent.pop_front();
        }
    }
}

fn write(text: &mut String, name: &str, kind: &str, help: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_their_names_and_values() {
        let metrics = Metrics::new(500);
        metrics.failed("the database does not answer");
        assert!(metrics.problem().is_some());
        metrics.recent().sent.extend([Instant::now(); 50]);
        metrics.sent.store(7, Ordering::Relaxed);
        let queue = Queue {
            size: 3,
            age: Duration::from_secs(90),
        };
        let text = metrics.text(Some(&queue));
        for line in [
            "heymarket_outbox_sent_total 7",
            "heymarket_outbox_limit_utilization_ratio 0.100",
            "heymarket_outbox_queue_size 3",
            "heymarket_outbox_queue_age_seconds 90",
            "# TYPE heymarket_outbox_refused_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!metrics.text(None).contains("queue"));
    }
}
