//! Clients that send slowly, or nothing.

use std::time::{Duration, Instant};

use heymarket_sandbox::{API_KEY, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{call, connect, sandbox};

const TIMEOUT: Duration = Duration::from_millis(300);

/// How long a busy machine may take.
const LATE: Duration = Duration::from_secs(10);

async fn impatient() -> Sandbox {
    let sandbox = sandbox().read_timeout(TIMEOUT).start().await;
    sandbox.expect("a sandbox")
}

/// Sends a byte at a time until the sandbox responds. Returns the response and
/// the time.
async fn drip(sandbox: &Sandbox, start: &str) -> (String, Duration) {
    let begin = Instant::now();
    let mut stream = connect(sandbox).await;
    stream.write_all(start.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while begin.elapsed() < LATE {
        let read = tokio::time::timeout(TIMEOUT / 10, stream.read(&mut buffer)).await;
        match read {
            Err(_) => drop(stream.write_all(b"x").await),
            Ok(Ok(count)) if count > 0 => answer.extend_from_slice(&buffer[..count]),
            Ok(_) => break,
        }
    }
    let answer = String::from_utf8(answer).expect("text");
    (answer, begin.elapsed())
}

fn post(length: &str) -> String {
    format!(
        "POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {API_KEY}\r\n{length}\r\n\r\n"
    )
}

/// Asserts that a slow request got a 408.
fn is_ended((answer, took): &(String, Duration), what: &str) {
    assert!(*took >= TIMEOUT && *took < LATE, "{what}: {took:?}");
    let first = answer.lines().next().unwrap_or_default();
    assert_eq!(first, "HTTP/1.1 408 Request Timeout", "{what}");
    assert!(answer.contains("\"request_timeout\""), "{what}: {answer}");
    assert!(answer.contains("x-request-id: "), "{what}: {answer}");
}

#[tokio::test]
async fn a_slow_head_is_ended() {
    let sandbox = impatient().await;
    for head in ["G", "GET /v1/team HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        is_ended(&drip(&sandbox, head).await, head);
    }
}

#[tokio::test]
async fn a_slow_body_is_ended() {
    let sandbox = impatient().await;
    let ended = drip(&sandbox, &post("Content-Length: 1000000")).await;
    is_ended(&ended, "a body with a length");
    let chunk = format!(
        "{}10000\r\n{{\"tag\": \"",
        post("Transfer-Encoding: chunked")
    );
    is_ended(&drip(&sandbox, &chunk).await, "a body in chunks");
    let control = "POST /_sandbox/inbound HTTP/1.1\r\nHost: localhost\r\n\
                   Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{";
    is_ended(&drip(&sandbox, control).await, "a body of an own endpoint");
}

/// Waits until the sandbox closes a connection.
async fn closed(mut stream: TcpStream) {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LATE, stream.read_to_end(&mut answer)).await;
    read.expect("it is closed").expect("without an error");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let sandbox = impatient().await;
    let start = Instant::now();
    closed(connect(&sandbox).await).await;
    assert!(start.elapsed() >= TIMEOUT, "it has time to begin");

    let start = Instant::now();
    let mut used = connect(&sandbox).await;
    let request = post("Content-Length: 2") + "{}";
    used.write_all(request.as_bytes()).await.expect("sent");
    closed(used).await;
    assert!(
        start.elapsed() >= TIMEOUT,
        "it has time for another request"
    );
}

#[tokio::test]
async fn slow_connections_do_not_hold_up_others() {
    let sandbox = impatient().await;
    let mut slow = Vec::new();
    for index in 0..200 {
        let mut stream = connect(&sandbox).await;
        let start = if index % 2 == 0 {
            "GET /v1"
        } else {
            &*post("Content-Length: 9")
        };
        stream.write_all(start.as_bytes()).await.expect("sent");
        slow.push(stream);
        if index % 20 == 0 {
            assert_eq!(call(&sandbox, "GET /v1/team").send().await.status, 200);
        }
    }
    for stream in slow {
        closed(stream).await;
    }
}

#[tokio::test]
async fn a_response_may_take_longer_than_a_request() {
    let rule = format!("fault=delay,delay_ms={}", 3 * TIMEOUT.as_millis());
    let sandbox = sandbox()
        .read_timeout(TIMEOUT)
        .rule(rule.parse().expect("a rule"));
    let sandbox = sandbox.start().await.expect("a sandbox");
    let start = Instant::now();
    let request = call(&sandbox, "POST /v1/tag").json(&serde_json::json!({ "tag": "late" }));
    assert_eq!(request.send().await.status, 200);
    assert!(start.elapsed() >= 3 * TIMEOUT);
}
