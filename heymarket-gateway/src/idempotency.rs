//! `Idempotency-Key`: the same key again gets the recorded answer, a 409 while the first
//! request is under way, or, if the first has an unknown outcome, what a search finds.

use std::sync::Arc;

use bytes::Bytes;
use heymarket_api::types::{Message, SendMessage};
use heymarket_api::{CLOCK_SKEW, Effect, Safety, operations};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::abandon::Departure;
use crate::answer::Answer;
use crate::forward::{Entry, Outgoing, forward};
use crate::ledger::{Recorded, RequestHash};
use crate::problem::Problem;
use crate::report::RequestOutcome;
use crate::shared::Shared;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key, in bytes.
const MAX_BYTES: usize = 255;

/// Returns the key of a request, without the quotes of a structured header.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let refuse = |detail: &str| Err(Problem::bad_request("idempotency-key", detail));
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return refuse("there are two Idempotency-Key headers");
    }
    let value = value.to_str().unwrap_or_default().trim();
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value);
    let is_plain = bare
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    if bare.is_empty() || bare.len() > MAX_BYTES || !is_plain {
        return refuse(
            "the Idempotency-Key is not 1 to 255 characters of ASCII without spaces, quotes and \
             backslashes",
        );
    }
    Ok(Some(bare.to_owned()))
}

/// Returns the hash of a request: the operation, the target, the caller's body and the
/// account, if it has a name.
pub(crate) fn hash_of(
    account: Option<&str>,
    operation: &str,
    target: &str,
    body: &[u8],
) -> RequestHash {
    let mut hash = Sha256::new();
    let request = [operation.as_bytes(), target.as_bytes(), body];
    for part in request.into_iter().chain(account.map(str::as_bytes)) {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Does a request with a key: at most once, whatever ends the gateway.
pub(crate) async fn once(
    shared: &Arc<Shared>,
    outgoing: &Outgoing,
    entry: Entry,
    departure: &Departure,
) -> Answer {
    let underway = match shared.in_flight.claim(&entry.key, entry.request) {
        Ok(underway) => underway,
        Err(other) if other == entry.request => return under_way(),
        Err(_) => return another_request(),
    };
    let answer = match found(shared, &entry).await {
        Err(problem) => problem.into(),
        Ok(None) => sent(shared, outgoing, entry, departure, true).await,
        Ok(Some(found)) if found.request != entry.request => another_request(),
        Ok(Some(found)) => match found.answer {
            Some(recorded) => {
                shared.metrics.replayed.inc();
                replayed(recorded)
            }
            None => {
                let begun = Timestamp::from_millisecond(found.begun).unwrap_or_default();
                again(shared, outgoing, entry, departure, begun).await
            }
        },
    };
    drop(underway);
    answer
}

async fn found(shared: &Shared, entry: &Entry) -> Result<Option<crate::ledger::Entry>, Problem> {
    let found = async { shared.ledger()?.find(entry.key.clone()).await };
    found.await.map_err(ledger_failed)
}

fn ledger_failed(error: String) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "ledger",
        "The ledger cannot be used",
        format!("the keys cannot be read or written ({error}); nothing was sent"),
    )
}

/// Sends a request, and records its outcome.
async fn sent(
    shared: &Arc<Shared>,
    outgoing: &Outgoing,
    entry: Entry,
    departure: &Departure,
    is_first: bool,
) -> Answer {
    let key = entry.key.clone();
    let mut answer = forward(shared, outgoing, Some(entry), Some(departure)).await;
    if answer.outcome == RequestOutcome::NotSent && !is_first {
        // This one did nothing, but an earlier one may have.
        answer.outcome = RequestOutcome::Unknown;
    }
    let recorded = match answer.outcome {
        RequestOutcome::Done => record(shared, key, &answer).await,
        RequestOutcome::NotSent => {
            let forgotten = async { shared.ledger()?.forget(key).await };
            forgotten.await
        }
        // The next request with the key looks it up.
        RequestOutcome::Unknown => Ok(()),
    };
    if recorded.is_err() {
        // The answer is still the caller's. The next request with the key looks it up.
        shared.metrics.unrecorded.inc();
    }
    answer
}

async fn record(shared: &Shared, key: String, answer: &Answer) -> Result<(), String> {
    let headers: Vec<(&str, &str)> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let recorded = Recorded {
        status: answer.status.as_u16(),
        headers: json!(headers).to_string(),
        local_id: answer.local_id.clone(),
        body: answer.body.to_vec(),
    };
    shared.ledger()?.answer(key, recorded).await
}

fn replayed(recorded: Recorded) -> Answer {
    let pairs: Vec<(String, String)> = serde_json::from_str(&recorded.headers).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            headers.append(name, value);
        }
    }
    let status = StatusCode::from_u16(recorded.status).unwrap_or(StatusCode::OK);
    Answer {
        local_id: recorded.local_id,
        is_replayed: true,
        ..Answer::passed(status, &headers, Bytes::from(recorded.body))
    }
}

