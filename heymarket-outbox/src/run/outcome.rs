//! Receives what the tasks of a run have come to.

use std::sync::Arc;
use std::time::Duration;

use heymarket_api::Error as ApiError;

use super::ended::Ended;
use super::list::ListSent;
use super::lookup::Looked;
use super::progress::{Finished, Outcome, Progress, task_failed};
use super::send::Sent;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Row};
use crate::state::{Reason, State};
use crate::store::{BatchState, Candidate};

/// How long after a lookup that failed it is tried again.
const LOOKUP_RETRY: Duration = Duration::from_secs(30);

impl Progress {
    pub(super) async fn hear(
        &mut self,
        finished: Result<Finished, tokio::task::JoinError>,
    ) -> Result<(), Error> {
        let (batch, candidate, started, outcome) = match finished.map_err(task_failed)? {
            Finished::Recipient {
                batch,
                candidate,
                started,
                outcome,
            } => (batch, candidate, started, outcome),
            Finished::Quiet(inboxes) => {
                self.quiet.end_check(inboxes);
                return Ok(());
            }
        };
        self.busy.remove(&(batch, candidate.position));
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.in_flight -= 1;
            lane.is_swept = false;
        }
        match outcome {
            Outcome::Sent(Sent::Ended(ended)) => {
                self.ended(batch, candidate, started, ended).await?
            }
            // Another caller changed the batch, or its window closed.
            Outcome::Sent(Sent::Held | Sent::Gone) => self.refreshed = None,
            Outcome::Sent(Sent::PlannedAgain(failure)) => {
                self.not_sent(batch, candidate, started, failure).await;
            }
            Outcome::Sent(Sent::Failed(error)) => self.end_with(error),
            Outcome::Looked { looked, attempted } => {
                self.looked(batch, candidate, started, looked, attempted)
                    .await;
            }
            Outcome::List { sent, attempted } => {
                self.list_sent(batch, candidate, started, sent, attempted)
                    .await?;
            }
        }
        Ok(())
    }

    fn row(&self, batch: i64, candidate: &Candidate, ended: &Ended) -> Row {
        let id = self.lanes.get(&batch).map(|lane| Arc::clone(&lane.id));
        Row {
            batch: id.unwrap_or_else(|| Arc::from("")),
            line: candidate.line,
            reason: ended.reason,
            detail: ended.detail.clone(),
            message_id: ended.message,
        }
    }

    async fn ended(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        ended: Ended,
    ) -> Result<(), Error> {
        let row = self.row(batch, &candidate, &ended);
        match ended.state {
            State::Sent => {
                self.health.succeeded();
                if let Some(lane) = self.lanes.get_mut(&batch) {
                    lane.accepted();
                }
                self.tell(Event::Sent(row)).await;
            }
            State::Unknown => {
                self.tell(Event::Unknown(row)).await;
                self.look_up_later(batch, candidate);
                if let Some(failure) = ended.failure {
                    self.failed(started, failure).await;
                }
            }
            State::NeedsReview => self.tell(Event::NeedsReview(row)).await,
            _ => {
                let is_of_api = ended.failure.is_some();
                let is_of_recipient =
                    matches!(ended.reason, Some(Reason::OptedOut | Reason::Blocked));
                if is_of_api {
                    self.health.succeeded();
                }
                let problem = row.detail.clone().unwrap_or_default();
                self.tell(Event::Refused(row)).await;
                if is_of_api && !is_of_recipient {
                    self.refused(batch, problem).await?;
                }
            }
        }
        Ok(())
    }

    /// A batch of which nothing is accepted is paused.
    async fn refused(&mut self, batch: i64, problem: String) -> Result<(), Error> {
        let Some(lane) = self.lanes.get_mut(&batch) else {
            return Ok(());
        };
        if lane.refused() {
            self.pause(batch, problem).await?;
        }
        Ok(())
    }

    /// Pauses a batch that cannot be sent.
    async fn pause(&mut self, batch: i64, problem: String) -> Result<(), Error> {
        let Some(lane) = self.lanes.get_mut(&batch) else {
            return Ok(());
        };
        lane.state = BatchState::Paused;
        lane.clear();
        let id = Arc::clone(&lane.id);
        let now = self.engine.millis();
        let store = Arc::clone(&self.engine.store);
        // One that was cancelled meanwhile stays so.
        if store
            .set_batch_state(batch, BatchState::Paused, now)
            .await?
        {
            self.tell(Event::Stopped { batch: id, problem }).await;
        }
        Ok(())
    }

    /// Nothing was sent: the key, the limit or the network.
    async fn not_sent(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        failure: ApiError,
    ) {
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.put_back(candidate);
        }
        if failure.is_unauthorized() {
            let problem = "the API does not accept the credentials; the rest is still planned";
            self.end_with(Error::new(ErrorKind::Stopped, problem).with_source(failure));
        } else if !failure.is_rate_limited() {
            self.failed(started, failure).await;
        }
    }

    async fn looked(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        looked: Looked,
        attempted: Duration,
    ) {
        let due = match looked {
            Looked::Ended(ended) => {
                let row = self.row(batch, &candidate, &ended);
                let event = match ended.state {
                    State::Sent => Event::Sent(row),
                    State::Planned => Event::Resending(row),
                    _ => Event::NeedsReview(row),
                };
                if ended.state == State::Planned
                    && let Some(lane) = self.lanes.get_mut(&batch)
                {
                    lane.put_back(candidate);
                }
                return self.tell(event).await;
            }
            Looked::Later(after) => attempted.saturating_add(after),
            Looked::Failed(failure) => {
                let due = self.elapsed().saturating_add(LOOKUP_RETRY);
                self.lookup_failed(started, failure).await;
                due
            }
            Looked::NotWritten(error) => return self.end_with(error),
            Looked::Stopped => return,
        };
        self.look_up_at(batch, candidate, attempted, due);
    }

    async fn lookup_failed(&mut self, started: Duration, failure: ApiError) {
        if failure.is_unauthorized() {
            let problem = "the API does not accept the credentials; the rest is still planned";
            self.end_with(Error::new(ErrorKind::Stopped, problem).with_source(failure));
        } else {
            self.failed(started, failure).await;
        }
    }

    async fn list_sent(
        &mut self,
        batch: i64,
        candidate: Candidate,
        started: Duration,
        sent: ListSent,
        attempted: Duration,
    ) -> Result<(), Error> {
        if let Some(lane) = self.lanes.get_mut(&batch) {
            lane.clear();
        }
        match sent {
            ListSent::Ended(ended) => {
                self.health.succeeded();
                let row = self.row(batch, &candidate, &ended);
                let event = match ended.state {
                    State::Sent => Event::Sent(row),
                    State::Planned => Event::Resending(row),
                    State::NeedsReview => Event::NeedsReview(row),
                    _ => Event::Refused(row),
                };
                self.tell(event).await;
            }
            ListSent::Unknown(ended) => {
                let row = self.row(batch, &candidate, &ended);
                self.tell(Event::Unknown(row)).await;
                self.look_up_later(batch, candidate);
                if let Some(failure) = ended.failure {
                    self.failed(started, failure).await;
                }
            }
            ListSent::Later(after) => {
                let due = attempted.saturating_add(after);
                self.look_up_at(batch, candidate, attempted, due);
            }
            ListSent::Held => {}
            ListSent::Impossible(problem) => self.pause(batch, problem).await?,
            ListSent::NotSent(failure) => {
                self.not_sent(batch, candidate, started, failure).await;
            }
            ListSent::LookupFailed(failure) => {
                self.look_up_later(batch, candidate);
                self.lookup_failed(started, failure).await;
            }
            ListSent::Failed(error) => self.end_with(error),
        }
        Ok(())
    }
}
