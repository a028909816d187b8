//! Messages whose answers were lost are looked for in the history.

use std::time::Duration;

use heymarket_api::{Error as ApiError, Options};

use super::ended::Ended;
use super::sender::Sender;
use crate::batch::Unknown;
use crate::error::Error;
use crate::state::{Reason, State};
use crate::store::Candidate;

/// A lookup takes a page, and another one if nothing was found.
const REQUESTS: usize = 2;

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
        if let Err(error) = self.note_requests(REQUESTS).await {
            return Looked::NotWritten(error);
        }
        let client = self.client.with_options(Options::background);
        let found = match client.find_sent(&self.message(candidate)).await {
            Ok(found) => found,
            Err(failure) => return Looked::Failed(failure),
        };
        let mut ending = self.ending(candidate, State::Sent, Some(Reason::FoundInHistory));
        match found {
            Some(message) => {
                ending.message = Some(message.id);
                ending.conversation = message.conversation.map(|conversation| conversation.id);
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
