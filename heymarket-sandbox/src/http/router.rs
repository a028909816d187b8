use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::answer::{self, Answer};
use super::auth::Keys;
use super::body::{Reading, read_json};
use crate::control;
use crate::dialect::Dialect;
use crate::error::shortened;
use crate::operations::{Call, handler};
use crate::spec::{Operation, Parameter, Place, Spec};
use crate::store::Refusal;
use crate::trouble::{Plan, make_unknown};
use crate::world::{Shared, World};

/// Chooses the dialect of one answer.
const DIALECT: &str = "x-sandbox-dialect";

/// What all handlers are given.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) keys: Arc<Keys>,
}

/// The operations of the spec, and the sandbox's own endpoints.
pub(crate) fn router(context: Context) -> Router {
    let mut paths: HashMap<&str, MethodRouter> = HashMap::new();
    for operation in Spec::get().operations() {
        let Ok(filter) = MethodFilter::try_from(operation.method.clone()) else {
            continue;
        };
        let context = context.clone();
        let serve = move |path: Result<RawPathParams, _>, request: Request| {
            let context = context.clone();
            async move { serve(&context, operation, path.ok(), request).await }
        };
        let methods = paths.remove(operation.path.as_str()).unwrap_or_default();
        paths.insert(&operation.path, methods.on(filter, serve));
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    // Operations need a key and accept every Host: containers have other names
    // for the sandbox. The control endpoints check it.
    let elsewhere = context.clone();
    router
        .merge(control::router(context.shared))
        .method_not_allowed_fallback(wrong_method)
        .fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            let context = elsewhere.clone();
            async move { unknown_path(&context, &method, &uri, &headers) }
        })
}

/// A request of an operation, from its manners to its answer.
async fn serve(
    context: &Context,
    operation: &'static Operation,
    path: Option<RawPathParams>,
    request: Request,
) -> Response {
    let shared = &context.shared;
    let plan = shared.world().rules.plan(&operation.id);
    if plan.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    }
    if plan.close_before {
        return answer::close();
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
        Err((refusal, dialect)) => {
            let mut voice = shared.world().voice(dialect);
            Answer::refusal(&refusal, &mut voice)
        }
    };
    if plan.close_after {
        return answer::close();
    }
    if let Some(error) = plan.error {
        answer = wrong(context, &plan, error.status, error.html);
    }
    answer.cut_off = plan.cut_off;
    answer.skew_seconds = plan.skew_seconds;
    answer.into_response()
}

struct Incoming {
    operation: &'static Operation,
    /// `None` if it is no text.
    path: Option<HashMap<String, String>>,
    query: String,
    headers: HeaderMap,
}

/// A refusal, and the dialect that it is to be told in.
type Refused = (Refusal, Option<Dialect>);

