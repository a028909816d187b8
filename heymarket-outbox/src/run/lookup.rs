//! Messages whose answers were lost are looked for in the history.

use std::time::Duration;

use heymarket_api::Error as ApiError;

use super::ended::Ended;
use super::noted::{Failed, noted};
use super::sender::Sender;
use crate::error::Error;
use crate::settings::Unknown;
use crate::state::{Reason, State};
use crate::store::Candidate;

/// What a lookup has found out.
pub(super) enum Looked {
    /// The recipient has come to this state, and it is written down.
    Ended(Ended),
    /// It is not there; look again this long after the attempt.
    Later(Duration),
    /// The history could not be read.
    Failed(ApiError),
    /// It could not be written down.
    NotWritten(Error),
    /// The run was stopped before, and the next one looks.
    Stopped,
}

impl Sender {
    /// Looks for a message that was attempted `age` ago. A batch that is
    /// cancelled sends nothing again.
    pub(super) async fn look_up(
        &self,
        candidate: &Candidate,
        age: Duration,
        is_cancelled: bool,
    ) -> Looked {
        let message = self.message(candidate);
        let found = noted(&self.engine, &self.client, &self.stop, async |client| {
            client.find_sent(&message).await
        });
        let found = match found.await {
            Ok(found) => found,
            Err(Failed::Api(failure)) => return Looked::Failed(failure),
            Err(Failed::Ledger(error)) => return Looked::NotWritten(error),
            Err(Failed::Stopped) => return Looked::Stopped,
        };
        let mut ending = self.ending(candidate, State::Sent, Some(Reason::FoundInHistory));
        match found {
            Some(message) => {
                ending.message = Some(message.id.into());
                ending.conversation = message
                    .conversation
                    .map(|conversation| conversation.id.into());
            }
            None => match self.settings.unknown {
                Unknown::ResendAfter(after) if !is_cancelled && age < after => {
                    return Looked::Later(after);
                }
                Unknown::ResendAfter(_) if !is_cancelled => {
                    ending.state = State::Planned;
                    ending.reason = Some(Reason::SentAgain);
                }
                _ => {
                    ending.state = State::NeedsReview;
                    ending.reason = Some(Reason::NotFoundInHistory);
                }
            },
        }
        let ended = Ended {
            state: ending.state,
            reason: ending.reason,
            detail: None,
            message: ending.message,
            failure: None,
        };
        match self.engine.store.end_attempt(ending).await {
            Ok(()) => Looked::Ended(ended),
            Err(error) => Looked::NotWritten(error),
        }
    }
}