/// Answers a request whose first one has an unknown outcome.
async fn again(
    shared: &Arc<Shared>,
    outgoing: &Outgoing,
    entry: Entry,
    departure: &Departure,
    begun: Timestamp,
) -> Answer {
    let local_id = crate::body::local_id(&outgoing.body);
    let may_repeat = match outgoing.operation.safety() {
        Safety::Read | Safety::Idempotent => true,
        Safety::Keyed => local_id.is_some(),
        _ => false,
    };
    // The API may no longer recognize the `local_id`, and a second message cannot be undone.
    if may_repeat && outgoing.operation.effect() != Effect::Sends {
        return sent(shared, outgoing, entry, departure, false).await;
    }
    let unknown = |detail: &str| Answer {
        local_id: local_id.clone(),
        ..unknown_outcome(detail)
    };
    if outgoing.operation.id() != operations::SEND_MESSAGE.id() {
        return unknown("the operation has no search that would tell");
    }
    let Ok(message) = serde_json::from_slice::<SendMessage>(&outgoing.body) else {
        return unknown("its body does not decode, so the message cannot be looked for");
    };
    match shared.client.find_sent_since(&message, begun).await {
        Ok(Some(message)) if is_older(&message, begun) => unknown(
            "the message history has only an older message with the same local_id; send this one \
             under another key and local_id only once you are sure that it was not sent",
        ),
        Ok(Some(message)) => {
            shared.metrics.recovered.inc();
            let answer = Answer {
                local_id,
                is_replayed: true,
                ..of_message(&message)
            };
            if record(shared, entry.key, &answer).await.is_err() {
                shared.metrics.unrecorded.inc();
            }
            answer
        }
        Ok(None) => unknown(
            "the message history does not show it; it may still appear, so ask again with the \
             same key, and send it under another key only once you are sure",
        ),
        Err(error) => unknown(&format!("the message history could not be read: {error}")),
    }
}

/// Returns whether a message is from before a request: that of an earlier one with the
/// same `local_id`.
fn is_older(message: &Message, begun: Timestamp) -> bool {
    let earliest = begun.saturating_sub(CLOCK_SKEW).unwrap_or(begun);
    message.date.is_some_and(|date| date < earliest)
}

/// Returns the answer to a send whose own was lost, from the message in the history.
fn of_message(message: &Message) -> Answer {
    let mut body = json!({"id": message.id});
    if let Some(date) = message.date {
        body["date"] = date.to_string().into();
    }
    if let Some(conversation) = &message.conversation {
        body["convo_id"] = json!(conversation.id);
    }
    Answer::new(StatusCode::OK, "application/json", body.to_string().into())
}

fn unknown_outcome(detail: &str) -> Answer {
    let status = StatusCode::CONFLICT;
    let title = "The outcome of the first request is unknown";
    Problem::new(status, "outcome-unknown", title, detail)
        .with_outcome(RequestOutcome::Unknown)
        .into()
}

fn under_way() -> Answer {
    Problem::new(
        StatusCode::CONFLICT,
        "under-way",
        "A request with this key is under way",
        "the first request with this Idempotency-Key has no answer yet; ask again",
    )
    .with_outcome(RequestOutcome::Unknown)
    .retry_after(std::time::Duration::from_secs(1))
    .into()
}

fn another_request() -> Answer {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "another-request",
        "The key belongs to another request",
        "another operation, target or body was sent with this Idempotency-Key, or another \
         account used it; use a key of its own for each request",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(value: &str) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, value.parse().expect("a value"));
        key_of(&headers).map_err(|problem| problem.status.as_u16())
    }

    #[test]
    fn keys_are_plain_text_with_or_without_quotes() {
        assert_eq!(key("order-7"), Ok(Some("order-7".to_owned())));
        assert_eq!(key("\"order-7\""), Ok(Some("order-7".to_owned())));
        for wrong in ["", "\"\"", "a b", "a\"b", "a\\b", &"x".repeat(256)] {
            assert_eq!(key(wrong), Err(400), "{wrong}");
        }
        assert_eq!(key_of(&HeaderMap::new()).ok(), Some(None));
    }

    #[test]
    fn every_part_of_a_request_is_in_its_hash() {
        let hash = hash_of(None, "a", "/b", b"c");
        assert_eq!(hash, hash_of(None, "a", "/b", b"c"));
        for (operation, target, body) in [("x", "/b", "c"), ("a", "/bc", ""), ("a", "/b", "d")] {
            assert_ne!(hash, hash_of(None, operation, target, body.as_bytes()));
        }
        let named = hash_of(Some("live"), "a", "/b", b"c");
        for other in [None, Some(""), Some("staging")] {
            assert_ne!(named, hash_of(other, "a", "/b", b"c"));
        }
    }
}
