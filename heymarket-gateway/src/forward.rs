//! Sends a request through the client, which signs it, paces it and retries it.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::Bytes;
use heymarket_api::{Error, ErrorKind, Operation, RawRequest};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::de::IgnoredAny;

use crate::abandon::Departure;
use crate::answer::Answer;
use crate::ledger::RequestHash;
use crate::problem::Problem;
use crate::shared::Shared;

/// A request that has passed all checks.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) operation: &'static Operation,
    /// With the query.
    pub(crate) target: String,
    pub(crate) body: Bytes,
    /// The headers of the caller's that pass.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What the ledger records before a request leaves.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) request: RequestHash,
}

/// Sends a request and returns the answer to it. Writes the entry to the ledger once the
/// rate limit has admitted the request, before it leaves.
pub(crate) async fn forward(
    shared: &Arc<Shared>,
    outgoing: &Outgoing,
    entry: Option<Entry>,
    departure: Option<&Departure>,
) -> Answer {
    let method = outgoing.operation.method().clone();
    let request = RawRequest::verbatim(method, &outgoing.target, outgoing.body.clone());
    let before = before_attempt(shared, entry, departure.cloned());
    let client = shared.client.with_options(|mut options| {
        for (name, value) in &outgoing.headers {
            options = options.header(name.clone(), value.clone());
        }
        match before {
            Some(before) => options.before_attempt(before),
            None => options,
        }
    });
    let sent = client.execute_as::<IgnoredAny>(&request).await;
    match sent {
        Ok(response) => Answer {
            local_id: response.local_id().map(str::to_owned),
            ..Answer::passed(
                response.status(),
                response.headers(),
                response.body().clone(),
            )
        }
        .after(response.attempts()),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Answer {
    let is_abandoned = error.kind() == ErrorKind::Cancelled
        && StdError::source(error).is_some_and(|source| source.is::<Abandoned>());
    if is_abandoned {
        return abandoned();
    }
    Answer::of_error(error)
}

/// Returns the answer to a caller that has disconnected. It is only logged.
pub(crate) fn abandoned() -> Answer {
    let status = http::StatusCode::SERVICE_UNAVAILABLE;
    let detail = "the caller disconnected before the request left";
    Problem::new(status, "abandoned", "The caller disconnected", detail).into()
}

/// The caller disconnected before its request left.
#[derive(Debug, thiserror::Error)]
#[error("the caller disconnected")]
struct Abandoned;

type AnyError = Box<dyn StdError + Send + Sync>;
type Approval = std::pin::Pin<Box<dyn Future<Output = Result<(), AnyError>> + Send>>;

/// Returns what happens immediately before each attempt.
fn before_attempt(
    shared: &Arc<Shared>,
    entry: Option<Entry>,
    departure: Option<Departure>,
) -> Option<impl Fn() -> Approval + Send + Sync + 'static> {
    if entry.is_none() && departure.is_none() {
        return None;
    }
    let shared = Arc::clone(shared);
    Some(move || {
        let (shared, entry, departure) = (Arc::clone(&shared), entry.clone(), departure.clone());
        let approval: Approval = Box::pin(async move {
            // First: a task that is abandoned would leave a row that it does not remove.
            if departure.is_some_and(|departure| !departure.leave()) {
                return Err(Box::new(Abandoned) as AnyError);
            }
            if let Some(Entry { key, request }) = entry {
                let now = Timestamp::now().as_millisecond();
                shared.ledger()?.begin(key, request, now).await?;
            }
            Ok(())
        });
        approval
    })
}
