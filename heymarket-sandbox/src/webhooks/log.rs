//! The bounded log of deliveries.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use super::delivery::{Attempt, Delivery, Outcome};
use crate::changes::Changes;

/// The most deliveries that the log keeps.
const MAX_DELIVERIES: usize = 500;

/// The latest deliveries, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    deliveries: Arc<Mutex<Deliveries>>,
    changes: Changes,
}

#[derive(Debug, Default)]
struct Deliveries {
    latest: VecDeque<Delivery>,
    last_id: u64,
}

impl Log {
    pub(super) fn new(changes: Changes) -> Self {
        Self {
            deliveries: Arc::default(),
            changes,
        }
    }

    fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a delivery that is pending. Returns its ID.
    pub(super) fn add(&self, webhook: i64, kind: &str, event_data: Arc<Value>) -> u64 {
        let mut deliveries = self.deliveries();
        deliveries.last_id += 1;
        let id = deliveries.last_id;
        deliveries.latest.push_back(Delivery {
            id,
            webhook,
            kind: kind.to_owned(),
            time: Timestamp::now(),
            outcome: Outcome::Pending,
            attempts: Vec::new(),
            event_data,
        });
        if deliveries.latest.len() > MAX_DELIVERIES {
            deliveries.latest.pop_front();
        }
        drop(deliveries);
        self.notify();
        id
    }

    /// Changes a delivery, unless it was dropped meanwhile.
    fn change(&self, id: u64, change: impl FnOnce(&mut Delivery)) {
        let mut deliveries = self.deliveries();
        // They are sorted by ID.
        let place = deliveries
            .latest
            .binary_search_by_key(&id, |found| found.id);
        if let Some(delivery) = place
            .ok()
            .and_then(|place| deliveries.latest.get_mut(place))
        {
            change(delivery);
        }
        drop(deliveries);
        self.notify();
    }

    pub(super) fn attempted(&self, id: u64, attempt: Attempt) {
        self.change(id, |delivery| delivery.attempts.push(attempt));
    }

    pub(super) fn ended(&self, id: u64, outcome: Outcome) {
        self.change(id, |delivery| delivery.outcome = outcome);
    }

    /// Returns the latest deliveries, oldest first.
    pub(crate) fn latest(&self) -> Vec<Delivery> {
        self.deliveries().latest.iter().cloned().collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<Delivery> {
        let deliveries = self.deliveries();
        let found = deliveries.latest.iter().find(|delivery| delivery.id == id);
        found.cloned()
    }

    fn notify(&self) {
        self.changes.count(|counters| counters.deliveries += 1);
    }
}
