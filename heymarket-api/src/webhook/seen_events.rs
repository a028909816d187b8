//! Where the keys of events are kept.

use std::time::Duration;

use super::identity::EventKey;

/// What a [`SeenEvents`] store answers to a claim.
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
    /// The key was committed, and is remembered still.
    Committed,
}

/// A store of the keys of events, for instance a table that several receivers
/// share.
///
/// A key is absent, leased or committed. Each method is atomic. A store measures
/// time by its own clock, not by that of the caller, so that all callers agree
/// on when a lease ends. Callers may drop a future before it ends: the store may
/// then have acted or not, and the lease settles it.
///
/// The futures are `Send`; an implementation may write them as `async fn`.
pub trait SeenEvents: Send + Sync {
    /// Why the store can fail.
    type Error;

    /// Claims a key for the length of a lease.
    ///
    /// A key that is absent, or whose lease or memory has ended, becomes leased
    /// under a new token. The store then forgets every other key of the same
    /// [`subject`](EventKey::subject) with another [`state`](EventKey::state),
    /// whether leased or committed. For any other key nothing changes.
    fn claim(
        &self,
        key: &EventKey,
        lease: Duration,
    ) -> impl Future<Output = Result<ClaimOutcome, Self::Error>> + Send;

    /// Commits a claim: the key is committed for `memory` from now on. Returns
    /// whether it did.
    ///
    /// Only the claim with this token can be committed. If the key was claimed
    /// again or forgotten since, nothing changes. A claim whose lease has ended
    /// can be committed as long as the store has not dropped it.
    fn commit(
        &self,
        key: &EventKey,
        token: i64,
        memory: Duration,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Releases a claim: the key becomes absent. If the key was committed,
    /// claimed again or forgotten since, nothing changes.
    fn release(
        &self,
        key: &EventKey,
        token: i64,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Releases a claim whose guard is dropped, without waiting and as well as
    /// the store can: one in memory at once, another for instance in a task that
    /// it spawns. By default nothing happens, and the key is claimable once the
    /// lease ends.
    fn release_on_drop(&self, key: &EventKey, token: i64) {
        let _ = (key, token);
    }
}
