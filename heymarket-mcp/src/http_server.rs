//! Streamable HTTP, on loopback.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;

use crate::error::Error;
use crate::handler::Handler;
use crate::server::Server;

/// The shortest token.
const MIN_TOKEN: usize = 16;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The path of the endpoint.
const PATH: &str = "/mcp";

/// The bearer token of a server.
#[derive(Clone)]
struct Token(Arc<str>);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Server {
    /// Serves clients over streamable HTTP at `/mcp`, until `stop` is ready. It must be
    /// called in a tokio runtime.
    ///
    /// The listener is on loopback. A request needs `Authorization: Bearer TOKEN`, a
    /// `Host` of this machine, and no `Origin`: a web page is no client.
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
        let service = StreamableHttpService::new(
            move || Ok(Handler::new(self.clone())),
            Arc::new(LocalSessionManager::default()),
            config,
        );
        let router = Router::new()
            .route_service(PATH, service)
            .layer(middleware::from_fn_with_state(Token(token.into()), admit));
        let stop = async move {
            stop.await;
            // Streams of events stay open until their sessions end.
            cancellation.cancel();
        };
        axum::serve(listener, router)
            .with_graceful_shutdown(stop)
            .await
            .map_err(failed)
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

/// Admits requests with the token.
async fn admit(State(token): State<Token>, request: Request, next: Next) -> Response {
    if is_admitted(&token, request.headers()) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    let problem = "the bearer token is missing or wrong";
    (StatusCode::UNAUTHORIZED, challenge, problem).into_response()
}

fn is_admitted(token: &Token, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let value = value.as_bytes();
    let (scheme, given) = value.split_at(value.len().min(7));
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(given.ct_eq(token.0.as_bytes()))
}
