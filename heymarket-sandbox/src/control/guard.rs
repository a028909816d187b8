//! Rejects requests that a web page could make a browser send. The control
//! endpoints need no credentials, and a browser runs on the machine that they
//! trust.

use std::net::IpAddr;

use axum::body::Body;
use axum::extract;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Method;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::uri::Authority;
use hyper::body::Body as _;

use super::input::Access;
use super::reply::Reply;
use crate::error::quoted;
use crate::http::{LocalAddresses, is_json};
use crate::origins::Origins;
use crate::store::Rejection;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn guard(
    extract::State(shared): Access,
    request: Request,
    next: Next,
) -> Response {
    match check(&request, &shared.settings.origins) {
        Ok(()) => next.run(request).await,
        Err(rejection) => Reply(Err(rejection)).into_response(),
    }
}

fn check(request: &Request, origins: &Origins) -> Result<(), Rejection> {
    let reached = request.extensions().get::<LocalAddresses>();
    let host = check_host(request, reached)?;
    if !is_allowed(request.headers(), origins) && !is_navigation(request) {
        check_origin(request.headers(), host)?;
    }
    if request.method().is_safe() {
        return Ok(());
    }
    check_type(request)
}

/// Returns the `Host` of the request if it names this sandbox. After DNS
/// rebinding, a page's requests carry the page's own host name.
fn check_host<'a>(
    request: &'a Request,
    reached: Option<&LocalAddresses>,
) -> Result<&'a str, Rejection> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Rejection::denied("the request must have one Host header"));
    };
    let host = host.to_str().unwrap_or_default();
    let header = host.parse::<Authority>();
    let target = request.uri().authority();
    let is_own = |named: &Authority| is_own(named, reached);
    if header.is_ok_and(|named| is_own(&named)) && target.is_none_or(is_own) {
        return Ok(host);
    }
    let named = target.map_or(host, Authority::as_str);
    Err(Rejection::denied(format!(
        "the Host {} is not this sandbox; use localhost or the address that it listens on, or \
         send the header `Host: localhost`",
        quoted(named)
    )))
}

/// Returns whether an authority is a loopback name or address, or an address
/// that the sandbox listens on. The port is not checked: it may be forwarded.
fn is_own(named: &Authority, reached: Option<&LocalAddresses>) -> bool {
    if named.as_str().contains('@') {
        return false;
    }
    let host = named.host().to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            address.is_loopback() || reached.is_some_and(|reached| reached.is(address))
        }
        Err(_) => {
            let name = host.strip_suffix('.').unwrap_or(&host);
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Returns whether the request is from a page that a setting allows.
fn is_allowed(headers: &HeaderMap, origins: &Origins) -> bool {
    let mut sent = headers.get_all(ORIGIN).iter();
    let origin = sent.next().and_then(|origin| origin.to_str().ok());
    sent.next().is_none() && origin.is_some_and(|origin| origins.allow(origin))
}

/// Returns whether a person follows a link to the page. It is safe: no other page
/// can read or frame it.
fn is_navigation(request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
    request.method() == Method::GET
        && request.uri().path() == "/"
        && header("sec-fetch-mode") == Some(b"navigate")
        && header("sec-fetch-dest") == Some(b"document")
        && !request.headers().contains_key(ORIGIN)
}

/// Checks the origin. A browser sends the origin of the page; other programs
/// send none.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Rejection> {
    let own = format!("http://{host}");
    let mut origins = headers.get_all(ORIGIN).iter();
    if !origins.all(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes())) {
        let problem = "the Origin is not the sandbox; pages of other origins are refused";
        return Err(Rejection::denied(problem));
    }
    let mut sites = headers.get_all(FETCH_SITE).iter();
    if !sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none")) {
        let problem = "the request is from a page of another site (Sec-Fetch-Site)";
        return Err(Rejection::denied(problem));
    }
    Ok(())
}

/// Checks that a body is declared as JSON. A browser asks before it sends JSON
/// to another origin. It does not ask before it sends a form, text, or a body
/// without a type.
fn check_type(request: &Request<Body>) -> Result<(), Rejection> {
    let is_empty = request.body().is_end_stream();
    match is_json(request.headers()) {
        Some(true) => Ok(()),
        None if is_empty => Ok(()),
        _ => Err(Rejection::unsupported_type()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(host: &str, reached: &LocalAddresses) -> bool {
        super::is_own(&host.parse().expect("a host"), Some(reached))
    }

    fn reached(listener: &str, connection: &str) -> LocalAddresses {
        let address = |text: &str| text.parse().expect("an address");
        LocalAddresses::new(address(listener), address(connection))
    }

    #[test]
    fn the_addresses_that_it_listens_on_are_its_own() {
        let everywhere = reached("0.0.0.0:80", "192.0.2.7:80");
        assert!(is_own("192.0.2.7:8080", &everywhere));
        assert!(is_own("0.0.0.0", &everywhere));
        assert!(!is_own("192.0.2.8", &everywhere));
        assert!(!is_own("192.0.2.7.example.com", &everywhere));
        let both = reached("[::]:80", "[::ffff:192.0.2.7]:80");
        assert!(is_own("192.0.2.7", &both));
        assert!(is_own("[::ffff:192.0.2.7]:80", &both));
        let six = reached("[2001:db8::1]:80", "[2001:db8::1]:80");
        assert!(is_own("[2001:DB8:0::1]", &six));
        assert!(!is_own("[2001:db8::2]", &six));
    }
}
