//! What plans, runs and reports work with.

use std::sync::Arc;
use std::time::Duration;

use heymarket_api::Clock;
use jiff::Timestamp;

use crate::store::{Millis, Store};

/// The storage, the time, and how a run behaves.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settle: Duration,
    pub(crate) concurrency: usize,
}

impl Engine {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn millis(&self) -> Millis {
        self.now().as_millisecond()
    }
}