async fn process(
    context: &Context,
    plan: &Plan,
    incoming: Incoming,
    body: Body,
) -> Result<Answer, Refused> {
    let dialect = dialect(&incoming.headers).map_err(|refusal| (refusal, None))?;
    let refused = |refusal| (refusal, dialect);
    admit(context, plan, &incoming.headers).map_err(refused)?;
    let operation = incoming.operation;
    let parameters = parameters(&incoming).map_err(refused)?;
    let body = checked_body(context, &incoming, body)
        .await
        .map_err(refused)?;
    let Some(handler) = handler(&operation.id) else {
        let problem = format!("the sandbox does not know {}", operation.id);
        return Err(refused(Refusal::new(501, "not_implemented", problem)));
    };
    let act = |world: &mut World| {
        let mut voice = world.voice(dialect);
        handler(&mut Call {
            now: world.clock.now(),
            store: &mut world.store,
            voice: &mut voice,
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
    Ok(Answer::json(200, &answer))
}

/// Lets in who has a key and is within the limit.
fn admit(context: &Context, plan: &Plan, headers: &HeaderMap) -> Result<(), Refusal> {
    let skew = SignedDuration::from_secs(plan.skew_seconds);
    let now = Timestamp::now()
        .saturating_add(skew)
        .unwrap_or(Timestamp::MAX);
    let key = context.keys.check(headers, now)?;
    let limit = context.shared.settings.rate_limit;
    if context.shared.world().admit(key, limit) {
        return Ok(());
    }
    Err(Refusal::new(
        429,
        "rate_limit_exceeded",
        "more requests than the limit came in the current minute; wait, then repeat",
    ))
}

fn dialect(headers: &HeaderMap) -> Result<Option<Dialect>, Refusal> {
    let Some(header) = headers.get(DIALECT) else {
        return Ok(None);
    };
    let name = header.to_str().unwrap_or_default();
    let dialect = name.parse();
    let dialect = dialect.map_err(|problem: String| Refusal::bad_data(DIALECT, &problem))?;
    Ok(Some(dialect))
}

async fn checked_body(
    context: &Context,
    incoming: &Incoming,
    body: Body,
) -> Result<Value, Refusal> {
    let Some(schema) = &incoming.operation.body else {
        return Ok(Value::Null);
    };
    let reading = Reading {
        max_bytes: context.shared.settings.max_body_bytes,
        timeout: context.shared.settings.read_timeout,
        required: schema.required,
    };
    let Some(value) = read_json(&incoming.headers, body, reading).await? else {
        return Ok(Value::Null);
    };
    Spec::get()
        .body(schema)
        .check(&value)
        .map_err(|violations| {
            let problems: Vec<_> = violations.iter().map(ToString::to_string).collect();
            Refusal::new(400, "bad_data", problems.join("; "))
        })?;
    Ok(value)
}

/// The path and query parameters, in the types of their schemas.
fn parameters(incoming: &Incoming) -> Result<HashMap<String, Value>, Refusal> {
    let uri = format!("/?{}", incoming.query);
    let query = uri.parse::<Uri>().ok();
    let query = query.and_then(|uri| axum::extract::Query::try_from_uri(&uri).ok());
    let query: HashMap<String, String> = query.map(|query| query.0).unwrap_or_default();
    let Some(path) = &incoming.path else {
        return Err(Refusal::bad_data("path", "must be UTF-8 behind its `%`s"));
    };
    let mut parameters = HashMap::new();
    for parameter in &incoming.operation.parameters {
        let text = match parameter.place {
            Place::Path => path.get(&parameter.name),
            Place::Query => query.get(&parameter.name),
        };
        match text {
            Some(text) => {
                let value = typed(parameter, text)?;
                parameters.insert(parameter.name.clone(), value);
            }
            None if parameter.required => {
                return Err(Refusal::bad_data(
                    &parameter.name,
                    "is missing in the query",
                ));
            }
            None => {}
        }
    }
    Ok(parameters)
}

fn typed(parameter: &Parameter, text: &str) -> Result<Value, Refusal> {
    let kind = parameter.schema.get("type").and_then(Value::as_str);
    let value = match kind {
        Some("integer") => text.parse::<i64>().map(Value::from).ok(),
        Some("boolean") => text.parse::<bool>().map(Value::from).ok(),
        _ => Some(Value::from(text)),
    };
    let value = value.unwrap_or_else(|| Value::from(text));
    Spec::get()
        .parameter(parameter)
        .check(&value)
        .map_err(|violations| {
            let problem = violations.first().map(ToString::to_string);
            let problem = problem.unwrap_or_default();
            let problem = problem.trim_start_matches("the body ");
            Refusal::bad_data(&parameter.name, problem)
        })?;
    Ok(value)
}

/// An answer that a rule ordered.
fn wrong(context: &Context, plan: &Plan, status: u16, html: bool) -> Answer {
    let mut answer = if html {
        Answer::html(status)
    } else {
        let mut voice = context.shared.world().voice(None);
        let refusal = match status {
            429 => Refusal::new(
                status,
                "rate_limit_exceeded",
                "a rule of the sandbox said so",
            ),
            500.. => Refusal::new(status, "server_error", "a rule of the sandbox said so"),
            _ => Refusal::new(status, "bad_data", "a rule of the sandbox said so"),
        };
        Answer::refusal(&refusal, &mut voice)
    };
    answer.skew_seconds = plan.skew_seconds;
    answer
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    // A path of its own goes before one with a parameter that it would fit.
    let is_own = |operation: &&Operation| operation.path == path;
    let has_own = Spec::get()
        .operations()
        .iter()
        .any(|operation| is_own(&operation));
    let operations = Spec::get().operations().iter().filter(|operation| {
        if has_own {
            is_own(operation)
        } else {
            matches(&operation.path, path)
        }
    });
    let allowed: Vec<_> = operations
        .map(|operation| operation.method.as_str())
        .collect();
    let mut problem = format!("{method} is not a method of {}", shortened(path));
    if !allowed.is_empty() {
        problem = format!("{problem}; it has {}", allowed.join(", "));
    }
    let body = serde_json::json!({"name": "method_not_allowed", "message": problem});
    let mut answer = Answer::json(405, &body);
    answer.allow = (!allowed.is_empty()).then(|| allowed.join(", "));
    answer.into_response()
}

/// Whether a path is that of an operation, whatever stands for its parameters.
fn matches(operation: &str, path: &str) -> bool {
    let mut ours = operation.split('/');
    let mut theirs = path.split('/');
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(ours), Some(theirs)) if ours == theirs || ours.starts_with('{') => {}
            _ => return false,
        }
    }
}

fn unknown_path(context: &Context, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let line = format!("{method} {}", uri.path());
    let text = |operation: &Operation| format!("{} {}", operation.method, operation.path);
    let hint = if uri.path().starts_with("/_sandbox") {
        "; GET /_sandbox/ lists what is".to_owned()
    } else {
        let nearest = Spec::get().nearest(&line, text);
        let hint = |nearest: &Operation| {
            format!(
                "; the nearest operation is {}: {}",
                nearest.id,
                text(nearest)
            )
        };
        nearest.map(hint).unwrap_or_default()
    };
    let refusal = Refusal::not_found(format!("there is no {}{hint}", shortened(&line)));
    let dialect = dialect(headers).ok().flatten();
    let mut voice = context.shared.world().voice(dialect);
    Answer::refusal(&refusal, &mut voice).into_response()
}
