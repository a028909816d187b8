//! One message to one recipient.

use std::sync::Arc;

use heymarket_api::Error as ApiError;
use jiff::tz::TimeZone;

use super::approval::Approval;
use super::attempted::{Attempted, To};
use super::ended::{Ended, refused_because, unknown_because};
use super::noted::{COUNTS_ANSWERED, Failed, counts_unanswered};
use super::sender::Sender;
use crate::error::Error;
use crate::state::{Reason, State};
use crate::store::{Candidate, Verdict};

/// The outcome of a recipient.
pub(super) enum Sent {
    /// It has come to this state, and it is written down.
    Ended(Ended),
    /// Nothing was sent, and it is still planned.
    Held,
    /// Another caller changed it.
    Gone,
    /// Nothing was sent, for a reason that is not the recipient's. It is
    /// planned again.
    PlannedAgain(ApiError),
    /// It could not be written down.
    Failed(Error),
}

impl Sender {
    pub(super) async fn send(
        self: Arc<Self>,
        candidate: &Candidate,
        zone: Option<TimeZone>,
    ) -> Sent {
        if self.settings.check_status {
            match self.check_status(candidate).await {
                Ok(None) => {}
                Ok(Some(reason)) => {
                    let ended = Ended::local(State::Refused, reason);
                    return self.end(candidate, ended, None, Some(reason)).await;
                }
                Err(Failed::Api(failure)) => return Sent::PlannedAgain(failure),
                Err(Failed::Ledger(error)) => return Sent::Failed(error),
                Err(Failed::Stopped) => return Sent::Held,
            }
        }
        let message = self.message(candidate);
        let approval = Arc::new(Approval::default());
        let attempted = Arc::new(Attempted {
            batch: self.batch,
            to: To::Recipient(candidate.position),
            body: self.hash(&message),
        });
        let client = self.client_with(&approval, zone, &attempted);
        let answer = tokio::select! {
            biased;
            answer = client.send_message(&message) => answer,
            () = self.stopped(&approval) => return Sent::Held,
        };
        let request = match approval.take() {
            Some(Ok(Verdict::Go(request))) => Some(request),
            Some(Ok(Verdict::Hold)) => return Sent::Held,
            Some(Ok(Verdict::Gone)) => return Sent::Gone,
            Some(Ok(Verdict::Ended(state, reason))) => {
                return Sent::Ended(Ended::local(state, reason));
            }
            Some(Err(error)) => return Sent::Failed(error),
            // It did not get as far as an attempt.
            None => None,
        };
        match answer {
            Ok(response) => {
                let mut ended = Ended::local(State::Sent, Reason::Accepted);
                ended.message = Some(response.id.into());
                let conversation = response.conversation_id.map(i64::from);
                self.end_in(candidate, ended, request, None, conversation)
                    .await
            }
            Err(failure) => match approval.held(&failure) {
                Some(counts) => {
                    let planned = attempted.plan_again(&self.engine, request, counts).await;
                    planned.map_or_else(Sent::Failed, |()| Sent::Held)
                }
                None => self.judge(candidate, &attempted, failure, request).await,
            },
        }
    }

    /// Decides what a failure means for the recipient.
    async fn judge(
        &self,
        candidate: &Candidate,
        attempted: &Attempted,
        failure: ApiError,
        request: Option<i64>,
    ) -> Sent {
        if failure.may_have_been_sent() {
            let ended = Ended::failed(State::Unknown, unknown_because(&failure), failure);
            return self.end(candidate, ended, request, None).await;
        }
        match refused_because(&failure) {
            Some(Reason::Forbidden) => self.judge_denied(candidate, failure, request).await,
            Some(reason) => {
                let ended = Ended::failed(State::Refused, reason, failure);
                self.end(candidate, ended, request, None).await
            }
            // Nothing was sent, and it may go better later.
            None => {
                let was_answered = failure.status().is_some();
                let counts = if was_answered { COUNTS_ANSWERED } else { 0 };
                let planned = attempted.plan_again(&self.engine, request, counts).await;
                planned.map_or_else(Sent::Failed, |()| Sent::PlannedAgain(failure))
            }
        }
    }

    /// A 403 is about the recipient or about the sender; the status of the
    /// recipient tells.
    async fn judge_denied(
        &self,
        candidate: &Candidate,
        failure: ApiError,
        request: Option<i64>,
    ) -> Sent {
        let status = match self.check_status(candidate).await {
            Ok(status) => status,
            Err(Failed::Api(_) | Failed::Stopped) => None,
            Err(Failed::Ledger(error)) => return Sent::Failed(error),
        };
        let reason = status.unwrap_or(Reason::Forbidden);
        let ended = Ended::failed(State::Refused, reason, failure);
        self.end(candidate, ended, request, status).await
    }

    async fn end(
        &self,
        candidate: &Candidate,
        ended: Ended,
        request: Option<i64>,
        suppress: Option<Reason>,
    ) -> Sent {
        self.end_in(candidate, ended, request, suppress, None).await
    }

    /// Writes down what a recipient has come to.
    async fn end_in(
        &self,
        candidate: &Candidate,
        ended: Ended,
        request: Option<i64>,
        suppress: Option<Reason>,
        conversation: Option<i64>,
    ) -> Sent {
        let was_answered = ended.state != State::Unknown
            || ended
                .failure
                .as_ref()
                .is_some_and(|failure| failure.status().is_some());
        let counts = if was_answered {
            COUNTS_ANSWERED
        } else {
            counts_unanswered(&self.client)
        };
        let mut ending = self.ending(candidate, ended.state, ended.reason);
        ending.detail.clone_from(&ended.detail);
        ending.message = ended.message;
        ending.conversation = conversation;
        ending.request = request.map(|request| (request, ending.now.saturating_add(counts)));
        ending.suppress = suppress;
        match self.engine.store.end_attempt(ending).await {
            Ok(()) => Sent::Ended(ended),
            Err(error) => Sent::Failed(error),
        }
    }
}
