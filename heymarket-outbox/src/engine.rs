//! What plans, runs and reports work with.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use heymarket_api::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::store::{Millis, Store};

/// The storage, the time, and how a run behaves.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settle: Duration,
    pub(crate) concurrency: usize,
    pub(crate) lease: Duration,
    /// How far the ledger's clock is ahead of this one, in milliseconds.
    pub(crate) ahead: Arc<AtomicI64>,
}

impl Engine {
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed));
        self.clock
            .now()
            .saturating_add(ahead)
            .unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn millis(&self) -> Millis {
        self.now().as_millisecond()
    }

    /// Takes the time from the ledger where it has a clock of its own, so that a
    /// process whose clock is wrong sends at the right hour.
    pub(crate) async fn set_clock(&self) -> Result<(), Error> {
        let before = self.clock.elapsed();
        let Some(time) = self.store.time().await? else {
            return Ok(());
        };
        let took = self.clock.elapsed().saturating_sub(before);
        let took = Millis::try_from(took.as_millis()).unwrap_or(Millis::MAX);
        // It was read at some moment between.
        let ahead = time + took / 2 - self.clock.now().as_millisecond();
        let known = self.ahead.load(Ordering::Relaxed);
        if ahead.abs_diff(known) > took.unsigned_abs() / 2 + 1 {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(())
    }
}
