//! Callers that mean harm, and those that are broken.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{TOKEN, World, bytes_of, message, read_to_end};

const SEND: &str = "POST /v1/message/send";

#[tokio::test]
async fn requests_of_web_pages_are_refused() {
    let world = World::start().await;
    let body = message("Hi").to_string();
    for (headers, status) in [
        ("Origin: http://localhost:8787\r\n", "403"),
        ("Origin: null\r\n", "403"),
        ("Sec-Fetch-Site: cross-site\r\n", "403"),
        ("Host: evil.example.com\r\n", "400"),
    ] {
        let reply = world.raw(bytes_of(SEND, headers, &body)).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{reply}");
        assert!(!reply.contains("access-control"), "{reply}");
    }
    // A page that rebinds its name to loopback.
    let rebound = bytes_of(SEND, "", &body).replace("Host: localhost", "Host: evil.example.com");
    assert!(world.raw(rebound).await.starts_with("HTTP/1.1 421"));
    let preflight = bytes_of("OPTIONS /v1/message/send", "Origin: http://a\r\n", "");
    assert!(world.raw(preflight).await.starts_with("HTTP/1.1 403"));
    assert!(world.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_smuggled_request_is_never_served() {
    let world = World::start().await;
    let inner = bytes_of(SEND, "", &message("smuggled").to_string());
    let head = |headers: &str| {
        format!(
            "POST /v1/contacts/count HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{headers}\r\n"
        )
    };
    let length = inner.len();
    let chunk = format!("0\r\n\r\n{inner}");
    for (headers, rest) in [
        // Two lengths: the end of one body is the begin of a request for a front server.
        (
            format!(
                "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n",
                chunk.len()
            ),
            chunk.clone(),
        ),
        (
            format!(
                "Transfer-Encoding: chunked\r\nContent-Length: {}\r\n",
                chunk.len()
            ),
            chunk.clone(),
        ),
        (
            format!("Content-Length: 2\r\nContent-Length: {length}\r\n"),
            format!("{{}}{inner}"),
        ),
        (
            format!("Content-Length: 2, {length}\r\n"),
            format!("{{}}{inner}"),
        ),
        (
            format!("Content-Length: +2\r\nX: {length}\r\n"),
            format!("{{}}{inner}"),
        ),
        (
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
            chunk.clone(),
        ),
        ("Transfer-Encoding: xchunked\r\n".to_owned(), chunk.clone()),
        ("Transfer-Encoding : chunked\r\n".to_owned(), chunk.clone()),
        (
            "X: a\r\n Transfer-Encoding: chunked\r\n".to_owned(),
            chunk.clone(),
        ),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("2;\n\r\n{{}}\r\n-1\r\n{inner}"),
        ),
    ] {
        let reply = world.raw(head(&headers) + &rest).await;
        let answers = reply.matches("HTTP/1.").count();
        assert!(answers <= 1, "{headers}: {reply}");
        assert!(world.sent().is_empty(), "{headers}: {reply}");
    }
}

#[tokio::test]
async fn tricks_with_paths_reach_no_operation() {
    let world = World::start().await;
    for path in [
        "//v1/inboxes",
        "/v1//inboxes",
        "/v1/conversations/../inboxes",
        "/v1/conversations/%2e%2e/inboxes",
        "/v1/conversations/%2E%2E%2Finboxes",
        "/v1/conversations/..%2f..%2fv1%2finboxes",
        "/v1/contact/..;/inboxes/",
        "/v1/conversations/9920%00",
        "/v1/conversations/9920%0d%0aHost:%20a",
        "/v1/conversations/9920\\..\\7",
        "/v1/conversations/%252e%252e",
        "http://api.example.com/v1/inboxes",
        "*",
        "@example.com/v1/inboxes",
        "/_sandbox/state",
        "/%76%31/inboxes",
    ] {
        let reply = world.raw(bytes_of(&format!("GET {path}"), "", "")).await;
        let status = reply.get(9..12).unwrap_or_default();
        assert!(matches!(status, "400" | "404"), "{path}: {reply}");
    }
    assert!(world.sandbox.requests().is_empty());
}

#[tokio::test]
async fn large_heads_and_bodies_are_refused() {
    let world = World::with(|builder| builder.max_body_bytes(1000)).await;
    let long = format!("X-Long: {}\r\n", "a".repeat(200_000));
    let reply = world.raw(bytes_of("GET /v1/inboxes", &long, "")).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 431"),
        "{reply}"
    );
    let many = "X: a\r\n".repeat(200);
    let reply = world.raw(bytes_of("GET /v1/inboxes", &many, "")).await;
    assert!(reply.starts_with("HTTP/1.1 431"), "{reply}");
    let target = format!("GET /v1/inboxes?{}", "a".repeat(70_000));
    let reply = world.raw(bytes_of(&target, "", "")).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 4"),
        "{reply}"
    );

    // Announced: refused before it arrives.
    let head = format!("{SEND} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n");
    let reply = world
        .raw(format!(
            "{head}Content-Length: 1001\r\nConnection: close\r\n\r\n"
        ))
        .await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert!(reply.contains("\"code\":\"too-large\""), "{reply}");
    // Not announced.
    let chunks = format!("3e9\r\n{}\r\n0\r\n\r\n", " ".repeat(1001));
    let reply = world
        .raw(format!(
            "{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}"
        ))
        .await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    let encoded = bytes_of(SEND, "Content-Encoding: gzip\r\n", "x");
    assert!(world.raw(encoded).await.starts_with("HTTP/1.1 415"));
    assert!(world.sandbox.requests().is_empty());
}

