//! A whole batch as one message to a list.

use std::sync::Arc;
use std::time::Duration;

use heymarket_api::Error as ApiError;
use heymarket_api::types::{CreateList, SendMessage};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::approval::Approval;
use super::attempted::{Attempted, To};
use super::ended::{Ended, refused_because, unknown_because};
use super::noted::{COUNTS_ANSWERED, Failed, counts_unanswered, noted};
use super::sender::Sender;
use crate::error::Error;
use crate::settings::Unknown;
use crate::state::{Reason, State};
use crate::store::{Ending, ListSend, Verdict};

/// How many recipients are read at once.
const CHUNK: usize = 1000;

/// The outcome of the message to a list.
pub(super) enum ListSent {
    /// All of its recipients have come to this state.
    Ended(Ended),
    /// Its answer was lost.
    Unknown(Ended),
    /// It is not in the history; look again this long after the attempt.
    Later(Duration),
    Held,
    /// The batch cannot be sent to a list, for this reason.
    Impossible(String),
    NotSent(ApiError),
    LookupFailed(ApiError),
    Failed(Error),
}

impl Sender {
    pub(super) async fn send_list(
        self: Arc<Self>,
        list: ListSend,
        zone: Option<TimeZone>,
    ) -> ListSent {
        let (list_id, list) = match self.list(list).await {
            Ok(list) => list,
            Err(sent) => return sent,
        };
        let message = self.list_message(list.send_key).list_id(list_id);
        let approval = Arc::new(Approval::default());
        let attempted = Arc::new(Attempted {
            batch: self.batch,
            to: To::List(list.list_key),
            body: self.hash(&message),
        });
        let client = self.client_with(&approval, zone, &attempted);
        let answer = client.send_message(&message).await;
        let request = match approval.take() {
            Some(Ok(Verdict::Go(request))) => Some(request),
            Some(Ok(_)) => return ListSent::Held,
            Some(Err(error)) => return ListSent::Failed(error),
            None => None,
        };
        match answer {
            Ok(response) => {
                let mut ended = Ended::local(State::Sent, Reason::Accepted);
                ended.message = Some(response.id.into());
                self.end_list(ended, request, COUNTS_ANSWERED).await
            }
            Err(failure) => match approval.held(&failure) {
                Some(counts) => {
                    let planned = attempted.plan_again(&self.engine, request, counts).await;
                    planned.map_or_else(ListSent::Failed, |()| ListSent::Held)
                }
                None => self.judge_list(&attempted, failure, request).await,
            },
        }
    }

    fn list_message(&self, send_key: Uuid) -> SendMessage {
        self.content(None).local_id(send_key.to_string())
    }

    /// The list of everyone who is planned, which is created if it does not
    /// exist. Someone who opted out since then is on no list that is sent to.
    async fn list(&self, mut list: ListSend) -> Result<(i64, ListSend), ListSent> {
        let store = &self.engine.store;
        let (now, new_key) = (self.engine.millis(), Uuid::new_v4());
        let refused = store.refuse_suppressed(self.batch, new_key, now).await;
        let refused = refused.map_err(ListSent::Failed)?;
        if let Some(id) = list.list_id.filter(|_| refused == 0) {
            return Ok((id, list));
        }
        // A list that was asked for and whose answer was lost may have someone who opted out
        // since, and its key would return it.
        list.list_key = new_key;
        list.list_id = None;
        let changed = store.set_list(self.batch, Some(list.clone())).await;
        changed.map_err(ListSent::Failed)?;
        let phones = self.planned_numbers().await.map_err(ListSent::Failed)?;
        if phones.is_empty() {
            return Err(ListSent::Held);
        }
        let (engine, client, stop) = (&self.engine, &self.client, &self.stop);
        let not_made = |failed| match failed {
            Failed::Api(failure) => ListSent::NotSent(failure),
            Failed::Ledger(error) => ListSent::Failed(error),
            Failed::Stopped => ListSent::Held,
        };
        let team = noted(engine, client, stop, async |client| client.get_team().await);
        let team = team.await.map_err(not_made)?;
        if let Some(size) = team.list_size
            && i64::try_from(phones.len()).is_ok_and(|count| count > size)
        {
            return Err(ListSent::Impossible(format!(
                "{} recipients do not fit on a list of this team, which has {size} at most; plan \
                 another batch without a list",
                phones.len()
            )));
        }
        let title = format!("Outbox {}", list.list_key);
        let request = CreateList::new(title, list.list_key.to_string()).phones(phones);
        let created = noted(engine, client, stop, async |client| {
            client.create_list(&request).await
        });
        let created = created.await.map_err(not_made)?;
        list.list_id = Some(created.id);
        let changed = store.set_list(self.batch, Some(list.clone())).await;
        changed.map_err(ListSent::Failed)?;
        Ok((created.id, list))
    }

