//! Decides which deliveries are new events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::event::Event;
use super::identity::{EventKey, Identity};
use super::seen_events::{ClaimOutcome, SeenEvents};
use super::seen_in_memory::SeenInMemory;

const LEASE: Duration = Duration::from_secs(5 * 60);

/// The API documents no retry schedule; this is this project's choice.
const RETRY_WINDOW: Duration = Duration::from_secs(10 * 60);
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// Distinguishes new events from duplicates, so that each event is handled once.
///
/// A receiver claims an event, handles it and commits the claim. A claim that is dropped
/// before, by an error, a panic or a closed connection, is released, and the event is
/// new when it is delivered again. A claim is a lease: if the process dies, the event
/// can be claimed again after 5 minutes.
///
/// When in doubt, an event is new: handling it twice is better than losing it.
///
/// | event | a duplicate has the same | remembered for |
/// |---|---|---|
/// | message received | ID and status | a day |
/// | message sent | ID, status and `updated`; without `updated` and in the history, ID and last status | a day |
/// | conversation closed, opened, pending | type, ID and `updated` | a day, or 10 minutes without `updated` |
/// | conversation reassigned, transferred | ID, `updated` and assignee or inbox | a day, or 10 minutes without `updated` |
/// | consent: opt-in, opt-out, double opt-in, restricted | type and data | 10 minutes |
/// | call, unknown type or data | type and data | 10 minutes |
///
/// A new state supersedes earlier ones: after an opt-in, the same opt-out is a new event.
/// Two calls within 10 minutes with equal data cannot be distinguished from a retry of
/// one. The API documents no retry schedule; the times are this project's choice.
///
/// Clones share their memory.
///
/// ```
/// use heymarket_api::webhook::{Claim, Deduplicator, Event};
///
/// # async fn handle(_: &Event) -> std::io::Result<()> { Ok(()) }
/// /// Returns the HTTP status to respond with.
/// async fn receive(seen: &Deduplicator, event: &Event) -> std::io::Result<u16> {
///     let claimed = match seen.claim(event).await? {
///         Claim::New(claimed) => claimed,
///         Claim::Duplicate => return Ok(200),
///         Claim::InProgress => return Ok(503),
///     };
///     // An error here drops the claim, and so releases it.
///     handle(event).await?;
///     claimed.commit().await?;
///     Ok(200)
/// }
/// ```
pub struct Deduplicator<S = SeenInMemory> {
    store: Arc<S>,
    lease: Duration,
    retry_window: Duration,
    memory: Duration,
}

/// The outcome of [`Deduplicator::claim`].
#[must_use = "a new event must be handled"]
#[expect(clippy::exhaustive_enums, reason = "a claim has no fourth outcome")]
pub enum Claim<S: SeenEvents = SeenInMemory> {
    /// The event is new. Handle it, then commit the claim.
    New(Claimed<S>),
    /// The event was handled before. Respond with 200, so that it is not delivered again.
    Duplicate,
    /// Another caller is handling the event. Respond with 503, so that it is delivered
    /// again if that caller fails.
    InProgress,
}

/// A claim on an event. Dropping it releases the claim; see
/// [`commit`](Self::commit).
#[must_use = "dropping it releases the claim"]
pub struct Claimed<S: SeenEvents = SeenInMemory> {
    store: Arc<S>,
    held: Vec<(EventKey, i64)>,
    /// Remembered with the event, but not claimed.
    mark: Option<EventKey>,
    lease: Duration,
    memory: Duration,
}

impl Deduplicator {
    /// Creates a deduplicator that remembers 100,000 keys in memory: one for each
    /// event, and one more for each message sent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S: SeenEvents> Deduplicator<S> {
    /// Creates a deduplicator with a store, for instance one that several receivers
    /// share.
    #[must_use]
    pub fn with_store(store: S) -> Self {
        Self {
            store: Arc::new(store),
            lease: LEASE,
            retry_window: RETRY_WINDOW,
            memory: MEMORY,
        }
    }

