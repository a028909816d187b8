//! What passes through: bodies, statuses, headers, and what the gateway adds.

use std::time::Duration;

use heymarket_sandbox::{Fault, Rule};
use http::Method;
use serde_json::json;

use crate::support::{
    CONVERSATION, PHONE, Upstream, World, builder, client_of, message, request, start,
};

#[tokio::test]
async fn bodies_pass_byte_for_byte_in_both_directions() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=x\r\n\
                  X-Request-Id: r-1\r\nX-Odd: kept\r\nKeep-Alive: timeout=9\r\n\
                  Connection: close, X-Hop\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\n\
                  Content-Length: 19\r\n\r\n{ \"a\" : 1.50e1,\n }\t";
    let upstream = Upstream::answering(answer).await;
    let gateway = start(builder(client_of(&upstream.url)).0).await;
    let body = "{ \"user_id\":50001,\r\n\t\"conversation_id\" : 99.2e2, \"\\u0061\":[ ] }";
    let path = "/v1/conversations/close?a=b+c&d=%7e&d=";
    let reply = request(
        &gateway,
        Method::POST,
        path,
        body,
        &[("x-request-id", "mine")],
    )
    .await;

    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, b"{ \"a\" : 1.50e1,\n }\t");
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; charset=x")
    );
    assert_eq!(reply.header("x-odd"), Some("kept"));
    for name in ["x-hop", "keep-alive", "set-cookie"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    let received = &upstream.received()[0];
    let (head, received) = received.split_once("\r\n\r\n").expect("a head");
    assert_eq!(received, body);
    assert!(head.starts_with(&format!("POST {path} HTTP/1.1")), "{head}");
    assert!(head.contains("x-request-id: mine"), "{head}");
    assert!(
        head.contains("authorization: Bearer canary-api-key"),
        "{head}"
    );
    assert!(!head.contains("canary-gateway"), "{head}");
}

#[tokio::test]
async fn a_message_gets_a_key_and_keeps_every_other_byte() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
    let gateway = start(builder(client_of(&upstream.url)).0).await;
    let body = "{\"text\" : \"\\u00e9\" , \"inbox_id\": 1}";
    let send = async |body| request(&gateway, Method::POST, "/v1/message/send", body, &[]).await;
    let reply = send(body).await;
    let key = reply.header("x-heymarket-local-id").expect("a key");
    let own = send("{\"local_id\":\"own\"}").await;
    assert_eq!(own.header("x-heymarket-local-id"), Some("own"));
    let received = upstream.received();
    let expected = format!("{{\"local_id\":\"{key}\",{}", &body[1..]);
    assert!(received[0].ends_with(&expected), "{}", received[0]);
    assert!(received[1].ends_with("\r\n\r\n{\"local_id\":\"own\"}"));
}

#[tokio::test]
async fn a_redirect_is_passed_and_not_followed() {
    let answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\n\
                  Content-Type: text/plain\r\nContent-Length: 4\r\n\r\naway";
    let upstream = Upstream::answering(answer).await;
    let gateway = start(builder(client_of(&upstream.url)).0).await;
    let body = "{\"conversation_id\":1,\"user_id\":2}";
    let reply = request(&gateway, Method::POST, "/v1/conversations/close", body, &[]).await;
    assert_eq!((reply.status, &reply.body[..]), (307, &b"away"[..]));
    assert_eq!(reply.header("location"), None);
    assert_eq!(reply.outcome(), "not-sent");
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn errors_of_the_api_pass_with_their_outcome() {
    let world = World::start().await;
    let missing = world.get("/v1/conversations/1").await;
    assert_eq!((missing.status, missing.outcome()), (404, "not-sent"));
    assert_eq!(missing.header("content-type"), Some("application/json"));
    assert!(missing.header("x-request-id").is_some());
    let found = world
        .get(&format!("/v1/conversations/{CONVERSATION}"))
        .await;
    assert_eq!((found.status, found.outcome()), (200, "done"));
    assert_eq!(found.json()["id"], CONVERSATION);
}

#[tokio::test]
async fn a_success_that_is_not_json_passes() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>\n";
    let upstream = Upstream::answering(answer).await;
    let gateway = start(builder(client_of(&upstream.url)).0).await;
    let page = request(&gateway, Method::GET, "/v1/team", "", &[]).await;
    assert_eq!((page.status, page.outcome()), (200, "done"));
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(page.body, b"<p>\n");
}

