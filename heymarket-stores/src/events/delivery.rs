//! An event that a handler has claimed, and one that no handler could handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::webhook::Event;
use tokio::runtime::Handle;

use super::backend::Backend;
use crate::error::Error;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// An event to handle, for the time of a lease.
///
/// [`commit`](Self::commit) it once it is handled. One that is dropped is given back, as
/// by [`give_back`](Self::give_back). If the process dies, another handler gets it when
/// the lease ends.
#[must_use = "a dropped delivery is given back"]
pub struct Delivery {
    id: i64,
    claim: i64,
    tries: u32,
    most: u32,
    event: Event,
    backend: Option<Arc<dyn Backend>>,
}

impl Delivery {
    pub(super) fn new(
        (id, claim, tries): (i64, i64, u32),
        most: u32,
        event: Event,
        backend: Arc<dyn Backend>,
    ) -> Self {
        Self {
            id,
            claim,
            tries,
            most,
            event,
            backend: Some(backend),
        }
    }

    /// Returns the number of the event in the inbox, which is the same in every try. Write
    /// it with what the handler does, in one transaction, and a second try finds it.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Returns the number of this try, from 1.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Removes the event from the inbox: it is handled. Returns false if the lease ended
    /// and another handler has it.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The event is then handled again, unless the
    /// store removed it anyway.
    pub async fn commit(mut self) -> Result<bool, Error> {
        match self.backend.take() {
            Some(backend) => backend.commit(self.id, self.claim).await,
            None => Ok(false),
        }
    }

    /// Gives the event back. It is tried again after a pause of 1 second that doubles with
    /// each try, up to 5 minutes. After its last try it is set aside.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The event is then tried again when the lease
    /// ends.
    pub async fn give_back(mut self) -> Result<(), Error> {
        let after = self.pause();
        if let Some(backend) = self.backend.take() {
            backend.give_back(self.id, self.claim, after).await?;
        }
        Ok(())
    }

    fn pause(&self) -> Option<Duration> {
        pause(self.tries, self.most)
    }
}

/// Returns the pause after a try, if another one follows.
pub(super) fn pause(tries: u32, most: u32) -> Option<Duration> {
    let doubled = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16));
    (tries < most).then(|| doubled.min(LONGEST_PAUSE))
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let after = self.pause();
        if let Some(backend) = self.backend.take()
            && let Ok(runtime) = Handle::try_current()
        {
            let (id, claim) = (self.id, self.claim);
            // Without success the lease ends it.
            runtime.spawn(async move {
                let _ = backend.give_back(id, claim, after).await;
            });
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("tries", &self.tries)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// An event that was tried as often as the inbox allows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SetAside {
    /// Its number in the inbox.
    pub id: i64,
    /// How often it was tried.
    pub tries: u32,
    /// The event. `None` if this version cannot read it: keep it for the version that
    /// wrote it, or discard it.
    pub event: Option<Event>,
}
