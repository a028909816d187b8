//! The sandbox's own endpoints, under `/_sandbox/`: they need no credentials,
//! speak JSON, and do what no operation of the API can. Web pages cannot use
//! them.

mod guard;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::http::{Answer, Reading, internal, read_json};
use crate::store::{Inbound, Refusal};
use crate::trouble::Rule;
use crate::webhooks::Webhook;
use crate::world::{Shared, World};

type Shares = State<Arc<Shared>>;

/// The id in a path, as text.
type Id = Result<Path<String>, PathRejection>;

/// Each endpoint with what it does, as `GET /_sandbox/` lists them.
const ENDPOINTS: [(&str, &str); 14] = [
    ("GET /_sandbox/", "this list"),
    ("GET /_sandbox/state", "everything that is remembered"),
    (
        "POST /_sandbox/reset",
        "back to the demo data, and to the rules, webhooks and time of the start",
    ),
    ("GET /_sandbox/clock", "the time"),
    (
        "PUT /_sandbox/clock",
        "set it: {\"now\": \"2026-05-07T12:00:00Z\"}, {\"advance_seconds\": 900}, \
         {\"frozen\": true} or {\"system\": true}",
    ),
    (
        "PUT /_sandbox/dialect",
        "{\"dialect\": \"documented\"}, observed or mixed",
    ),
    (
        "GET /_sandbox/rules",
        "the rules, and how often each was met",
    ),
    (
        "POST /_sandbox/rules",
        "{\"trouble\": \"status\", \"operation\": \"get_team\", \"nth\": 1}",
    ),
    (
        "DELETE /_sandbox/rules",
        "no more trouble; with /{id}, of one rule",
    ),
    (
        "GET /_sandbox/webhooks",
        "who is told of what happens, and how that went",
    ),
    (
        "POST /_sandbox/webhooks",
        "{\"url\": \"http://127.0.0.1:9000/\", \"token\": \"...\"}",
    ),
    (
        "DELETE /_sandbox/webhooks",
        "tell nobody; with /{id}, not one",
    ),
    (
        "POST /_sandbox/inbound",
        "a customer writes: {\"inbox_id\": 41001, \"from\": \"15550100101\", \"text\": \"Hi\"}",
    ),
    (
        "PUT /_sandbox/messages/{id}",
        "{\"status\": \"delivered\"}, or failed with an \"error\"",
    ),
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_sandbox", get(index))
        .route("/_sandbox/", get(index))
        .route("/_sandbox/state", get(state))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/clock", get(clock).put(set_clock))
        .route("/_sandbox/dialect", put(set_dialect))
        .route(
            "/_sandbox/rules",
            get(rules).post(add_rule).delete(clear_rules),
        )
        .route("/_sandbox/rules/{id}", delete(remove_rule))
        .route(
            "/_sandbox/webhooks",
            get(webhooks).post(add_webhook).delete(clear_webhooks),
        )
        .route("/_sandbox/webhooks/{id}", delete(remove_webhook))
        .route("/_sandbox/inbound", post(inbound))
        .route("/_sandbox/messages/{id}", put(set_message))
        .layer(middleware::from_fn(guard::guard))
        .with_state(shared)
}

/// What an endpoint gives.
struct Reply(Result<Value, Refusal>);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let answer = match self.0 {
            Ok(value) => Answer::json(200, &value),
            Err(refusal) => {
                let body = json!({"name": refusal.name, "message": refusal.message});
                Answer::json(refusal.status, &body)
            }
        };
        answer.into_response()
    }
}

async fn index() -> Reply {
    let endpoints = ENDPOINTS.into_iter();
    let endpoints: serde_json::Map<_, _> = endpoints
        .map(|(endpoint, what)| (endpoint.to_owned(), what.into()))
        .collect();
    Reply(Ok(endpoints.into()))
}

async fn state(State(shared): Shares) -> Reply {
    let shown = shared.world().shown();
    Reply(shown.map_err(|error| internal(&error.to_string())))
}

async fn reset(State(shared): Shares) -> Reply {
    let reset = shared.reset();
    Reply(done(reset.map_err(|error| internal(&error.to_string()))))
}

fn done(result: Result<(), Refusal>) -> Result<Value, Refusal> {
    result.map(|()| json!({"done": true}))
}

async fn clock(State(shared): Shares) -> Reply {
    Reply(Ok(shown_clock(&shared.world())))
}

