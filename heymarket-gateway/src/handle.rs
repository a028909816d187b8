//! The path of one request through the gateway.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use heymarket_api::{Operation, Safety};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use uuid::Uuid;

use crate::abandon::Departure;
use crate::answer::Answer;
use crate::body::with_local_id;
use crate::forward::{Entry, Outgoing, abandoned, forward};
use crate::idempotency::{hash_of, key_of, once};
use crate::metrics::Counted;
use crate::problem::Problem;
use crate::report::{RequestOutcome, RequestReport};
use crate::route::route;
use crate::shared::Shared;
use crate::webhooks;

/// The headers of callers that the API receives.
static PASSED: [HeaderName; 1] = [HeaderName::from_static("x-request-id")];

const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A request whose answer is reported.
struct Reported {
    started: Timestamp,
    begun: Instant,
    method: Option<Method>,
    operation: Option<&'static str>,
    _in_flight: Counted,
}

/// What a request is for.
enum Wanted {
    /// An answer of the gateway's own.
    Own(Answer),
    /// A request of the API, with the ledger entry if it has a key.
    Api(Outgoing, Option<Entry>),
}

/// Answers a request that arrived at a local address.
pub(crate) async fn handle(
    shared: Arc<Shared>,
    local: IpAddr,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let mut reported = Reported {
        started: Timestamp::now(),
        begun: Instant::now(),
        method: RequestReport::method_of(request.method()),
        operation: None,
        _in_flight: Counted::in_gauge(&shared.metrics.in_flight),
    };
    let answer = match wanted(&shared, local, request, &mut reported.operation).await {
        Err(problem) => reported.end(&shared, problem.into()),
        Ok(Wanted::Own(answer)) => reported.end(&shared, answer),
        // A read ends with its caller.
        Ok(Wanted::Api(outgoing, None)) if outgoing.operation.safety() == Safety::Read => {
            let answer = forward(&shared, &outgoing, None, None).await;
            reported.end(&shared, answer)
        }
        Ok(Wanted::Api(outgoing, entry)) => in_task(&shared, outgoing, entry, reported).await,
    };
    answer.into_response()
}

impl Reported {
    /// Reports the answer.
    fn end(self, shared: &Shared, answer: Answer) -> Answer {
        let report = RequestReport {
            started: self.started,
            method: self.method,
            operation: self.operation,
            status: answer.status,
            problem: answer.problem,
            outcome: answer.outcome,
            attempts: answer.attempts,
            is_replayed: answer.is_replayed,
            duration: self.begun.elapsed(),
            request_id: answer.request_id(),
        };
        shared.metrics.count(&report, answer.rate_limit_wait);
        if let Some(on_request) = &shared.on_request {
            on_request(&report);
        }
        answer
    }
}

/// Does a request that changes something in a task of its own, which outlives the caller's
/// connection once the request has left.
async fn in_task(
    shared: &Arc<Shared>,
    outgoing: Outgoing,
    entry: Option<Entry>,
    reported: Reported,
) -> Answer {
    let (departure, caller) = Departure::new();
    let shared = Arc::clone(shared);
    let alive = Arc::clone(&shared.tasks).read_owned().await;
    let task = tokio::spawn(async move {
        let done = async {
            match entry {
                Some(entry) => once(&shared, &outgoing, entry, &departure).await,
                None => forward(&shared, &outgoing, None, Some(&departure)).await,
            }
        };
        let answer = tokio::select! {
            answer = done => answer,
            () = departure.abandoned() => abandoned(),
        };
        let answer = reported.end(&shared, answer);
        drop(alive);
        answer
    });
    let answer = task.await;
    drop(caller);
    answer.unwrap_or_else(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The gateway failed",
            "the task of the request ended early; please report it",
        )
        .with_outcome(RequestOutcome::Unknown)
        .into()
    })
}

