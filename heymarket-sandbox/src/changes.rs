//! What wakes those who watch the sandbox: counters of changes.

use serde::Serialize;
use tokio::sync::watch;

/// How often each part changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    pub(crate) state: u64,
    pub(crate) requests: u64,
    pub(crate) deliveries: u64,
    /// Whether the sandbox stops, which ends every stream.
    #[serde(skip)]
    pub(crate) is_stopped: bool,
}

/// The counters, shared by what changes and what watches.
///
/// A watcher that is slow sees the last counters only, so that a thousand of them
/// take no memory for each change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(watch::Sender<Counters>);

impl Changes {
    pub(crate) fn count(&self, count: impl FnOnce(&mut Counters)) {
        self.0.send_modify(count);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Counters> {
        self.0.subscribe()
    }
}