#[tokio::test]
async fn slow_heads_and_bodies_are_ended() {
    let timeout = Duration::from_millis(300);
    let world = World::with(|builder| builder.read_timeout(timeout)).await;
    let whole = bytes_of(SEND, "", &message("Hi").to_string());
    let head = whole.find("\r\n\r\n").expect("a head") + 4;
    for (cut, outcome) in [
        (20, "HTTP/1.1 408"),
        (head - 2, "HTTP/1.1 408"),
        (head + 5, "HTTP/1.1 408"),
    ] {
        let begun = Instant::now();
        let mut stream = world.connect().await;
        stream
            .write_all(&whole.as_bytes()[..cut])
            .await
            .expect("a part");
        // A byte now and then does not extend the time.
        let drip = async {
            for byte in &whole.as_bytes()[cut..] {
                tokio::time::sleep(Duration::from_millis(60)).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(timeout * 2, drip).await;
        let reply = read_to_end(&mut stream).await;
        assert!(
            reply.is_empty() || reply.starts_with(outcome),
            "{cut}: {reply}"
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    // An idle connection is closed without an answer.
    let mut idle = world.connect().await;
    assert_eq!(read_to_end(&mut idle).await, "");
    assert!(world.sent().is_empty());
}

#[tokio::test]
async fn connections_over_the_limit_get_a_503() {
    let world = World::with(|builder| builder.max_connections(2)).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = world.connect().await;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .expect("a request");
        let mut some = [0; 64];
        assert!(stream.read(&mut some).await.expect("an answer") > 0);
        held.push(stream);
    }
    let mut refused = world.connect().await;
    assert!(read_to_end(&mut refused).await.starts_with("HTTP/1.1 503"));
    drop(held);
    let start = Instant::now();
    loop {
        let reply = world
            .raw("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .await;
        if reply.starts_with("HTTP/1.0 200") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{reply}");
    }
}

#[tokio::test]
async fn broken_bytes_send_nothing_and_end_nothing() {
    let world = World::start().await;
    let whole = bytes_of(SEND, "", &message("Hi").to_string()).into_bytes();
    // A linear congruential generator: the same bytes in each run.
    let mut state: u64 = 7;
    let mut next = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let head = whole
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    for _ in 0..300 {
        let mut bytes = whole.clone();
        // The token is broken in each, and something else.
        let token = bytes
            .windows(6)
            .position(|window| window == b"canary")
            .expect("a token");
        bytes[token + next(20)] = u8::try_from(next(256)).expect("a byte");
        for _ in 0..1 + next(4) {
            let at = next(head);
            bytes[at] = u8::try_from(next(256)).expect("a byte");
        }
        if bytes
            .windows(TOKEN.len())
            .any(|window| window == TOKEN.as_bytes())
        {
            continue;
        }
        let mut stream = world.connect().await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let reply = read_to_end(&mut stream).await;
        assert!(!reply.starts_with("HTTP/1.1 2"), "{reply}");
    }
    assert!(world.sandbox.requests().is_empty());
    assert_eq!(world.get("/v1/inboxes").await.status, 200);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_caller_that_does_not_read_is_ended() {
    let timeout = Duration::from_millis(300);
    let world = World::with(|builder| builder.max_connections(1).read_timeout(timeout)).await;
    let mut stream = world.connect().await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    // Until the answers fill all buffers.
    while tokio::time::timeout(timeout, stream.write_all(&request))
        .await
        .is_ok_and(|written| written.is_ok())
    {}
    let begun = Instant::now();
    while !world
        .raw("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .await
        .starts_with("HTTP/1.0 200")
    {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it holds the only connection"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(stream);
}