fn shown_clock(world: &World) -> Value {
    json!({"now": world.clock.now().to_string(), "frozen": world.clock.is_frozen()})
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SetClock {
    now: Option<Timestamp>,
    advance_seconds: Option<u64>,
    frozen: Option<bool>,
    system: bool,
}

async fn set_clock(State(shared): Shares, request: Request) -> Reply {
    Reply(
        with(&shared, request, |shared, set: SetClock| {
            let ways = usize::from(set.now.is_some())
                + usize::from(set.advance_seconds.is_some())
                + usize::from(set.system);
            if ways > 1 || (ways == 0 && set.frozen.is_none()) {
                return Err(Refusal::bad_data(
                    "now",
                    "give one of now, advance_seconds and system, or frozen",
                ));
            }
            Ok(shared.set_clock(|clock| {
                if set.system {
                    *clock = crate::clock::Clock::SYSTEM;
                }
                if let Some(seconds) = set.advance_seconds {
                    clock.advance(Duration::from_secs(seconds));
                }
                let frozen = set.frozen.unwrap_or(clock.is_frozen());
                if set.now.is_some() || frozen != clock.is_frozen() {
                    clock.set(set.now.unwrap_or(clock.now()), frozen);
                }
            }))
        })
        .await,
    )
}

impl Shared {
    /// Sets the clock, and delivers what is due by then.
    pub(crate) fn set_clock(&self, set: impl FnOnce(&mut crate::clock::Clock)) -> Value {
        let shown = self.change(|world| {
            set(&mut world.clock);
            world.deliver_due();
            shown_clock(world)
        });
        self.rescheduled.notify_one();
        shown
    }

    pub(crate) fn inbound(&self, inbound: &Inbound) -> Result<Value, Refusal> {
        let sent = self.change(|world| world.receive(inbound))?;
        Ok(json!({"id": sent.id, "convo_id": sent.conversation}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetDialect {
    dialect: Dialect,
}

async fn set_dialect(State(shared): Shares, request: Request) -> Reply {
    Reply(
        with(&shared, request, |shared, set: SetDialect| {
            shared.change(|world| world.set_dialect(set.dialect));
            done(Ok(()))
        })
        .await,
    )
}

async fn rules(State(shared): Shares) -> Reply {
    let world = shared.world();
    Reply(serde_json::to_value(world.rules.active()).map_err(|error| internal(&error.to_string())))
}

async fn add_rule(State(shared): Shares, request: Request) -> Reply {
    Reply(
        with(&shared, request, |shared, rule: Rule| {
            let added = shared.change(|world| world.rules.add(rule));
            added
                .map(|id| json!({ "id": id }))
                .map_err(|error| Refusal::new(400, "bad_data", error.to_string()))
        })
        .await,
    )
}

async fn clear_rules(State(shared): Shares) -> Reply {
    shared.change(|world| world.rules.clear());
    Reply(done(Ok(())))
}

async fn remove_rule(State(shared): Shares, id: Id) -> Reply {
    Reply(remove(id, "rule", |id| {
        shared.change(|world| world.rules.remove(id))
    }))
}

/// Of what is no number, there is nothing.
fn number<T: FromStr>(id: Id) -> Option<T> {
    id.ok()?.parse().ok()
}

/// Removes what the path names by its id.
fn remove<T: FromStr>(
    id: Id,
    noun: &str,
    remove: impl FnOnce(T) -> bool,
) -> Result<Value, Refusal> {
    if number(id).is_some_and(remove) {
        return done(Ok(()));
    }
    Err(Refusal::not_found(format!("no {noun} has this id")))
}

async fn webhooks(State(shared): Shares) -> Reply {
    Reply(Ok(shared.world().webhooks.report()))
}

async fn add_webhook(State(shared): Shares, request: Request) -> Reply {
    Reply(
        with(&shared, request, |shared, webhook: Webhook| {
            let added = shared.change(|world| world.webhooks.add(webhook));
            added
                .map(|id| json!({ "id": id }))
                .map_err(|problem| Refusal::new(400, "bad_data", problem))
        })
        .await,
    )
}

async fn clear_webhooks(State(shared): Shares) -> Reply {
    shared.change(|world| world.webhooks.clear());
    Reply(done(Ok(())))
}

async fn remove_webhook(State(shared): Shares, id: Id) -> Reply {
    Reply(remove(id, "webhook", |id| {
        shared.change(|world| world.webhooks.remove(id))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboundRequest {
    inbox_id: i64,
    from: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    media_url: String,
}

async fn inbound(State(shared): Shares, request: Request) -> Reply {
    Reply(
        with(&shared, request, |shared, request: InboundRequest| {
            let is_phone =
                !request.from.is_empty() && request.from.bytes().all(|byte| byte.is_ascii_digit());
            if !is_phone && !request.from.contains('@') {
                let problem = "must be a phone number, digits only, or an e-mail address";
                return Err(Refusal::bad_data("from", problem));
            }
            shared.inbound(&Inbound {
                inbox: request.inbox_id,
                from: request.from,
                text: request.text,
                media: request.media_url,
            })
        })
        .await,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMessage {
    status: MessageStatus,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessageStatus {
    Sent,
    Delivered,
    Failed,
}

async fn set_message(State(shared): Shares, id: Id, request: Request) -> Reply {
    let id = number(id).unwrap_or_default();
    Reply(
        with(&shared, request, |shared, set: SetMessage| {
            let status = match set.status {
                MessageStatus::Sent => "sent",
                MessageStatus::Delivered => "delivered",
                MessageStatus::Failed => "failed",
            };
            done(shared.change(|world| {
                let now = world.clock.now();
                world.store.set_message_status(id, status, &set.error, now)
            }))
        })
        .await,
    )
}

/// Reads a request's body and acts on it.
async fn with<T: DeserializeOwned>(
    shared: &Shared,
    request: Request<Body>,
    act: impl FnOnce(&Shared, T) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let reading = Reading {
        max_bytes: shared.settings.max_body_bytes,
        timeout: shared.settings.read_timeout,
        required: true,
    };
    let value = read_json(&parts.headers, body, reading).await?;
    let value = value.unwrap_or_default();
    let input: T = serde_path_to_error::deserialize(value).map_err(|error| {
        // At the top it says `.` for the path.
        let problem = error.to_string();
        let problem = problem.strip_prefix(".: ").unwrap_or(&problem);
        Refusal::new(400, "bad_data", problem)
    })?;
    act(shared, input)
}
