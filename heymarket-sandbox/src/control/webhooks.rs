//! The webhooks that receive events.

use axum::extract;
use axum::extract::Request;
use serde_json::json;

use super::input::{Access, Id, remove_by_id, with_body};
use super::reply::{Reply, done};
use crate::store::Rejection;
use crate::webhooks::Webhook;

pub(super) async fn list(extract::State(shared): Access) -> Reply {
    Reply(Ok(shared.state().webhooks.report()))
}

pub(super) async fn add(extract::State(shared): Access, request: Request) -> Reply {
    Reply(
        with_body(&shared, request, |shared, webhook: Webhook| {
            let added = shared.change(|state| state.webhooks.add(webhook));
            added
                .map(|id| json!({ "id": id }))
                .map_err(|problem| Rejection::new(400, "bad_data", problem))
        })
        .await,
    )
}

pub(super) async fn clear(extract::State(shared): Access) -> Reply {
    shared.change(|state| state.webhooks.clear());
    Reply(done(Ok(())))
}

pub(super) async fn remove(extract::State(shared): Access, id: Id) -> Reply {
    Reply(remove_by_id(id, "webhook", |id| {
        shared.change(|state| state.webhooks.remove(id))
    }))
}
