//! The state as a whole: reading it, resetting it, and the dialect.

use axum::extract;
use axum::extract::Request;
use serde::Deserialize;

use super::input::{Access, with_body};
use super::reply::{Reply, done};
use crate::dialect::Dialect;
use crate::http::internal;

pub(super) async fn get(extract::State(shared): Access) -> Reply {
    let shown = shared.state().shown();
    Reply(shown.map_err(|error| internal(&error.to_string())))
}

pub(super) async fn reset(extract::State(shared): Access) -> Reply {
    let reset = shared.reset();
    Reply(done(reset.map_err(|error| internal(&error.to_string()))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetDialect {
    dialect: Dialect,
}

pub(super) async fn set_dialect(extract::State(shared): Access, request: Request) -> Reply {
    Reply(
        with_body(&shared, request, |shared, set: SetDialect| {
            shared.change(|state| state.set_dialect(set.dialect));
            done(Ok(()))
        })
        .await,
    )
}
