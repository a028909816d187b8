//! The deliveries of webhooks.

use axum::extract;

use super::input::{Access, Id, number};
use super::reply::{Reply, done};
use crate::http::internal;
use crate::store::Rejection;

pub(super) async fn list(extract::State(shared): Access) -> Reply {
    let deliveries = shared.state().webhooks.log().latest();
    let deliveries = serde_json::to_value(deliveries);
    Reply(deliveries.map_err(|error| internal(&error.to_string())))
}

pub(super) async fn redeliver(extract::State(shared): Access, id: Id) -> Reply {
    let id = number(id).unwrap_or_default();
    if shared.state().webhooks.redeliver(id) {
        return Reply(done(Ok(())));
    }
    let problem = "no delivery has this id, or its webhook was removed";
    Reply(Err(Rejection::not_found(problem)))
}
