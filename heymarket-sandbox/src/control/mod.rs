//! The control endpoints, under `/_sandbox/`. They need no credentials, speak
//! JSON, and do what no operation of the API can. Web pages cannot use them.

mod clock;
mod guard;
mod input;
mod messages;
mod reply;
mod requests;
mod rules;
mod state;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post, put};

use crate::state::Shared;
use reply::Reply;

/// Each endpoint with what it does, as `GET /_sandbox/` lists them.
const ENDPOINTS: [(&str, &str); 16] = [
    ("GET /_sandbox/", "lists the endpoints"),
    ("GET /_sandbox/state", "returns every record"),
    (
        "POST /_sandbox/reset",
        "restores the data, rules, webhooks and time of the start",
    ),
    ("GET /_sandbox/clock", "returns the time"),
    (
        "PUT /_sandbox/clock",
        "sets the time: {\"now\": \"2026-05-07T12:00:00Z\"}, {\"advance_seconds\": 900}, \
         {\"frozen\": true} or {\"system\": true}",
    ),
    (
        "PUT /_sandbox/dialect",
        "sets the dialect: {\"dialect\": \"documented\"}, observed or mixed",
    ),
    (
        "GET /_sandbox/rules",
        "lists the rules, with how many requests each hit",
    ),
    (
        "POST /_sandbox/rules",
        "adds a rule: {\"fault\": \"status\", \"operation\": \"get_team\", \"nth\": 1}",
    ),
    (
        "DELETE /_sandbox/rules",
        "removes all rules; with /{id}, one rule",
    ),
    (
        "GET /_sandbox/webhooks",
        "lists the webhooks, with the results of their deliveries",
    ),
    (
        "POST /_sandbox/webhooks",
        "adds a webhook: {\"url\": \"http://127.0.0.1:9000/\", \"token\": \"...\"}",
    ),
    (
        "DELETE /_sandbox/webhooks",
        "removes all webhooks; with /{id}, one webhook",
    ),
    (
        "GET /_sandbox/requests",
        "lists the latest requests, filtered by ?operation=, method, path, status (429, 4xx, none), \
         rule, after (a request's id) and limit",
    ),
    ("DELETE /_sandbox/requests", "clears the list of requests"),
    (
        "POST /_sandbox/inbound",
        "sends as a customer: {\"inbox_id\": 41001, \"from\": \"15550100101\", \"text\": \"Hi\"}",
    ),
    (
        "PUT /_sandbox/messages/{id}",
        "sets the status of a message: {\"status\": \"delivered\"}, or failed with an \"error\"",
    ),
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_sandbox", get(index))
        .route("/_sandbox/", get(index))
        .route("/_sandbox/state", get(state::get))
        .route("/_sandbox/reset", post(state::reset))
        .route("/_sandbox/clock", get(clock::get).put(clock::set))
        .route("/_sandbox/dialect", put(state::set_dialect))
        .route(
            "/_sandbox/rules",
            get(rules::list).post(rules::add).delete(rules::clear),
        )
        .route("/_sandbox/rules/{id}", delete(rules::remove))
        .route(
            "/_sandbox/webhooks",
            get(webhooks::list)
                .post(webhooks::add)
                .delete(webhooks::clear),
        )
        .route("/_sandbox/webhooks/{id}", delete(webhooks::remove))
        .route(
            "/_sandbox/requests",
            get(requests::list).delete(requests::clear),
        )
        .route("/_sandbox/inbound", post(messages::inbound))
        .route("/_sandbox/messages/{id}", put(messages::set_status))
        .layer(middleware::from_fn(guard::guard))
        .with_state(shared)
}

async fn index() -> Reply {
    let endpoints = ENDPOINTS.into_iter();
    let endpoints: serde_json::Map<_, _> = endpoints
        .map(|(endpoint, effect)| (endpoint.to_owned(), effect.into()))
        .collect();
    Reply(Ok(endpoints.into()))
}
