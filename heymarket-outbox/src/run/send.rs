//! One message to one recipient.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use heymarket_api::types::{GetContactStatus, SendMessage};
use heymarket_api::{Client, Error as ApiError, ErrorKind as ApiErrorKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::stop::Stop;
use crate::batch::{Content, Settings};
use crate::engine::Engine;
use crate::error::Error;
use crate::state::{Reason, State};
use crate::store::{Attempt, Candidate, Ending, Hash, Millis, Pending, Verdict};
use crate::window::Opening;

/// How long a request that is not answered counts toward the limit: the
/// timeouts of a client, and a minute.
pub(super) const COUNTS_UNANSWERED: Millis = 100_100;

/// How long one counts that is answered.
pub(super) const COUNTS_ANSWERED: Millis = 60_100;

/// What the messages of a batch have in common.
pub(super) struct Sender {
    pub(super) engine: Engine,
    pub(super) client: Client,
    pub(super) batch: i64,
    pub(super) settings: Settings,
    pub(super) salt: Hash,
    pub(super) stop: Arc<Stop>,
}

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

/// The state that a recipient has come to.
pub(super) struct Ended {
    pub(super) state: State,
    pub(super) reason: Option<Reason>,
    pub(super) detail: Option<String>,
    pub(super) message: Option<i64>,
    /// The failure of the API, if this is one.
    pub(super) failure: Option<ApiError>,
}

/// What the callback before an attempt has decided.
#[derive(Default)]
pub(super) struct Approval {
    /// Set before the ledger is asked, after which the request is not dropped.
    has_begun: AtomicBool,
    verdict: Mutex<Option<Result<Verdict, Error>>>,
}

impl Approval {
    fn set(&self, verdict: Result<Verdict, Error>) {
        *self.lock() = Some(verdict);
    }

    pub(super) fn take(&self) -> Option<Result<Verdict, Error>> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Result<Verdict, Error>>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// The message to a recipient, the same each time.
    pub(super) fn message(&self, candidate: &Candidate) -> SendMessage {
        let message = self.content(candidate.text.as_deref());
        message
            .phone_number(candidate.phone.as_str())
            .local_id(candidate.local_id.to_string())
    }

    /// Returns a message without a recipient.
    pub(super) fn content(&self, own_text: Option<&str>) -> SendMessage {
        let settings = &self.settings;
        let mut message = SendMessage::new(settings.inbox, settings.creator);
        message = match (own_text, &settings.content) {
            (Some(text), _) => message.text(text),
            (None, Content::Text(text)) => message.text(text.as_str()),
            (None, Content::Template(id)) => message.template_id(*id),
            (None, Content::Nothing) => message,
        };
        match &settings.media {
            Some(url) => message.media_url(url.as_str()),
            None => message,
        }
    }

    pub(super) fn hash(&self, message: &SendMessage) -> Hash {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        // What a request is made of can always be written.
        hash.update(serde_json::to_vec(message).unwrap_or_default());
        let mut short = Hash::default();
        let length = short.len();
        short.copy_from_slice(&hash.finalize()[..length]);
        short
    }

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
                Err(failure) => return Sent::PlannedAgain(failure),
            }
        }
        let message = self.message(candidate);
        let approval = Arc::new(Approval::default());
        let client = self.client_with(&approval, &message, candidate, zone);
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
                ended.message = Some(response.id);
                let conversation = response.convo_id;
                self.end_in(candidate, ended, request, None, conversation)
                    .await
            }
            Err(failure) => self.judge(candidate, failure, request).await,
        }
    }

    /// A client that writes down each attempt before it is made.
    fn client_with(
        self: &Arc<Self>,
        approval: &Arc<Approval>,
        message: &SendMessage,
        candidate: &Candidate,
        zone: Option<TimeZone>,
    ) -> Client {
        let body = self.hash(message);
        let position = candidate.position;
        let (sender, approval) = (Arc::clone(self), Arc::clone(approval));
        self.client.with_options(|options| {
            let options = options
                .background()
                .max_retries(0)
                .retry_rate_limited(false);
            options.before_attempt(move || {
                let (sender, approval, zone) =
                    (Arc::clone(&sender), Arc::clone(&approval), zone.clone());
                async move {
                    let now = sender.engine.millis();
                    let attempt = sender.engine.store.begin_attempt(Attempt {
                        batch: sender.batch,
                        position,
                        body,
                        now,
                        counts_until: now + COUNTS_UNANSWERED,
                    });
                    sender.approve(&approval, zone.as_ref(), attempt).await
                }
            })
        })
    }

    /// Decides whether a request may leave, and writes it down if it may.
    /// `attempt` does nothing until it is awaited.
    pub(super) async fn approve(
        &self,
        approval: &Approval,
        zone: Option<&TimeZone>,
        attempt: Pending<'_, Verdict>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if let Some(Ok(Verdict::Go(_))) = &*approval.lock() {
            // The token was refreshed; the ledger has the attempt.
            return Ok(());
        }
        if self.stop.is_set() || !self.is_time(self.engine.now(), zone) {
            approval.set(Ok(Verdict::Hold));
            return Err("it is held".into());
        }
        approval.has_begun.store(true, Ordering::Release);
        let verdict = attempt.await;
        let may_go = matches!(verdict, Ok(Verdict::Go(_)));
        approval.set(verdict);
        if may_go {
            Ok(())
        } else {
            Err("it is held".into())
        }
    }

    /// Whether the batch's times allow a message now.
    fn is_time(&self, now: Timestamp, zone: Option<&TimeZone>) -> bool {
        let settings = &self.settings;
        let is_open = match (&settings.window, zone) {
            (Some(window), Some(zone)) => window.opening(now, zone) == Opening::Open,
            _ => true,
        };
        is_open
            && settings.not_before.is_none_or(|from| now >= from)
            && settings.not_after.is_none_or(|to| now < to)
    }

    /// Waits for a stop, if it comes before the ledger has the attempt.
    async fn stopped(&self, approval: &Approval) {
        self.stop.wait().await;
        if approval.has_begun.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    }

    /// Asks for the status of a recipient.
    async fn check_status(&self, candidate: &Candidate) -> Result<Option<Reason>, ApiError> {
        // What is not written down does not fail a message that is not sent yet.
        let _ = self.note_requests(1).await;
        let request = GetContactStatus::new().phone(candidate.phone.as_str());
        let client = self.client.with_options(heymarket_api::Options::background);
        match client.get_contact_status(&request).await {
            Ok(status) if status.unsubscribed == Some(true) => Ok(Some(Reason::OptedOut)),
            Ok(status) if status.blocked == Some(true) => Ok(Some(Reason::Blocked)),
            Ok(_) => Ok(None),
            // The contact is new.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes requests of which none is written down with a recipient.
    pub(super) async fn note_requests(&self, requests: usize) -> Result<(), Error> {
        let until = self.engine.millis() + COUNTS_ANSWERED;
        self.engine.store.note_requests(vec![until; requests]).await
    }

    /// Decides what a failure means for the recipient.
    async fn judge(&self, candidate: &Candidate, failure: ApiError, request: Option<i64>) -> Sent {
        if failure.may_have_been_sent() {
            let reason = match failure.kind() {
                ApiErrorKind::Timeout => Reason::TimedOut,
                ApiErrorKind::Transport => Reason::ConnectionBroken,
                _ => Reason::ServerError,
            };
            let ended = Ended::failed(State::Unknown, reason, failure);
            return self.end(candidate, ended, request, None).await;
        }
        let refusal = match failure.status().map(|status| status.as_u16()) {
            Some(400) => Some(Reason::BadRequest),
            Some(403) => return self.judge_denied(candidate, failure, request).await,
            Some(404) => Some(Reason::NotFound),
            // Of the key, and of the limit.
            Some(401 | 429) => None,
            Some(_) => Some(Reason::Rejected),
            None if failure.kind() == ApiErrorKind::InvalidRequest => Some(Reason::InvalidRequest),
            None => None,
        };
        match refusal {
            Some(reason) => {
                let ended = Ended::failed(State::Refused, reason, failure);
                self.end(candidate, ended, request, None).await
            }
            None => self.plan_again(candidate, failure, request).await,
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
        let status = self.check_status(candidate).await.ok().flatten();
        let reason = status.unwrap_or(Reason::Forbidden);
        let ended = Ended::failed(State::Refused, reason, failure);
        self.end(candidate, ended, request, status).await
    }

    /// Nothing was sent, and it may go better later.
    async fn plan_again(
        &self,
        candidate: &Candidate,
        failure: ApiError,
        request: Option<i64>,
    ) -> Sent {
        if let Some(request) = request {
            let was_answered = failure.status().is_some();
            let counts = if was_answered { COUNTS_ANSWERED } else { 0 };
            let now = self.engine.millis();
            let ending = Ending {
                request: Some((request, now + counts)),
                ..self.ending(candidate, State::Planned, None)
            };
            if let Err(error) = self.engine.store.end_attempt(ending).await {
                return Sent::Failed(error);
            }
        }
        Sent::PlannedAgain(failure)
    }

    pub(super) fn ending(
        &self,
        candidate: &Candidate,
        state: State,
        reason: Option<Reason>,
    ) -> Ending {
        Ending {
            batch: self.batch,
            position: candidate.position,
            state,
            reason,
            detail: None,
            message: None,
            conversation: None,
            now: self.engine.millis(),
            request: None,
            suppress: None,
        }
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
            COUNTS_UNANSWERED
        };
        let mut ending = self.ending(candidate, ended.state, ended.reason);
        ending.detail.clone_from(&ended.detail);
        ending.message = ended.message;
        ending.conversation = conversation;
        ending.request = request.map(|request| (request, ending.now + counts));
        ending.suppress = suppress;
        match self.engine.store.end_attempt(ending).await {
            Ok(()) => Sent::Ended(ended),
            Err(error) => Sent::Failed(error),
        }
    }
}

impl Ended {
    pub(super) fn local(state: State, reason: Reason) -> Self {
        Self {
            state,
            reason: Some(reason),
            detail: None,
            message: None,
            failure: None,
        }
    }

    pub(super) fn failed(state: State, reason: Reason, failure: ApiError) -> Self {
        Self {
            // Neither the text of the error nor the message holds anything of
            // the request.
            detail: Some(failure.to_string()),
            failure: Some(failure),
            ..Self::local(state, reason)
        }
    }
}
