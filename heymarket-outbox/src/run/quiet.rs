//! The quiet hours of inboxes, which hold messages of the API.

use std::collections::HashMap;
use std::time::Duration;

use heymarket_api::Client;
use heymarket_api::types::InboxId;
use jiff::{SignedDuration, Timestamp};

use super::noted::noted;
use super::stop::Stop;
use crate::engine::Engine;

/// How often the inboxes are asked for their quiet hours.
const QUIET_CHECK: Duration = Duration::from_secs(5 * 60);

/// Whether each inbox is in its quiet hours.
pub(super) type Inboxes = HashMap<InboxId, bool>;

/// Which inboxes are in their quiet hours.
#[derive(Default)]
pub(super) struct Quiet {
    /// When they were asked last.
    checked: Option<Duration>,
    /// Whether there was an answer, or none could be had.
    pub(super) is_known: bool,
    inboxes: Inboxes,
}

impl Quiet {
    /// Whether the inboxes are to be asked now. If they are, it is due again
    /// after five minutes.
    pub(super) fn begin_check(&mut self, elapsed: Duration) -> bool {
        let is_due = self
            .checked
            .is_none_or(|checked| elapsed.saturating_sub(checked) >= QUIET_CHECK);
        if is_due {
            self.checked = Some(elapsed);
        }
        is_due
    }

    /// Takes over the answer. Without one, messages are sent.
    pub(super) fn end_check(&mut self, inboxes: Option<Inboxes>) {
        self.is_known = true;
        if let Some(inboxes) = inboxes {
            self.inboxes = inboxes;
        }
    }

    /// The time of the next check, if an inbox is in its quiet hours.
    pub(super) fn until(
        &self,
        inbox: InboxId,
        elapsed: Duration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let is_quiet = self.inboxes.get(&inbox).copied().unwrap_or(false);
        if !is_quiet {
            return None;
        }
        let since = elapsed.saturating_sub(self.checked?);
        let left = SignedDuration::try_from(QUIET_CHECK.saturating_sub(since)).ok()?;
        now.saturating_add(left).ok()
    }
}

/// Asks for the quiet hours of all inboxes; `None` if that fails.
pub(super) async fn ask(engine: Engine, client: Client, stop: &Stop) -> Option<Inboxes> {
    let client = client.with_options(|options| options.max_retries(0));
    let inboxes = noted(&engine, &client, stop, async |client| {
        client.list_inboxes().await
    });
    let inboxes = inboxes.await.ok()?;
    let quiet = inboxes
        .iter()
        .map(|inbox| (inbox.id, inbox.is_quiet_hours == Some(true)));
    Some(quiet.collect())
}
