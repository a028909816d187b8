//! The journal of requests.

use axum::extract;
use axum::extract::rejection::QueryRejection;
use serde_json::Value;

use super::input::Access;
use super::reply::{Reply, done};
use crate::http::internal;
use crate::journal::Filter;
use crate::state::Shared;
use crate::store::Rejection;

/// How many requests are returned where the query does not say.
const LIMIT: usize = 100;

type Query = Result<extract::Query<Filter>, QueryRejection>;

pub(super) async fn list(extract::State(shared): Access, query: Query) -> Reply {
    Reply(find(&shared, query))
}

fn find(shared: &Shared, query: Query) -> Result<Value, Rejection> {
    let problem = |problem: String| Rejection::new(400, "bad_data", problem);
    let extract::Query(filter) = query.map_err(|rejection| problem(rejection.body_text()))?;
    filter.check().map_err(problem)?;
    let limit = filter.limit.unwrap_or(LIMIT);
    let found = shared.journal.find(&filter, limit);
    serde_json::to_value(found).map_err(|error| internal(&error.to_string()))
}

pub(super) async fn clear(extract::State(shared): Access) -> Reply {
    shared.journal.clear();
    Reply(done(Ok(())))
}
