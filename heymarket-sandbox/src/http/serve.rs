//! One request of an operation: faults, token, limit, schema, handler, response.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::auth::Keys;
use super::body::{ReadOptions, parse, read_body};
use super::parameters::{Incoming, parameters, unknown_parameters};
use super::response::{self, ApiResponse};
use crate::dialect::Dialect;
use crate::faults::{Plan, make_unknown};
use crate::journal::Recording;
use crate::operations::{Call, handler};
use crate::spec::{Operation, Spec};
use crate::state::{Shared, State};
use crate::store::Rejection;

/// The header that sets the dialect of one response.
pub(super) const DIALECT: HeaderName = HeaderName::from_static("x-sandbox-dialect");

/// The context of all handlers.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keys: Arc<Keys>,
}

/// Serves a request of an operation, and records it.
pub(super) async fn serve(
    context: &Context,
    operation: &'static Operation,
    path: Option<RawPathParams>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut recording = context.shared.record(&parts.method, &parts.uri);
    let plan = context.shared.state().rules.plan(&operation.id);
    recording.operation(&operation.id, &plan.rules);
    recording.headers(&parts.headers);
    let incoming = Incoming::new(operation, path, parts);
    match respond(context, &plan, incoming, body, &mut recording).await {
        Some(response) => {
            recording.response(response.status, &response.body);
            response.into_response()
        }
        None => response::close(),
    }
}

/// Returns the response, or `None` to close the connection.
async fn respond(
    context: &Context,
    plan: &Plan,
    incoming: Incoming,
    body: Body,
    recording: &mut Recording<'_>,
) -> Option<ApiResponse> {
    if plan.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    }
    if plan.close_before {
        return None;
    }
    let mut response = if plan.error.is_some_and(|error| !error.processed) {
        fault_response(context, plan)?
    } else {
        let processed = process(context, plan, incoming, body, recording).await;
        if plan.close_after {
            return None;
        }
        match processed {
            _ if plan.error.is_some() => fault_response(context, plan)?,
            Ok(response) => response,
            Err((rejection, dialect)) => {
                let mut dialect = context.shared.state().dialect_chooser(dialect);
                ApiResponse::rejection(&rejection, &mut dialect)
            }
        }
    };
    response.cut_off = plan.cut_off;
    response.drip = Duration::from_millis(plan.drip_ms);
    response.skew_seconds = plan.skew_seconds;
    Some(response)
}

/// A rejection, and the dialect of its response.
type Rejected = (Rejection, Option<Dialect>);

async fn process(
    context: &Context,
    plan: &Plan,
    incoming: Incoming,
    body: Body,
    recording: &mut Recording<'_>,
) -> Result<ApiResponse, Rejected> {
    let dialect = dialect(&incoming.headers).map_err(|rejection| (rejection, None))?;
    let rejected = |rejection| (rejection, dialect);
    admit(context, plan, &incoming.headers).map_err(rejected)?;
    let operation = incoming.operation;
    let mut warnings = unknown_parameters(&incoming);
    let parameters = parameters(&incoming).map_err(rejected)?;
    let body = checked_body(context, &incoming, body, recording).await;
    let body = body.map_err(rejected)?;
    if let Some(schema) = &operation.body {
        warnings.extend(Spec::get().members(schema).unknown(&body));
    }
    if !warnings.is_empty() {
        recording.warn(&warnings);
        if context.shared.settings.strict {
            let problem = warnings.join("; ");
            return Err(rejected(Rejection::new(400, "bad_data", problem)));
        }
    }
    let Some(handler) = handler(&operation.id) else {
        let problem = format!("the sandbox does not implement {}", operation.id);
        return Err(rejected(Rejection::new(501, "not_implemented", problem)));
    };
    let act = |state: &mut State| {
        let mut dialect = state.dialect_chooser(dialect);
        handler(&mut Call {
            now: state.clock.now(),
            store: &mut state.store,
            dialect: &mut dialect,
            parameters: &parameters,
            body: &body,
            plan,
            deduplication: context.shared.settings.deduplication,
        })
    };
    let result = if operation.reads {
        context.shared.look(act)
    } else {
        context.shared.change(act)
    };
    let mut value = result.map_err(rejected)?;
    if plan.unknown_values {
        make_unknown(&mut value);
    }
    let mut response = ApiResponse::json(200, &value);
    response.warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    Ok(response)
}

/// Checks the token and the limit.
fn admit(context: &Context, plan: &Plan, headers: &HeaderMap) -> Result<(), Rejection> {
    let skew = SignedDuration::from_secs(plan.skew_seconds);
    let now = Timestamp::now()
        .saturating_add(skew)
        .unwrap_or(Timestamp::MAX);
    let key = context.keys.check(headers, now)?;
    let limit = context.shared.settings.rate_limit;
    let others = plan.other_requests;
    if context.shared.state().admit(key, limit, others) {
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
    let dialect =
        dialect.map_err(|problem: String| Rejection::bad_data(DIALECT.as_str(), &problem))?;
    Ok(Some(dialect))
}

async fn checked_body(
    context: &Context,
    incoming: &Incoming,
    body: Body,
    recording: &mut Recording<'_>,
) -> Result<Value, Rejection> {
    let Some(schema) = &incoming.operation.body else {
        return Ok(Value::Null);
    };
    let options = ReadOptions {
        max_bytes: context.shared.settings.max_body_bytes,
        timeout: context.shared.settings.read_timeout,
        required: schema.required,
    };
    let bytes = read_body(body, options).await?;
    recording.body(&bytes);
    let Some(value) = parse(&incoming.headers, &bytes, options)? else {
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
fn fault_response(context: &Context, plan: &Plan) -> Option<ApiResponse> {
    let error = plan.error?;
    let mut response = if error.html {
        ApiResponse::html(error.status)
    } else {
        let name = match error.status {
            429 => "rate_limit_exceeded",
            500.. => "server_error",
            _ => "bad_data",
        };
        let problem = "a rule of the sandbox caused this error";
        let rejection = Rejection::new(error.status, name, problem);
        let mut dialect = context.shared.state().dialect_chooser(None);
        ApiResponse::rejection(&rejection, &mut dialect)
    };
    response.retry_after_seconds = error.retry_after_seconds;
    Some(response)
}

impl Incoming {
    fn new(operation: &'static Operation, path: Option<RawPathParams>, parts: Parts) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            operation,
            path: path.map(|path| path.iter().map(own).collect()),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
        }
    }
}
