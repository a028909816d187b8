//! A message as the ledger has an attempt to send it.

use uuid::Uuid;

use crate::engine::Engine;
use crate::error::Error;
use crate::store::{Attempt, Ending, Hash, ListAttempt, Millis, Verdict};

/// A message that is attempted.
pub(super) struct Attempted {
    pub(super) batch: i64,
    pub(super) to: To,
    pub(super) body: Hash,
}

/// Whom a message is for.
pub(super) enum To {
    /// The recipient at this position.
    Recipient(u64),
    /// The list with this key, of all planned recipients.
    List(Uuid),
}

impl Attempted {
    /// Decides whether an attempt may be made, and writes it down if it may. The request
    /// counts until `counts_until` if it is not answered.
    pub(super) async fn begin(
        &self,
        engine: &Engine,
        now: Millis,
        counts_until: Millis,
    ) -> Result<Verdict, Error> {
        let (batch, body) = (self.batch, self.body);
        let begun = match self.to {
            To::Recipient(position) => engine.store.begin_attempt(Attempt {
                batch,
                position,
                body,
                now,
                counts_until,
            }),
            To::List(list_key) => engine.store.begin_list(ListAttempt {
                batch,
                list_key,
                body,
                now,
                counts_until,
            }),
        };
        begun.await
    }

    /// Plans it again after an attempt without an effect, if there was one. The request of
    /// the attempt counts for `counts` from now.
    pub(super) async fn plan_again(
        &self,
        engine: &Engine,
        request: Option<i64>,
        counts: Millis,
    ) -> Result<(), Error> {
        let Some(request) = request else {
            return Ok(());
        };
        let position = match self.to {
            To::Recipient(position) => position,
            To::List(_) => 0,
        };
        let now = engine.millis();
        let ending = Ending {
            request: Some((request, now.saturating_add(counts))),
            ..Ending::planned(self.batch, position, now)
        };
        match self.to {
            To::Recipient(_) => engine.store.end_attempt(ending).await,
            To::List(_) => engine.store.end_list(self.batch, ending).await.map(drop),
        }
    }
}
