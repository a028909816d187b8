//! Streamable HTTP: who is admitted.

use std::net::SocketAddr;

use heymarket_mcp::ErrorKind;
use heymarket_sandbox::Sandbox;
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::start;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Serving {
    _sandbox: Sandbox,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<Result<(), heymarket_mcp::Error>>,
}

async fn serve() -> Serving {
    let (sandbox, server) = start(|server| server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move {
        let _ = stopped.await;
    };
    let ended = tokio::spawn(server.serve_http(listener, TOKEN, stopped));
    Serving {
        _sandbox: sandbox,
        address,
        stop,
        ended,
    }
}

impl Serving {
    fn initialize(&self) -> reqwest::RequestBuilder {
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        });
        reqwest::Client::new()
            .post(format!("http://{}/mcp", self.address))
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    async fn status(&self, request: reqwest::RequestBuilder) -> u16 {
        request.send().await.expect("a response").status().as_u16()
    }
}

#[tokio::test]
async fn requests_without_the_token_are_rejected() {
    let serving = serve().await;
    let bearer = |token: &str| {
        serving
            .initialize()
            .header(AUTHORIZATION, format!("Bearer {token}"))
    };
    assert_eq!(serving.status(serving.initialize()).await, 401);
    assert_eq!(serving.status(bearer("wrong")).await, 401);
    assert_eq!(serving.status(bearer(&TOKEN[..31])).await, 401);
    assert_eq!(serving.status(bearer("")).await, 401);
    let twice = bearer(TOKEN).header(AUTHORIZATION, "Bearer wrong");
    assert_eq!(serving.status(twice).await, 401);
    assert_eq!(serving.status(bearer(TOKEN)).await, 200);
}

#[tokio::test]
async fn other_hosts_and_all_origins_are_rejected() {
    let serving = serve().await;
    let admitted = || serving.initialize().bearer_auth(TOKEN);
    let port = serving.address.port();
    assert_eq!(
        serving
            .status(admitted().header(HOST, "evil.example.com"))
            .await,
        403
    );
    assert_eq!(
        serving
            .status(admitted().header(HOST, format!("evil.example.com:{port}")))
            .await,
        403
    );
    assert_eq!(
        serving
            .status(admitted().header(HOST, format!("localhost:{port}")))
            .await,
        200
    );
    for origin in [
        "https://example.com",
        "null",
        &format!("http://127.0.0.1:{port}"),
    ] {
        assert_eq!(
            serving.status(admitted().header(ORIGIN, origin)).await,
            403,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn the_server_ends_when_it_is_stopped() {
    let serving = serve().await;
    let status = serving
        .status(serving.initialize().bearer_auth(TOKEN))
        .await;
    assert_eq!(status, 200);
    serving.stop.send(()).expect("it runs");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), serving.ended).await;
    ended
        .expect("it ends")
        .expect("no panic")
        .expect("no error");
}

#[tokio::test]
async fn a_listener_beyond_loopback_is_refused() {
    for (address, token) in [
        ("0.0.0.0:0", TOKEN),
        ("127.0.0.1:0", "short"),
        ("127.0.0.1:0", "has a space, and is long"),
    ] {
        let (_sandbox, server) = start(|server| server).await;
        let listener = TcpListener::bind(address).await.expect("a port");
        let error = server
            .serve_http(listener, token, std::future::ready(()))
            .await
            .err();
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::Configuration), "{address} {token}");
    }
}
