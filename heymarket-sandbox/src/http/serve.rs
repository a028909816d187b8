//! One request of an operation: faults, token, limit, schema, handler, response.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::auth::Keys;
use super::body::{ReadOptions, read_json};
use super::parameters::{Incoming, parameters};
use super::response::{self, ApiResponse};
use crate::dialect::Dialect;
use crate::faults::{Plan, make_unknown};
use crate::operations::{Call, handler};
use crate::spec::{Operation, Spec};
use crate::state::{Shared, State};
use crate::store::Rejection;

/// The header that sets the dialect of one response.
const DIALECT: &str = "x-sandbox-dialect";

/// The context of all handlers.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keys: Arc<Keys>,
}

/// Serves a request of an operation.
pub(super) async fn serve(
    context: &Context,
    operation: &'static Operation,
    path: Option<RawPathParams>,
    request: Request,
) -> Response {
    let shared = &context.shared;
    let plan = shared.state().rules.plan(&operation.id);
    if plan.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    }
    if plan.close_before {
        return response::close();
    }
    let (parts, body) = request.into_parts();
    if let Some(error) = plan.error.filter(|error| !error.processed) {
        return wrong(context, &plan, error.status, error.html).into_response();
    }
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let path = path.map(|path| path.iter().map(own).collect());
    let incoming = Incoming {
        operation,
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
    };
    let mut answer = match process(context, &plan, incoming, body).await {
        Ok(answer) => answer,
        Err((rejection, dialect)) => {
            let mut dialect = shared.state().dialect_chooser(dialect);
            ApiResponse::rejection(&rejection, &mut dialect)
        }
    };
    if plan.close_after {
        return response::close();
    }
    if let Some(error) = plan.error {
        answer = wrong(context, &plan, error.status, error.html);
    }
    answer.cut_off = plan.cut_off;
    answer.skew_seconds = plan.skew_seconds;
    answer.into_response()
}

/// A rejection, and the dialect of its response.
type Rejected = (Rejection, Option<Dialect>);

async fn process(
    context: &Context,
    plan: &Plan,
    incoming: Incoming,
    body: Body,
) -> Result<ApiResponse, Rejected> {
    let dialect = dialect(&incoming.headers).map_err(|rejection| (rejection, None))?;
    let refused = |rejection| (rejection, dialect);
    admit(context, plan, &incoming.headers).map_err(refused)?;
    let operation = incoming.operation;
    let parameters = parameters(&incoming).map_err(refused)?;
    let body = checked_body(context, &incoming, body)
        .await
        .map_err(refused)?;
    let Some(handler) = handler(&operation.id) else {
        let problem = format!("the sandbox does not implement {}", operation.id);
        return Err(refused(Rejection::new(501, "not_implemented", problem)));
    };
    let act = |state: &mut State| {
        let mut dialect = state.dialect_chooser(dialect);
        handler(&mut Call {
            now: state.clock.now(),
            store: &mut state.store,
            dialect: &mut dialect,
            parameters: &parameters,
            body: &body,
            deduplicate: context.shared.settings.deduplicate_local_ids,
        })
    };
    let answer = if operation.reads {
        context.shared.look(act)
    } else {
        context.shared.change(act)
    };
    let mut answer = answer.map_err(refused)?;
    if plan.unknown_values {
        make_unknown(&mut answer);
    }
    Ok(ApiResponse::json(200, &answer))
}

/// Checks the token and the limit.
fn admit(context: &Context, plan: &Plan, headers: &HeaderMap) -> Result<(), Rejection> {
    let skew = SignedDuration::from_secs(plan.skew_seconds);
    let now = Timestamp::now()
        .saturating_add(skew)
        .unwrap_or(Timestamp::MAX);
    let key = context.keys.check(headers, now)?;
    let limit = context.shared.settings.rate_limit;
    if context.shared.state().admit(key, limit) {
        return Ok(());
    }
    Err(Rejection::new(
        429,
        "rate_limit_exceeded",
        "the key exceeded its requests per minute; wait, then retry",
    ))
}

pub(super) fn dialect(headers: &HeaderMap) -> Result<Option<Dialect>, Rejection> {
    let Some(header) = headers.get(DIALECT) else {
        return Ok(None);
    };
    let name = header.to_str().unwrap_or_default();
    let dialect = name.parse();
    let dialect = dialect.map_err(|problem: String| Rejection::bad_data(DIALECT, &problem))?;
    Ok(Some(dialect))
}

async fn checked_body(
    context: &Context,
    incoming: &Incoming,
    body: Body,
) -> Result<Value, Rejection> {
    let Some(schema) = &incoming.operation.body else {
        return Ok(Value::Null);
    };
    let options = ReadOptions {
        max_bytes: context.shared.settings.max_body_bytes,
        timeout: context.shared.settings.read_timeout,
        required: schema.required,
    };
    let Some(value) = read_json(&incoming.headers, body, options).await? else {
        return Ok(Value::Null);
    };
    Spec::get()
        .body(schema)
        .check(&value)
        .map_err(|violations| {
            let problems: Vec<_> = violations.iter().map(ToString::to_string).collect();
            Rejection::new(400, "bad_data", problems.join("; "))
        })?;
    Ok(value)
}

/// Returns the response that a rule demands.
fn wrong(context: &Context, plan: &Plan, status: u16, html: bool) -> ApiResponse {
    let mut answer = if html {
        ApiResponse::html(status)
    } else {
        let mut dialect = context.shared.state().dialect_chooser(None);
        let rejection = match status {
            429 => Rejection::new(
                status,
                "rate_limit_exceeded",
                "a rule of the sandbox caused this error",
            ),
            500.. => Rejection::new(
                status,
                "server_error",
                "a rule of the sandbox caused this error",
            ),
            _ => Rejection::new(
                status,
                "bad_data",
                "a rule of the sandbox caused this error",
            ),
        };
        ApiResponse::rejection(&rejection, &mut dialect)
    };
    answer.skew_seconds = plan.skew_seconds;
    answer
}
