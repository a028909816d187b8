//! Forwards events, one at a time, until each is accepted or too old.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::events::{self, Due};
use super::target::Target;
use crate::ledger::{Ledger, Millis};
use crate::shared::Shared;

/// The pause after the first failure. It doubles with each further one.
const FIRST_PAUSE: Millis = 1_000;
const LONGEST_PAUSE: Millis = 5 * 60 * 1_000;
/// An event that is not accepted in this time is set aside.
const LONGEST_TIME: Millis = 24 * 60 * 60 * 1_000;
/// The pause after a failure of the ledger.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an idle forwarder looks for events.
const POLL: Duration = Duration::from_secs(5);
/// The longest sleep, so that a clock that is set does not stop the forwarder.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Forwards events until the task is aborted.
pub(crate) async fn forward(
    shared: Arc<Shared>,
    ledger: Arc<Ledger>,
    target: Target,
    arrived: Arc<Notify>,
) {
    loop {
        let notified = arrived.notified();
        match events::first(&ledger).await {
            Err(_) => tokio::time::sleep(PATIENCE).await,
            // A delivery that was interrupted after it stored its event wakes no one.
            Ok(None) => drop(tokio::time::timeout(POLL, notified).await),
            Ok(Some((due, event))) => {
                let wait = due.saturating_sub(Timestamp::now().as_millisecond());
                if let Ok(wait @ 1..) = u64::try_from(wait) {
                    let wait = Duration::from_millis(wait).min(LONGEST_SLEEP);
                    let _ = tokio::time::timeout(wait, notified).await;
                    continue;
                }
                if post(&shared, &ledger, &target, event).await.is_err() {
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }
}

/// Posts an event, and records the outcome.
async fn post(shared: &Shared, ledger: &Ledger, target: &Target, event: Due) -> Result<(), String> {
    let key = event.key();
    let Due {
        id,
        body,
        received,
        tries,
    } = event;
    let is_accepted = target.post(&key, body).await;
    let result = if is_accepted { "done" } else { "failed" };
    shared.metrics.forwarded.with_label_values(&[result]).inc();
    if is_accepted {
        return events::done(ledger, id).await;
    }
    let now = Timestamp::now().as_millisecond();
    let due = now.saturating_add(pause(tries));
    let is_too_old = due.saturating_sub(received) > LONGEST_TIME;
    if is_too_old {
        shared
            .metrics
            .forwarded
            .with_label_values(&["set_aside"])
            .inc();
    }
    events::again(ledger, id, (!is_too_old).then_some(due)).await
}

fn pause(tries: u32) -> Millis {
    let doubled = FIRST_PAUSE.saturating_mul(1 << tries.min(20));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let pauses: Vec<Millis> = [0, 1, 2, 8, 9, 4_000_000].map(pause).to_vec();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    }
}
