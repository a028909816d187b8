//! Requests that a web page could make a browser send to the control endpoints.

use heymarket_sandbox::Sandbox;
use http::Method;
use serde_json::{Value, json};

use super::{CUSTOMER, Response, SUPPORT, call, messages_that_say, sandbox};

/// Returns every endpoint, changes first.
async fn endpoints(sandbox: &Sandbox) -> Vec<String> {
    let index = call(sandbox, "GET /_sandbox/").send().await.body;
    let lines = index.as_object().expect("a list").keys();
    let mut lines: Vec<_> = lines
        .map(|line| line.replace("{id}", "1").replace("{name}", "x"))
        .collect();
    lines.sort_by_key(|line| line.starts_with("GET"));
    lines
}

fn inbound() -> Value {
    json!({ "inbox_id": SUPPORT, "from": CUSTOMER, "text": "From a page." })
}

/// Sends as a customer, with a header of a browser.
async fn post(sandbox: &Sandbox, name: &str, value: &str) -> Response {
    let request = call(sandbox, "POST /_sandbox/inbound").json(&inbound());
    request.header(name, value).send().await
}

#[tokio::test]
async fn a_foreign_host_is_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let port = sandbox.url().rsplit(':').next().expect("a port").to_owned();
    let before = sandbox.state().expect("the state");
    for host in [
        "example.com",
        &format!("example.com:{port}"),
        "localhost.example.com",
        "127.0.0.1.example.com",
        "example.localhost.com",
        "xlocalhost",
        "example.com@localhost",
        "203.0.113.7",
        "[2001:db8::1]",
        "127.1",
        "0x7f.0.0.1",
        "localhost, example.com",
        "",
    ] {
        for line in endpoints(&sandbox).await {
            let answer = call(&sandbox, &line).header("host", host).send().await;
            assert_eq!(answer.status, 403, "{host} {line}");
            assert_eq!(answer.body["name"], "denied");
            assert!(answer.message().contains("Host"), "{}", answer.message());
        }
        assert_eq!(post(&sandbox, "host", host).await.status, 403, "{host}");
    }
    assert_eq!(sandbox.state().expect("the state"), before);
}

#[tokio::test]
async fn names_and_addresses_of_this_machine_are_hosts() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for host in [
        "localhost",
        "LocalHost:1",
        "localhost.:8080",
        "app.localhost",
        "127.0.0.1",
        "127.0.0.1:9000",
        "127.8.9.10",
        "[::1]:8080",
        "[::ffff:127.0.0.1]",
    ] {
        assert_eq!(post(&sandbox, "host", host).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn two_hosts_or_none_are_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for head in [
        "GET /_sandbox/state HTTP/1.0",
        "GET /_sandbox/state HTTP/1.1\r\nHost: localhost\r\nHost: example.com",
        "GET /_sandbox/state HTTP/1.1\r\nHost: example.com\r\nHost: localhost",
        "GET http://example.com/_sandbox/state HTTP/1.1\r\nHost: localhost",
    ] {
        let answer = super::exchange(&sandbox, &format!("{head}\r\n\r\n")).await;
        let first = answer.lines().next().unwrap_or_default();
        assert!(first.contains(" 403 "), "{first}");
        assert!(!answer.contains("inboxes"), "{first}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let own = sandbox.url().to_owned();
    for origin in [
        "http://example.com",
        "null",
        "http://localhost",
        "http://127.0.0.1",
        &own.replace("http:", "https:"),
        &format!("{own}.example.com"),
        &format!("{own}1"),
        "",
    ] {
        for line in endpoints(&sandbox).await {
            let answer = call(&sandbox, &line).header("origin", origin).send().await;
            assert_eq!(answer.status, 403, "{origin} {line}");
            assert!(answer.message().contains("Origin"), "{}", answer.message());
        }
        assert_eq!(
            post(&sandbox, "origin", origin).await.status,
            403,
            "{origin}"
        );
    }
    assert_eq!(messages_that_say(&sandbox, "From a page.").len(), 0);
    assert_eq!(post(&sandbox, "origin", &own).await.status, 200);
    let state = call(&sandbox, "GET /_sandbox/state").header("origin", &own);
    assert_eq!(state.send().await.status, 200);
}

#[tokio::test]
async fn a_request_from_another_site_is_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    for (site, status) in [
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 200),
        ("none", 200),
    ] {
        assert_eq!(
            post(&sandbox, "sec-fetch-site", site).await.status,
            status,
            "{site}"
        );
        let state = call(&sandbox, "GET /_sandbox/state").header("sec-fetch-site", site);
        assert_eq!(state.send().await.status, status, "{site}");
    }
}

#[tokio::test]
async fn a_change_that_is_not_json_is_rejected() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let before = sandbox.state().expect("the state");
    let of_forms = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "",
    ];
    for line in endpoints(&sandbox).await {
        if line.starts_with(Method::GET.as_str()) {
            continue;
        }
        for kind in of_forms {
            for body in ["", "{}", &inbound().to_string()] {
                let request = call(&sandbox, &line).header("content-type", kind);
                let answer = request.bytes(body.to_owned()).send().await;
                assert_eq!(answer.status, 415, "{line} {kind} {body}");
            }
        }
        // A page can omit the type.
        let answer = call(&sandbox, &line)
            .bytes(inbound().to_string())
            .send()
            .await;
        assert_eq!(answer.status, 415, "{line}");
        assert!(
            answer.message().contains("application/json"),
            "{}",
            answer.message()
        );
    }
    assert_eq!(sandbox.state().expect("the state"), before);
    let reset = call(&sandbox, "POST /_sandbox/reset").send().await;
    assert_eq!(reset.status, 200, "there is nothing to have a type");
    let json = call(&sandbox, "POST /_sandbox/inbound")
        .header("content-type", "Application/JSON; charset=utf-8")
        .bytes(inbound().to_string());
    assert_eq!(json.send().await.status, 200);
}

/// Operations need a key, and a container reaches the sandbox by another name.
#[tokio::test]
async fn operations_accept_every_host() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let request = call(&sandbox, "GET /v1/inboxes").header("host", "sandbox:8080");
    assert_eq!(request.send().await.status, 200);
}
