//! The background tasks: sending scheduled messages, and saving.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::state::Shared;

/// The shortest time between two saves, and the shortest as a multiple of the
/// last save's duration, so that a large state is not written all the time.
const SAVE_PAUSE: Duration = Duration::from_millis(50);
const SAVE_SHARE: u32 = 4;

/// Sends scheduled messages when they are due.
pub(crate) async fn deliver(shared: Arc<Shared>) {
    loop {
        let wait = {
            let state = shared.state();
            let due = state.store.next_due().filter(|_| !state.clock.is_frozen());
            due.map(|due| state.clock.real_time_until(due))
        };
        let rescheduled = shared.rescheduled.notified();
        match wait {
            None => rescheduled.await,
            Some(wait) => {
                tokio::select! {
                    () = rescheduled => continue,
                    () = tokio::time::sleep(wait) => {}
                }
                shared.change(|_| {});
            }
        }
    }
}

/// Saves changes: the first at once, further ones together. A failed save is
/// repeated with the next change, and reported when the sandbox stops.
pub(crate) async fn save(shared: Arc<Shared>) {
    loop {
        shared.changed.notified().await;
        let start = Instant::now();
        let saving = Arc::clone(&shared);
        let _ = tokio::task::spawn_blocking(move || saving.save()).await;
        let pause = start.elapsed().saturating_mul(SAVE_SHARE);
        tokio::time::sleep(pause.max(SAVE_PAUSE)).await;
    }
}