    async fn planned_numbers(&self) -> Result<Vec<String>, Error> {
        let (mut numbers, mut after) = (Vec::new(), 0);
        loop {
            let planned = Some(State::Planned);
            let store = &self.engine.store;
            let rows = store.rows(self.batch, after, planned, CHUNK).await?;
            let Some(last) = rows.last() else {
                return Ok(numbers);
            };
            after = last.position;
            numbers.extend(rows.into_iter().filter_map(|row| row.phone));
        }
    }

    async fn judge_list(
        &self,
        attempted: &Attempted,
        failure: ApiError,
        request: Option<i64>,
    ) -> ListSent {
        if failure.may_have_been_sent() {
            let ended = Ended::failed(State::Unknown, unknown_because(&failure), failure);
            let counts = counts_unanswered(&self.client);
            return match self.end_list(ended, request, counts).await {
                ListSent::Ended(ended) => ListSent::Unknown(ended),
                sent => sent,
            };
        }
        match refused_because(&failure) {
            Some(reason) => {
                let ended = Ended::failed(State::Refused, reason, failure);
                self.end_list(ended, request, COUNTS_ANSWERED).await
            }
            None => {
                let planned = attempted.plan_again(&self.engine, request, COUNTS_ANSWERED);
                let planned = planned.await;
                planned.map_or_else(ListSent::Failed, |()| ListSent::NotSent(failure))
            }
        }
    }

    /// Writes down what all of its recipients have come to.
    async fn end_list(&self, ended: Ended, request: Option<i64>, counts: i64) -> ListSent {
        let now = self.engine.millis();
        let ending = Ending {
            batch: self.batch,
            position: 0,
            state: ended.state,
            reason: ended.reason,
            detail: ended.detail.clone(),
            message: ended.message,
            conversation: None,
            now,
            request: request.map(|request| (request, now.saturating_add(counts))),
            suppress: None,
        };
        match self.engine.store.end_list(self.batch, ending).await {
            Ok(_) => ListSent::Ended(ended),
            Err(error) => ListSent::Failed(error),
        }
    }

    /// Looks for the message to the list, among the latest of the team.
    pub(super) async fn look_up_list(
        &self,
        list: &ListSend,
        age: Duration,
        is_cancelled: bool,
    ) -> ListSent {
        let message = self
            .list_message(list.send_key)
            .list_id(list.list_id.unwrap_or_default());
        let found = noted(&self.engine, &self.client, &self.stop, async |client| {
            client.find_sent(&message).await
        });
        let ended = match found.await {
            Err(Failed::Api(failure)) => return ListSent::LookupFailed(failure),
            Err(Failed::Ledger(error)) => return ListSent::Failed(error),
            Err(Failed::Stopped) => return ListSent::Held,
            Ok(Some(message)) => {
                let mut ended = Ended::local(State::Sent, Reason::FoundInHistory);
                ended.message = message.broadcast_id;
                ended
            }
            Ok(None) => match self.settings.unknown {
                Unknown::ResendAfter(after) if !is_cancelled && age < after => {
                    return ListSent::Later(after);
                }
                Unknown::ResendAfter(_) if !is_cancelled => {
                    Ended::local(State::Planned, Reason::SentAgain)
                }
                _ => Ended::local(State::NeedsReview, Reason::NotFoundInHistory),
            },
        };
        self.end_list(ended, None, 0).await
    }
}
