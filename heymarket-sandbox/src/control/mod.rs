//! The control endpoints, under `/_sandbox/`. They need no credentials, speak
//! JSON, and do what no operation of the API can. Web pages of other origins
//! cannot use them.

mod clock;
mod deliveries;
mod document;
mod events;
mod guard;
mod input;
mod messages;
mod reply;
mod requests;
mod rules;
mod snapshots;
mod state;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post, put};

use crate::page;
use crate::state::Shared;

/// Routes the control endpoints and the web page.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/openapi.json", get(document::of_the_api))
        .route("/_sandbox", get(document::index))
        .route("/_sandbox/", get(document::index))
        .route("/_sandbox/openapi.json", get(document::of_control))
        .route("/_sandbox/state", get(state::get))
        .route("/_sandbox/reset", post(state::reset))
        .route("/_sandbox/events", get(events::stream))
        .route("/_sandbox/snapshots", get(snapshots::list))
        .route(
            "/_sandbox/snapshots/{name}",
            put(snapshots::save).delete(snapshots::delete),
        )
        .route(
            "/_sandbox/snapshots/{name}/restore",
            post(snapshots::restore),
        )
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
        .route("/_sandbox/deliveries", get(deliveries::list))
        .route(
            "/_sandbox/deliveries/{id}/redeliver",
            post(deliveries::redeliver),
        )
        .route("/_sandbox/inbound", post(messages::inbound))
        .route("/_sandbox/messages/{id}", put(messages::set_status))
        .route(
            "/_sandbox/requests",
            get(requests::list).delete(requests::clear),
        )
        .merge(page::router())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            guard::guard,
        ))
        .with_state(shared)
}
