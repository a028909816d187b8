//! Streamable HTTP: who is admitted, and callers that are slow, large or many.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use heymarket_mcp::{ErrorKind, ServerBuilder};
use heymarket_sandbox::Sandbox;
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
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
    serve_with(|server| server).await
}

async fn serve_with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Serving {
    let (sandbox, server) = start(change).await;
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

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await;
        stream.expect("a connection")
    }

    /// Returns the head of a request with the token, and other headers.
    fn head(&self, headers: &str) -> String {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
             Connection: close\r\n{headers}\r\n",
            self.address
        )
    }

    /// Waits until a client is served.
    async fn serves(&self) {
        let begun = Instant::now();
        loop {
            let request = self.initialize().bearer_auth(TOKEN);
            // A connection over the limit may be reset before its answer is read.
            let response = request.send().await;
            if response.is_ok_and(|response| response.status() == 200) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no connection is free");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
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

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads until the connection is closed.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection may be reset after the answer.
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    assert!(read.is_ok(), "it stays open");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn slow_heads_and_bodies_are_ended() {
    let timeout = Duration::from_millis(300);
    let serving = serve_with(|server| server.read_timeout(timeout)).await;
    let whole = serving.head("Content-Length: 50\r\n") + &" ".repeat(50);
    let end = whole.len() - 50;
    for cut in [0, 20, end - 2, end + 5] {
        let begun = Instant::now();
        let mut stream = serving.connect().await;
        let (sent, rest) = whole.as_bytes().split_at(cut);
        stream.write_all(sent).await.expect("a part");
        // A byte now and then does not extend the time.
        for byte in rest.iter().take(20).filter(|_| cut > 0) {
            tokio::time::sleep(Duration::from_millis(60)).await;
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        let reply = read_to_end(&mut stream).await;
        assert!(
            reply.is_empty() || reply.starts_with("HTTP/1.1 408"),
            "{cut}: {reply}"
        );
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[tokio::test]
async fn large_heads_and_bodies_are_refused() {
    let serving = serve().await;
    let too_large = 1024 * 1024 + 1;
    let chunk = format!("{too_large:x}\r\n{}\r\n0\r\n\r\n", " ".repeat(too_large));
    for (request, status) in [
        (
            serving.head(&format!("X: {}\r\n", "a".repeat(100_000))),
            "431",
        ),
        (serving.head(&"X: a\r\n".repeat(10_000)), "431"),
        (
            serving.head("Transfer-Encoding: chunked\r\n") + &chunk,
            "413",
        ),
        (
            serving.head(&format!("Content-Length: {too_large}\r\n")) + &" ".repeat(too_large),
            "413",
        ),
    ] {
        let mut stream = serving.connect().await;
        // It may be closed before everything is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let reply = read_to_end(&mut stream).await;
        assert!(
            reply.is_empty() || reply.starts_with(&format!("HTTP/1.1 {status}")),
            "{reply}"
        );
    }
    let admitted = serving.initialize().bearer_auth(TOKEN);
    assert_eq!(serving.status(admitted).await, 200);
}

#[tokio::test]
async fn connections_over_the_limit_get_a_503() {
    let serving = serve_with(|server| server.max_connections(2)).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = serving.connect().await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .expect("a request");
        let mut some = [0; 64];
        assert!(stream.read(&mut some).await.expect("an answer") > 0);
        held.push(stream);
    }
    let mut refused = serving.connect().await;
    let reply = read_to_end(&mut refused).await;
    assert!(reply.starts_with("HTTP/1.1 503"), "{reply}");
    drop(held);
    serving.serves().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_caller_that_does_not_read_is_ended() {
    let timeout = Duration::from_millis(300);
    let serving = serve_with(|server| server.max_connections(1).read_timeout(timeout)).await;
    let mut stream = serving.connect().await;
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    // Until the answers fill all buffers.
    while tokio::time::timeout(timeout, stream.write_all(&request))
        .await
        .is_ok_and(|written| written.is_ok())
    {}
    serving.serves().await;
    drop(stream);
}

#[tokio::test]
async fn limits_are_more_than_zero() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let builder = || heymarket_mcp::Server::builder(sandbox.client());
    for builder in [
        builder().max_connections(0),
        builder().read_timeout(Duration::ZERO),
    ] {
        let kind = builder.build().err().map(|error| error.kind());
        assert_eq!(kind, Some(ErrorKind::Configuration));
    }
}

#[tokio::test]
async fn sessions_over_the_limit_get_a_503() {
    let serving = serve().await;
    let client = reqwest::Client::new();
    let mut ended = None;
    for _ in 0..1000 {
        let request = serving.initialize().bearer_auth(TOKEN).build();
        let response = client.execute(request.expect("a request")).await;
        let response = response.expect("a response");
        assert_eq!(response.status(), 200);
        ended = response.headers().get("mcp-session-id").cloned();
    }
    let admitted = || serving.initialize().bearer_auth(TOKEN);
    assert_eq!(serving.status(admitted()).await, 503);
    // The service takes such a name for none.
    let odd = reqwest::header::HeaderValue::from_bytes(b"\xff").expect("a value");
    let odd = admitted().header("mcp-session-id", odd);
    assert_eq!(serving.status(odd).await, 503);
    let end = client
        .delete(format!("http://{}/mcp", serving.address))
        .bearer_auth(TOKEN)
        .header("mcp-session-id", ended.expect("a session"));
    assert_eq!(serving.status(end).await, 202);
    assert_eq!(serving.status(admitted()).await, 200);
}