/// Checks a request, and returns what it is for.
async fn wanted(
    shared: &Shared,
    local: IpAddr,
    request: Request<Incoming>,
    name: &mut Option<&'static str>,
) -> Result<Wanted, Problem> {
    let (head, body) = request.into_parts();
    shared.hosts.check(&head.headers, local)?;
    let path = head.uri.path();
    let is_get = head.method == Method::GET;
    if path == "/healthz" && is_get {
        *name = Some("healthz");
        let body = Bytes::from_static(b"{\"status\":\"ok\"}");
        return Ok(Wanted::Own(Answer::new(
            StatusCode::OK,
            "application/json",
            body,
        )));
    }
    // A delivery carries the token of the webhook, in its body.
    if let Some(webhooks) = shared.webhooks.as_ref().filter(|_| path == webhooks::PATH) {
        *name = Some("webhooks");
        let body = read(shared, &head.headers, body).await?;
        let answer = webhooks
            .receive(&head.method, body, &shared.metrics)
            .await?;
        return Ok(Wanted::Own(answer));
    }
    if !shared.token.admits(&head.headers) {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "token",
            "The token is missing or wrong",
            "send the gateway's token as `Authorization: Bearer TOKEN`",
        ));
    }
    if path == "/metrics" && is_get {
        *name = Some("metrics");
        let text = shared.metrics.text().into();
        return Ok(Wanted::Own(Answer::new(StatusCode::OK, METRICS_TYPE, text)));
    }
    let operation = route(&head.method, &head.uri)?;
    *name = Some(operation.id());
    shared.allow.check(operation)?;
    outgoing(shared, head, body, operation).await
}

/// Reads the body of a request of the API, and checks what it asks for.
async fn outgoing(
    shared: &Shared,
    head: http::request::Parts,
    body: Incoming,
    operation: &'static Operation,
) -> Result<Wanted, Problem> {
    let key = key_of(&head.headers)?;
    let given = read(shared, &head.headers, body).await?;
    if let Some(recipients) = &shared.recipients {
        let query = head.uri.query();
        recipients
            .check(&shared.client, operation, query, &given)
            .await?;
    }
    let target = head.uri.path_and_query();
    let target = target.map_or(head.uri.path(), |target| target.as_str());
    let entry = key.as_ref().filter(|_| operation.safety() != Safety::Read);
    if entry.is_some() && shared.ledger.is_none() {
        let detail = "the gateway runs without a ledger, so it takes no Idempotency-Key";
        return Err(Problem::bad_request("no-ledger", detail));
    }
    let entry = entry.map(|key| Entry {
        key: key.clone(),
        request: hash_of(shared.account.as_deref(), operation.id(), target, &given),
    });
    let body = with_key(operation, given, key);
    let passed = PASSED.iter().filter_map(|name| {
        let value = head.headers.get(name)?;
        Some((name.clone(), value.clone()))
    });
    let outgoing = Outgoing {
        operation,
        target: target.to_owned(),
        body,
        headers: passed.collect(),
    };
    Ok(Wanted::Api(outgoing, entry))
}

/// Adds the key where the operation takes one.
fn with_key(operation: &Operation, body: Bytes, key: Option<String>) -> Bytes {
    if !operation.mints_local_id() {
        return body;
    }
    let key = key.unwrap_or_else(|| Uuid::new_v4().to_string());
    with_local_id(body, &key).0
}

/// Reads the body, within the limits of size and time.
async fn read(shared: &Shared, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Problem> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(|encoding| encoding.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoding",
            "The body is encoded",
            "the gateway takes bodies without a Content-Encoding",
        ));
    }
    let limit = shared.limits.max_body_bytes;
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The body is too large",
            format!("the body is larger than {limit} bytes"),
        )
    };
    let announced = headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let collected = Limited::new(body, limit).collect();
    match tokio::time::timeout(shared.limits.read_timeout, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request(
            "body",
            "the body did not arrive whole",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "The body did not arrive in time",
            format!(
                "the body did not arrive within {} s",
                shared.limits.read_timeout.as_secs_f64()
            ),
        )),
    }
}
