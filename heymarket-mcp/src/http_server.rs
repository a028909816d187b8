//! Streamable HTTP, on loopback.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::error::Error;
use crate::handler::Handler;
use crate::listener::{self, Limits};
use crate::server::Server;

/// The shortest token.
const MIN_TOKEN: usize = 16;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The most sessions at a time. One without requests ends after five minutes.
const MAX_SESSIONS: usize = 1000;

/// The header that names the session of a request.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// The path of the endpoint.
const PATH: &str = "/mcp";

/// What a request needs to reach the service.
#[derive(Clone)]
struct Admission {
    /// The hash of the token. Hashes have one length, whatever a caller gives.
    token: [u8; 32],
    limits: Limits,
    sessions: Arc<LocalSessionManager>,
    /// Held while a session begins: the count before it is then still true.
    beginning: Arc<Mutex<()>>,
}

impl Server {
    /// Serves clients over streamable HTTP at `/mcp`, until `stop` is ready. It must be
    /// called in a tokio runtime.
    ///
    /// The listener is on loopback. A request needs `Authorization: Bearer TOKEN`, a
    /// `Host` of this machine, and no `Origin`: a web page is no client. Its body has at
    /// most 1 MiB. [`max_connections`](crate::ServerBuilder::max_connections) and
    /// [`read_timeout`](crate::ServerBuilder::read_timeout) limit the rest.
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if the listener is not
    /// on loopback, or the token has fewer than 16 characters or other than visible ASCII
    /// ones. Returns [`Transport`](crate::ErrorKind::Transport) if the listener fails.
    pub async fn serve_http(
        self,
        listener: TcpListener,
        token: &str,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::transport(format!("the listener: {error}"));
        let address = listener.local_addr().map_err(failed)?;
        check(address, token)?;
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(hosts(address))
            .enforce_origin_validation()
            .with_max_request_body_bytes(MAX_BODY);
        let cancellation = config.cancellation_token.clone();
        let limits = self.limits();
        let sessions = Arc::new(LocalSessionManager::default());
        let admission = Admission {
            token: hash(token.as_bytes()),
            limits,
            sessions: Arc::clone(&sessions),
            beginning: Arc::default(),
        };
        let service =
            StreamableHttpService::new(move || Ok(Handler::new(self.clone())), sessions, config);
        let router = Router::new()
            .route_service(PATH, service)
            .layer(middleware::from_fn_with_state(admission, admit));
        let stop = async move {
            stop.await;
            // Streams of events stay open until their sessions end.
            cancellation.cancel();
        };
        listener::serve(listener, router, limits, stop).await;
        Ok(())
    }
}

fn check(address: SocketAddr, token: &str) -> Result<(), Error> {
    if !address.ip().is_loopback() {
        return Err(Error::configuration(format!(
            "{address} is not on loopback; other machines reach the server through a tunnel or a \
             proxy with TLS"
        )));
    }
    if token.len() < MIN_TOKEN || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Error::configuration(format!(
            "the token needs at least {MIN_TOKEN} visible ASCII characters"
        )));
    }
    Ok(())
}

/// Returns the values of `Host` that name this server.
fn hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    hosts.push(format!("[::1]:{port}"));
    if !hosts.contains(&address.to_string()) {
        hosts.push(address.to_string());
    }
    hosts
}

/// Admits requests with the token, once their body has arrived.
async fn admit(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    if !admission.admits(request.headers()) {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        let problem = "the bearer token is missing or wrong";
        return (StatusCode::UNAUTHORIZED, challenge, problem).into_response();
    }
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect();
    match tokio::time::timeout(admission.limits.read_timeout, body).await {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            let begins = begins_session(&head.headers, &body);
            let request = Request::from_parts(head, Body::from(body));
            if !begins {
                return next.run(request).await;
            }
            let _turn = admission.beginning.lock().await;
            if admission.sessions.sessions.read().await.len() >= MAX_SESSIONS {
                let problem = "too many sessions are open; end some, or try again later";
                return (StatusCode::SERVICE_UNAVAILABLE, problem).into_response();
            }
            next.run(request).await
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            StatusCode::PAYLOAD_TOO_LARGE.into_response()
        }
        Ok(Err(_)) => StatusCode::BAD_REQUEST.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

impl Admission {
    /// Returns whether the headers carry the token. Tokens are compared in constant time.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let value = value.as_bytes();
        let (scheme, given) = value.split_at(value.len().min(7));
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(self.token.ct_eq(&hash(given)))
    }
}

/// Returns whether a request begins a session: `initialize`, in none. A request of the
/// protocol of 2026 begins none. Like the service, this takes a header that is no text for
/// none.
fn begins_session(headers: &HeaderMap, body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        method: Cow<'a, str>,
    }
    let session = headers.get(SESSION).and_then(|value| value.to_str().ok());
    let message = || serde_json::from_slice::<Message<'_>>(body);
    session.is_none() && message().is_ok_and(|message| message.method == "initialize")
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}
