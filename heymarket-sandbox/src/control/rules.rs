//! The rules that make requests fail.

use axum::extract;
use axum::extract::Request;
use serde_json::json;

use super::input::{Access, Id, remove_by_id, with_body};
use super::reply::{Reply, done};
use crate::faults::Rule;
use crate::http::internal;
use crate::store::Rejection;

pub(super) async fn list(extract::State(shared): Access) -> Reply {
    let state = shared.state();
    let rules = serde_json::to_value(state.rules.active());
    Reply(rules.map_err(|error| internal(&error.to_string())))
}

pub(super) async fn add(extract::State(shared): Access, request: Request) -> Reply {
    Reply(
        with_body(&shared, request, |shared, rule: Rule| {
            let added = shared.change(|state| state.rules.add(rule));
            added
                .map(|id| json!({ "id": id }))
                .map_err(|error| Rejection::new(400, "bad_data", error.to_string()))
        })
        .await,
    )
}

pub(super) async fn clear(extract::State(shared): Access) -> Reply {
    shared.change(|state| state.rules.clear());
    Reply(done(Ok(())))
}

pub(super) async fn remove(extract::State(shared): Access, id: Id) -> Reply {
    Reply(remove_by_id(id, "rule", |id| {
        shared.change(|state| state.rules.remove(id))
    }))
}