    /// Sets how long a claim lasts that is neither committed nor released; by default 5
    /// minutes. It should exceed the time that handling an event takes: afterwards, a
    /// second delivery of the event is new.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long an event is remembered if its data does not distinguish a retry from
    /// a second event: consent, calls, and conversations without `updated`. By default
    /// 10 minutes.
    #[must_use]
    pub fn retry_window(mut self, window: Duration) -> Self {
        self.retry_window = window;
        self
    }

    /// Sets how long all other events are remembered; by default a day.
    #[must_use]
    pub fn memory(mut self, memory: Duration) -> Self {
        self.memory = memory;
        self
    }

    /// Claims an event. Of concurrent callers with the same event, one gets it.
    ///
    /// # Errors
    ///
    /// Returns the error of the store; the store in memory does not fail.
    pub async fn claim(&self, event: &Event) -> Result<Claim<S>, S::Error> {
        let identity = Identity::of(event);
        let mut claimed = Claimed {
            store: Arc::clone(&self.store),
            held: Vec::with_capacity(2),
            mark: None,
            lease: self.lease,
            memory: if identity.is_lasting {
                self.memory
            } else {
                self.retry_window
            },
        };
        for key in identity.status.into_iter().chain([identity.key]) {
            match self.store.claim(&key, self.lease).await? {
                ClaimOutcome::Claimed { token } => claimed.held.push((key, token)),
                ClaimOutcome::InProgress => {
                    claimed.release().await?;
                    return Ok(Claim::InProgress);
                }
                ClaimOutcome::Committed => {
                    // The event is known, so its status is the last one.
                    claimed.commit().await?;
                    return Ok(Claim::Duplicate);
                }
            }
        }
        claimed.mark = identity.mark;
        Ok(Claim::New(claimed))
    }
}

impl<S: SeenEvents> Claimed<S> {
    /// Commits the claim: the event is handled, and a duplicate from now on. Returns
    /// whether the claim was still valid. It was not if its lease ended and another
    /// caller got the event, or if a later event superseded it.
    ///
    /// # Errors
    ///
    /// Returns the error of the store; the store in memory does not fail. The claim is
    /// then released as if it were dropped, unless the store committed it anyway.
    pub async fn commit(mut self) -> Result<bool, S::Error> {
        let is_held = self.commit_held().await?;
        if is_held
            && let Some(mark) = self.mark.take()
            && let ClaimOutcome::Claimed { token } = self.store.claim(&mark, self.lease).await?
        {
            self.held.push((mark, token));
            self.commit_held().await?;
        }
        Ok(is_held)
    }

    async fn commit_held(&mut self) -> Result<bool, S::Error> {
        let mut is_held = true;
        while let Some((key, token)) = self.held.last() {
            is_held &= self.store.commit(key, *token, self.memory).await?;
            self.held.pop();
        }
        Ok(is_held)
    }

    /// Releases the claim, like a drop, and waits for the store.
    ///
    /// # Errors
    ///
    /// Returns the error of the store; the store in memory does not fail. The event can
    /// then be claimed once its lease ends.
    pub async fn release(mut self) -> Result<(), S::Error> {
        while let Some((key, token)) = self.held.last() {
            self.store.release(key, *token).await?;
            self.held.pop();
        }
        Ok(())
    }
}

impl<S: SeenEvents> Drop for Claimed<S> {
    fn drop(&mut self) {
        for (key, token) in &self.held {
            self.store.release_on_drop(key, *token);
        }
    }
}

impl Default for Deduplicator {
    fn default() -> Self {
        Self::with_store(SeenInMemory::default())
    }
}

impl<S> Clone for Deduplicator<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            ..*self
        }
    }
}

impl<S> fmt::Debug for Deduplicator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deduplicator")
            .field("lease", &self.lease)
            .field("retry_window", &self.retry_window)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl<S: SeenEvents> fmt::Debug for Claim<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New(_) => "New",
            Self::Duplicate => "Duplicate",
            Self::InProgress => "InProgress",
        })
    }
}

impl<S: SeenEvents> fmt::Debug for Claimed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed").finish_non_exhaustive()
    }
}