#[tokio::test]
async fn reads_are_retried_and_sends_are_not() {
    let world = World::start().await;
    let rule = |operation| {
        Rule::new(Fault::Status)
            .status(503)
            .operation(operation)
            .nth(1)
    };
    for operation in ["list_inboxes", "send_message"] {
        world.sandbox.add_rule(rule(operation)).expect("a rule");
    }
    let read = world.get("/v1/inboxes").await;
    assert_eq!(
        (read.status, read.header("x-heymarket-attempts")),
        (200, Some("2"))
    );
    let send = world.post("/v1/message/send", &message("Hi")).await;
    assert_eq!(
        (send.status, send.header("x-heymarket-attempts")),
        (503, Some("1"))
    );
    assert_eq!(send.outcome(), "unknown");
    assert!(send.header("x-heymarket-local-id").is_some());
}

#[tokio::test]
async fn failures_without_an_answer_are_problems() {
    let world = World::start().await;
    let rule = Rule::new(Fault::CloseAfter).operation("send_message");
    world.sandbox.add_rule(rule).expect("a rule");
    let lost = world.post("/v1/message/send", &message("Hi")).await;
    assert_eq!((lost.status, lost.outcome()), (502, "unknown"));
    assert_eq!(lost.problem(), "connection-broken");
    assert_eq!(world.sent(), ["Hi"]);

    // Nothing listens there.
    let gateway = start(builder(client_of("http://127.0.0.1:9")).0).await;
    let body = message("Hi").to_string();
    let reply = request(&gateway, Method::POST, "/v1/message/send", &body, &[]).await;
    assert_eq!((reply.status, reply.outcome()), (502, "not-sent"));
    assert_eq!(reply.problem(), "not-connected");
}

#[tokio::test]
async fn a_request_over_the_limit_is_a_429_that_was_not_sent() {
    let sandbox = heymarket_sandbox::Sandbox::start()
        .await
        .expect("a sandbox");
    let client = heymarket_api::Client::builder(sandbox.credentials())
        .base_url(sandbox.url())
        .rate_limit(heymarket_api::RateLimit::per_minute(1))
        .build()
        .expect("a client");
    let world = World::of(sandbox, client, |builder| {
        builder.max_rate_limit_wait(Duration::from_millis(50))
    })
    .await;
    assert_eq!(world.get("/v1/team").await.status, 200);
    let reply = world.get("/v1/team").await;
    assert_eq!((reply.status, reply.outcome()), (429, "not-sent"));
    assert_eq!(reply.problem(), "rate-limited");
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn a_get_passes_its_body() {
    let world = World::start().await;
    let reply = request(
        &world.gateway,
        Method::GET,
        "/v1/users/get",
        &json!({"emails": ["robin@example.com"]}).to_string(),
        &[],
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        String::from_utf8_lossy(&reply.body).contains("50001"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn unknown_routes_name_the_nearest_operation() {
    let world = World::start().await;
    let reply = world.get("/v1/inbox").await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (404, "no-operation")
    );
    let detail = reply.json()["detail"]
        .as_str()
        .expect("a detail")
        .to_owned();
    assert!(detail.contains("list_inboxes: GET /v1/inboxes"), "{detail}");
    let reply = world.post("/v1/inboxes", &json!({})).await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
}

#[tokio::test]
async fn metrics_count_by_operation_and_outcome() {
    let world = World::start().await;
    world.get("/v1/inboxes").await;
    world.get("/v1/conversations/1").await;
    let reply = world.get("/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let text = String::from_utf8(reply.body).expect("UTF-8");
    for line in [
        r#"heymarket_gateway_requests_total{operation="list_inboxes",outcome="done",status="200"} 1"#,
        r#"heymarket_gateway_requests_total{operation="get_conversation",outcome="not-sent",status="404"} 1"#,
        r#"heymarket_gateway_attempts_total{operation="list_inboxes"} 1"#,
        r#"heymarket_gateway_request_duration_seconds_count{operation="list_inboxes"} 1"#,
        "heymarket_gateway_requests_in_flight 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert!(!text.contains(PHONE));
}

#[tokio::test]
async fn requests_in_flight_end_before_the_gateway_does() {
    let world = World::start().await;
    let rule = Rule::new(Fault::SlowDrip)
        .delay_ms(800)
        .operation("send_message");
    world.sandbox.add_rule(rule).expect("a rule");
    let url = world.gateway.url();
    let sending = tokio::spawn(async move {
        let client = heymarket_api::reqwest::Client::builder().no_proxy().build();
        let request = client
            .expect("a client")
            .post(format!("{url}/v1/message/send"));
        let request = request
            .header("authorization", format!("Bearer {}", crate::support::TOKEN))
            .body(message("Hi").to_string());
        request.send().await.expect("an answer").status().as_u16()
    });
    while world.sent().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let address = world.gateway.address();
    assert!(world.gateway.stop(Duration::from_secs(20)).await);
    assert_eq!(sending.await.expect("a task"), 200);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
