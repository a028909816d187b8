//! The journal of requests.

use maud::{Markup, html};
use serde_json::Value;

use super::form;
use super::query::Query;
use crate::journal::{Filter, RecordedRequest};
use crate::spec::Spec;
use crate::state::Shared;

/// How many requests are shown.
const REQUESTS: usize = 100;

/// The longest body that is shown, in characters.
const BODY: usize = 4_000;

pub(super) fn render(shared: &Shared, query: &Query) -> Markup {
    let text = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        operation: text(&query.operation),
        status: text(&query.status),
        ..Filter::default()
    };
    let mut requests = match filter.check() {
        Ok(()) => shared.journal.find(&filter, REQUESTS),
        Err(_) => Vec::new(),
    };
    requests.reverse();
    html! {
        form.filter method="get" action="/" {
            input type="hidden" name="view" value="requests";
            label for="operation" { "Operation" }
            input #operation type="search" name="operation" value=(query.operation)
                list="operations" autocomplete="off";
            (operations())
            label for="filter-status" { "Status" }
            input #filter-status type="search" name="status" value=(query.status)
                placeholder="429 or 4xx" autocomplete="off";
            button type="submit" { "Filter" }
        }
        (form::button(
            "clear-requests", "Clear", "DELETE", "/_sandbox/requests", "Requests cleared.",
        ))
        ol.requests #requests data-live {
            @for request in &requests { (entry(request, &query.base_url)) }
        }
    }
}

/// The IDs of the operations, for inputs that complete them.
pub(super) fn operations() -> Markup {
    html! {
        datalist #operations {
            @for operation in Spec::get().operations() { option value=(operation.id) {} }
        }
    }
}

fn entry(request: &RecordedRequest, base_url: &str) -> Markup {
    let id = request.id;
    let target = match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    };
    let (class, status) = match request.status {
        Some(status) if status < 400 => ("good", status.to_string()),
        Some(status) => ("bad", status.to_string()),
        None => ("bad", "closed".to_owned()),
    };
    html! {
        li #{ "request-" (id) } {
            details {
                summary {
                    span.status.(class) { (status) } " "
                    span.method { (request.method) " " (target) } " "
                    span.meta {
                        (request.operation.as_deref().unwrap_or("no operation"))
                        " · " (format!("{:.1}", request.duration.as_secs_f64() * 1000.0)) " ms"
                        @for rule in &request.rules { " · " span.tag { "rule " (rule) } }
                    }
                }
                p.meta { time datetime=(request.time) { (request.time) } }
                @for warning in &request.warnings { p.warning { (warning) } }
                h2 { "Request headers" }
                pre tabindex="0" { (headers(request)) }
                h2 { "Request body" }
                pre tabindex="0" { (shown(&request.body)) }
                h2 { "Response body" }
                pre tabindex="0" { (shown(&request.response)) }
                h2 { "curl" }
                pre tabindex="0" #{ "curl-" (id) } { (request.curl(base_url)) }
                button #{ "copy-" (id) } type="button" data-copy={ "curl-" (id) } { "Copy as curl" }
            }
        }
    }
}

fn headers(request: &RecordedRequest) -> String {
    let headers = request.headers.iter();
    let lines: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

fn shown(body: &Value) -> String {
    let text = match body {
        Value::Null => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        body => format!("{body:#}"),
    };
    match text.char_indices().nth(BODY) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
