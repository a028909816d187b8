//! The contract of stores for the keys of events.

use std::time::Duration;

use super::identity::EventKey;

/// The outcome of [`SeenEvents::claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a claim has no fourth outcome")]
pub enum ClaimOutcome {
    /// The caller holds the key until its lease ends.
    Claimed {
        /// Identifies this claim. No other claim of the store has it, so that a
        /// claimant whose lease ended cannot act on the claim of a later one.
        token: i64,
    },
    /// Another claimant holds the key, and its lease has not ended.
    InProgress,
    /// The key is committed, and still remembered.
    Committed,
}

/// A store of event keys, for instance a table that several receivers share.
///
/// A key is absent, leased or committed. Each method is atomic. A store measures time by
/// its own clock, not by the caller's, so that all callers agree on when a lease ends.
/// Callers may drop a future before it completes: the store may then have acted or not,
/// and the lease resolves it.
///
/// The futures are `Send`; an implementation may write them as `async fn`.
pub trait SeenEvents: Send + Sync {
    /// The error of the store.
    type Error;

    /// Claims a key for the duration of a lease.
    ///
    /// A key that is absent, or whose lease or memory has ended, becomes leased under a
    /// new token. The store then forgets every other key of the same
    /// [`subject`](EventKey::subject) with another [`state`](EventKey::state), whether
    /// leased or committed. Other keys do not change.
    fn claim(
        &self,
        key: &EventKey,
        lease: Duration,
    ) -> impl Future<Output = Result<ClaimOutcome, Self::Error>> + Send;

    /// Commits a claim: the key is committed for `memory` from now on. Returns whether it
    /// was committed.
    ///
    /// Only the claim with this token can be committed. If the key was claimed again or
    /// forgotten meanwhile, nothing changes. A claim whose lease has ended can be
    /// committed as long as the store has not dropped it.
    fn commit(
        &self,
        key: &EventKey,
        token: i64,
        memory: Duration,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Releases a claim: the key becomes absent. If the key was committed, claimed again
    /// or forgotten meanwhile, nothing changes.
    fn release(
        &self,
        key: &EventKey,
        token: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Releases a claim whose guard is dropped. This must not block: a store on the
    /// network may spawn a task. By default nothing happens, and the key can be claimed
    /// once the lease ends.
    fn release_on_drop(&self, key: &EventKey, token: i64) {
        let _ = (key, token);
    }
}
