//! The web page at `/`: what the sandbox holds, live, and what it can be told.
//!
//! The server renders whole pages; maud escapes every text. The script only sends
//! forms to the control endpoints and replaces the parts of the page that changed,
//! so there is nothing that it could do and a program could not.

mod contacts;
mod form;
mod layout;
mod messages;
mod query;
mod requests;
mod rules;
mod scheduled;
mod state;
mod view;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName};
use maud::Markup;

use crate::state::Shared;
use query::Query;
use view::View;

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Nothing but the page's own script and style runs, and no other page frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Routes the page and its assets.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(page))
        .route("/_sandbox/page.js", get(script))
        .route("/_sandbox/page.css", get(style))
}

async fn page(
    extract::State(shared): extract::State<Arc<Shared>>,
    extract::Query(mut query): extract::Query<Query>,
    headers: HeaderMap,
) -> Response {
    // The guard has checked it.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    query.base_url = format!("http://{}", host.unwrap_or("localhost"));
    let content = render(&shared, &query);
    let page = layout::page(&shared, &query, &content);
    secured("text/html; charset=utf-8", page.into_string())
}

fn render(shared: &Shared, query: &Query) -> Markup {
    match query.view() {
        View::Messages => messages::render(shared, query),
        View::Contacts => contacts::contacts(shared, query),
        View::Lists => contacts::lists(shared),
        View::Templates => contacts::templates(shared),
        View::Scheduled => scheduled::render(shared),
        View::Requests => requests::render(shared, query),
        View::Webhooks => webhooks::render(shared),
        View::Rules => rules::render(shared),
        View::State => state::render(shared),
    }
}

async fn script() -> Response {
    secured("text/javascript; charset=utf-8", SCRIPT)
}

async fn style() -> Response {
    secured("text/css; charset=utf-8", STYLE)
}

fn secured(kind: &'static str, body: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    (headers, body).into_response()
}
