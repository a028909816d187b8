//! `--dry-run` and `--curl`: prints the request instead of sending it.

use heymarket_api::RawRequest;
use reqwest::Url;

use super::curl::{Curl, Part};
use crate::connection;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::json;

/// The headers whose values are shown. Any other header may hold a secret.
const SHOWN: [&str; 7] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-type",
    "user-agent",
    "x-request-id",
];

/// The headers that the client always sets itself.
const OF_THE_CLIENT: [&str; 5] = [
    "authorization",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

/// Prints the request, if `--dry-run` or `--curl` asks for it. Returns whether that
/// is so. Needs no credentials.
pub(crate) fn shows_only(
    context: &Context,
    request: &RawRequest,
    headers: &[(String, String)],
) -> Result<bool, Failure> {
    let globals = &context.globals;
    if !globals.dry_run && !globals.curl {
        return Ok(false);
    }
    let url = connection::server(context)?.url_of(request);
    let url = url.ok_or_else(|| Failure::usage("the server is not an HTTP URL"))?;
    let is_sent = |(name, _): &&(String, String)| !is_of(&OF_THE_CLIENT, name);
    let headers: Vec<_> = headers.iter().filter(is_sent).collect();
    if globals.curl {
        curl(&url, request, &headers).print(context)?;
    } else {
        let mut output = context.output()?;
        output.line(&plain(&url, request, &headers))?;
        output.finish()?;
        context.terminal.notice("nothing was sent");
    }
    Ok(true)
}

fn plain(url: &Url, request: &RawRequest, headers: &[&(String, String)]) -> String {
    let method = request.operation().method();
    let mut text = format!("{method} {url}");
    for (name, value) in headers {
        let value = if is_of(&SHOWN, name) {
            value
        } else {
            "[redacted]"
        };
        text.push_str(&format!("\n{name}: {value}"));
    }
    if let Some(body) = request.body() {
        text.push_str(&format!("\n\n{}", json::pretty(&body.to_string())));
    }
    text
}

fn curl(url: &Url, request: &RawRequest, headers: &[&(String, String)]) -> Curl {
    let method = request.operation().method().as_str();
    let mut curl = Curl::new(method, Part::Text(url.as_str())).token();
    for (name, value) in headers {
        curl = if is_of(&SHOWN, name) {
            curl.header(name, Part::Text(value))
        } else {
            curl.header(name, Part::Variable(&variable(name)))
        };
    }
    match request.body() {
        Some(body) => curl.json(&[Part::Text(&json::compact(&body.to_string()))]),
        None => curl,
    }
}

fn is_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Returns the name of the variable that holds the value of a header.
fn variable(header: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = header.chars().map(plain).collect();
    format!("HEYMARKET_HEADER_{name}")
}
