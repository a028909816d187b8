//! The routes: operations of the spec, the control endpoints, and unknown paths.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::response::{ApiResponse, REQUEST_ID, WARNING};
use super::serve::{Context, DIALECT, dialect, serve};
use crate::error::shortened;
use crate::origins::Origins;
use crate::spec::{Operation, Spec};
use crate::store::Rejection;

/// Routes the operations of the spec and the control endpoints.
pub(crate) fn router(context: Context, control: Router) -> Router {
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
    // Operations need a key and accept every `Host`, since containers have
    // other names for the sandbox. The control endpoints check it.
    let (methods, elsewhere) = (context.clone(), context.clone());
    let origins = &context.shared.settings.origins;
    let cors = (!origins.is_empty()).then(|| cors(origins.clone()));
    let router = router
        .merge(control)
        .method_not_allowed_fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            let context = methods.clone();
            async move { wrong_method(&context, &method, &uri, &headers) }
        })
        .fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            let context = elsewhere.clone();
            async move { unknown_path(&context, &method, &uri, &headers) }
        });
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Lets pages of the allowed origins send requests and read responses.
fn cors(origins: Origins) -> CorsLayer {
    let allow = move |origin: &HeaderValue, _: &_| {
        origin.to_str().is_ok_and(|origin| origins.allow(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allow))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, DIALECT])
        .expose_headers([REQUEST_ID, WARNING, RETRY_AFTER])
}

fn wrong_method(context: &Context, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let path = uri.path();
    // An exact path wins over a path with parameters.
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
    let mut problem = format!("{method} is not allowed for {}", shortened(path));
    if !allowed.is_empty() {
        problem = format!("{problem}; use {}", allowed.join(", "));
    }
    let body = serde_json::json!({"name": "method_not_allowed", "message": problem});
    let mut answer = ApiResponse::json(405, &body);
    answer.allow = (!allowed.is_empty()).then(|| allowed.join(", "));
    record(context, method, uri, headers, &answer);
    answer.into_response()
}

/// Returns whether a path matches that of an operation.
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
        "; GET /_sandbox/ lists the endpoints".to_owned()
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
    let rejection = Rejection::not_found(format!("no such endpoint: {}{hint}", shortened(&line)));
    let dialect = dialect(headers).ok().flatten();
    let mut dialect = context.shared.state().dialect_chooser(dialect);
    let response = ApiResponse::rejection(&rejection, &mut dialect);
    record(context, method, uri, headers, &response);
    response.into_response()
}

/// Records a request that belongs to no operation, unless it is for the control
/// endpoints.
fn record(
    context: &Context,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    response: &ApiResponse,
) {
    if !uri.path().starts_with("/_sandbox") {
        let mut recording = context.shared.record(method, uri);
        recording.headers(headers);
        recording.response(response.status, &response.body);
    }
}
