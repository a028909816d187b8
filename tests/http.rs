//! Responses and failures of every kind, through `get_conversation` and
//! `open_conversation`. All operations share the code behind them.

use std::error::Error as _;
use std::time::Duration;

use heymarket_api::types::{MarkConversation, OpenConversation, SendMessage};
use heymarket_api::{Client, Credentials, Error, ErrorKind, Outcome};

use crate::support::{
    Answer, Connections, JumpingClock, RawServer, ScriptedServer, Server, Step, builder, client,
};

async fn failure(answer: Answer) -> Error {
    let server = Server::answering(answer).await;
    let client = builder(&server.url())
        .clock(JumpingClock::default())
        .build()
        .expect("a client");
    let outcome = client.get_conversation(9920).await;
    outcome.expect_err("a failure")
}

/// Checks what every error with a response holds.
fn check_answered(error: &Error, status: u16, body: &[u8]) {
    assert_eq!(error.operation(), Some("get_conversation"));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
    assert_eq!(error.request_id(), Some("request-1"));
    assert_eq!(error.body().map(|body| &body[..]), Some(body));
    assert!(
        error
            .headers()
            .expect("headers")
            .contains_key("content-type")
    );
    let attempt = error.attempts().last().expect("an attempt");
    // These alone are always attempted again.
    let is_repeated = matches!(status, 401 | 429);
    assert_eq!(error.attempts().len() > 1, is_repeated);
    assert_eq!(
        attempt.outcome,
        Outcome::Answered(error.status().expect("a status"))
    );
    assert_eq!(attempt.request_id.as_deref(), Some("request-1"));
}

#[tokio::test]
async fn each_status_has_its_predicate() {
    type Predicate = fn(&Error) -> bool;
    let predicates: [(&str, Predicate); 6] = [
        ("400", Error::is_bad_request),
        ("401", Error::is_unauthorized),
        ("403", Error::is_forbidden),
        ("404", Error::is_not_found),
        ("429", Error::is_rate_limited),
        ("500", Error::is_server_error),
    ];
    for (name, _) in predicates {
        let status = name.parse().expect("a status");
        let body = br#"{"message":"told why"}"#;
        let error = failure(Answer::new(status, body)).await;
        check_answered(&error, status, body);
        assert_eq!(error.kind(), ErrorKind::Status);
        let holding = predicates.iter().filter(|(_, predicate)| predicate(&error));
        let holding: Vec<_> = holding.map(|(name, _)| *name).collect();
        assert_eq!(holding, [name]);
        assert_eq!(error.message(), Some("told why"));
        // The server did not act on a refused request.
        assert_eq!(error.may_have_been_sent(), status == 500);
    }
}

#[tokio::test]
async fn display_is_one_line_with_the_servers_message() {
    let body = "{\"message\":\"no such\\nconversation\"}";
    let error = failure(Answer::new(404, body)).await;
    assert_eq!(
        error.to_string(),
        "get_conversation: 404 Not Found: no such conversation (request id request-1)"
    );
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_message() {
    let error = failure(Answer::new(502, "<html><h1>Bad Gateway</h1></html>")).await;
    assert!(error.is_server_error());
    assert_eq!(error.message(), None);
    assert_eq!(
        error.to_string(),
        "get_conversation: 502 Bad Gateway (request id request-1)"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let answer = Answer::new(307, "").header("location", &target.url());
    let error = failure(answer).await;
    assert_eq!(error.kind(), ErrorKind::Status);
    assert!(error.to_string().contains("redirects are not followed"));
    assert!(!error.may_have_been_sent());
    assert_eq!(target.received(), []);
}

#[tokio::test]
async fn a_redirect_that_an_own_http_client_followed_is_an_error() {
    let target = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let location = format!("{}/elsewhere", target.url());
    let server = Server::answering(Answer::new(302, "").header("location", &location)).await;
    let client = builder(&server.url())
        .http_client(reqwest::Client::new())
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("a redirect");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("redirect"), "{error}");
}

#[tokio::test]
async fn a_body_that_is_not_of_its_type_is_told_with_its_place() {
    let cases: [(&[u8], &str, &str); 9] = [
        (b"", "$", "expected JSON, found an empty body"),
        (b"<html></html>", "$", "expected JSON, found HTML"),
        (
            b"{\"id\":1",
            "$",
            "expected JSON, found JSON that ends early",
        ),
        (
            b"{\"id\":\"\xff\"}",
            "$",
            "found bytes that are not UTF-8, at byte 7",
        ),
        (b"[]", "$", "found an array"),
        (b"\"ok\"", "$", "found a string"),
        (
            b"{\"status\":\"open\"}",
            "$",
            "expected the member `id`, found none",
        ),
        (
            b"{\"id\":1,\"assigned\":[50001]}",
            "$.assigned",
            "expected a team member: an object with an `id`, an integer or null, found an array",
        ),
        (
            b"{\"id\":1,\"members\":[{\"id\":2},{\"id\":true}]}",
            "$.members[1].id",
            "expected an integer, found a boolean",
        ),
    ];
    for (body, path, expected) in cases {
        let error = failure(Answer::new(200, body)).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(error.kind(), ErrorKind::Decode, "{shown}");
        check_answered(&error, 200, body);
        assert_eq!(error.json_path(), Some(path), "{shown}");
        assert!(error.to_string().contains(expected), "{shown}: {error}");
        assert!(error.may_have_been_sent());
    }
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_not_read() {
    let body = format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(1000));
    let server = Server::answering(Answer::new(200, body.clone())).await;
    let limited = |bytes| builder(&server.url()).max_response_bytes(bytes).build();
    let error = limited(100).expect("a client").get_conversation(1).await;
    let error = error.expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    assert_eq!(error.attempts()[0].outcome, Outcome::TooLarge);
    let whole = limited(body.len())
        .expect("a client")
        .get_conversation(1)
        .await;
    assert_eq!(whole.expect("it fits").id, 1);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_limited_as_well() {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10 {
        answer.extend_from_slice(b"64\r\n");
        answer.extend_from_slice(&[b' '; 100]);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    let server = RawServer::doing(vec![Step::Send(answer)]).await;
    let client = builder(&server.url())
        .max_response_bytes(500)
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn a_body_cut_off_is_a_broken_connection_that_keeps_what_came() {
    let answer =
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-request-id: request-1\r\n\r\n{\"id\":1";
    let server = RawServer::doing(vec![Step::Send(answer.to_vec())]).await;
    let error = client(&server.url())
        .get_conversation(1)
        .await
        .expect_err("cut off");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    assert_eq!(error.request_id(), Some("request-1"));
    assert_eq!(error.body().map(|body| &body[..]), Some(&b"{\"id\":1"[..]));
    assert_eq!(error.attempts()[0].outcome, Outcome::Broken);
    assert!(error.may_have_been_sent());
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_may_have_been_sent() {
    let server = RawServer::doing(vec![]).await;
    let error = client(&server.url())
        .get_conversation(1)
        .await
        .expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(error.status(), None);
    assert!(error.may_have_been_sent());
}

#[tokio::test]
async fn an_attempt_ends_with_its_timeout_before_the_headers() {
    let server = RawServer::doing(vec![Step::Wait(Duration::from_secs(60))]).await;
    let client = builder(&server.url())
        .timeout(Duration::from_millis(100))
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.status(), None);
    assert_eq!(
        error.to_string(),
        "get_conversation: timed out: no complete response within 100ms"
    );
    assert!(error.may_have_been_sent());
    let attempt = &error.attempts()[0];
    assert_eq!(attempt.outcome, Outcome::TimedOut);
    assert!(attempt.duration >= Duration::from_millis(100));
}

#[tokio::test]
async fn an_attempt_that_times_out_in_the_body_keeps_what_arrived() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-request-id: request-1\r\n\r\n{\"id\"";
    let server = RawServer::doing(vec![
        Step::Send(head.to_vec()),
        Step::Wait(Duration::from_secs(60)),
    ])
    .await;
    let client = builder(&server.url())
        .timeout(Duration::from_secs(1))
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    assert_eq!(error.request_id(), Some("request-1"));
    assert_eq!(error.body().map(|body| &body[..]), Some(&b"{\"id\""[..]));
}

#[tokio::test]
async fn the_deadline_ends_an_attempt_that_its_own_timeout_would_not() {
    let server = RawServer::doing(vec![Step::Wait(Duration::from_secs(60))]).await;
    let client = builder(&server.url())
        .deadline(Duration::from_millis(100))
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_connection_refused_was_not_sent() {
    // A port that was free a moment ago, without a listener.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let error = client(&url).get_conversation(1).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.may_have_been_sent());
    assert!(
        error
            .to_string()
            .starts_with("get_conversation: cannot connect: ")
    );
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(error.attempts()[0].outcome, Outcome::NotConnected);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_sent_nothing() {
    let server = RawServer::doing(vec![Step::Send(b"HTTP/1.1 400 no TLS\r\n\r\n".to_vec())]).await;
    let url = server.url().replace("http://", "https://");
    let error = client(&url).get_conversation(1).await.expect_err("no TLS");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn retry_after_is_read() {
    let error = failure(Answer::new(429, "").header("retry-after", "7")).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_choice_not_made_is_an_error_before_anything_is_sent() {
    let server = Server::answering(Answer::new(200, "\"ok\"")).await;
    let client = client(&server.url());
    let none = OpenConversation::new(41001.into(), 50001.into());
    let marked = MarkConversation::new(41001.into(), 50001.into());
    let both = marked.clone().target("15550100101");
    let both = both.targets(["15550100102"]);
    let errors = [
        client.open_conversation(&none).await.expect_err("none"),
        client
            .mark_conversation_read(&both)
            .await
            .expect_err("both"),
        client
            .mark_conversation_read(&marked)
            .await
            .expect_err("none"),
    ];
    let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "open_conversation: invalid request: \
             chat_id, target, targets: one of them is required",
            "mark_conversation_read: invalid request: \
             target, targets: set only one of them, not target and targets",
            "mark_conversation_read: invalid request: \
             target, targets: one of them is required",
        ]
    );
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::InvalidRequest)
    );
    assert!(errors.iter().all(|error| !error.may_have_been_sent()));
    assert_eq!(server.received(), []);
}

#[tokio::test]
async fn no_error_shows_what_was_said_in_confidence() {
    let body = r#"{"message":"the key canary-key of +1 (555) 010-0101 and someone@example.com: no conversation with 15550100101 or canary-target"}"#;
    let server = Server::answering(Answer::new(400, body)).await;
    let client = Client::builder(Credentials::api_secret("canary-id", "canary-key"))
        .base_url(server.url())
        .build()
        .expect("a client");
    let request = OpenConversation::new(41001.into(), 50001.into()).target("canary-target");
    assert!(!format!("{request:?}").contains("canary"));
    let error = client
        .open_conversation(&request)
        .await
        .expect_err("refused");
    let shown = format!("{error} {error:?} {:?}", error.attempts());
    for secret in ["canary", "(555)", "15550100101", "someone"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(
        error.message(),
        Some(
            "the key [secret] of [hidden] and [hidden]: no conversation with [hidden] \
             or [hidden]"
        )
    );

    // Nor does the `Debug` of a response.
    let answer = Answer::new(
        200,
        r#"{"id":1,"target":"15550100101","name":"canary","last_msg":"canary",
            "assigned":{"id":2,"name":"canary","email":"canary@example.com"},
            "members":[{"id":3,"name":"canary"}],"targets":{"15550100101":{}}}"#,
    );
    let server = Server::answering(answer).await;
    let response = crate::support::client(&server.url())
        .get_conversation(1)
        .await;
    let shown = format!("{:?}", response.expect("an answer"));
    assert!(
        !shown.contains("canary") && !shown.contains("5550100101"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_servers_message_is_redacted_before_it_is_cut_and_joined() {
    let text = format!("canary\n\ntext {}", "x".repeat(400));
    let body = serde_json::json!({ "message": format!("cannot send '{text}'") });
    let server = Server::answering(Answer::new(400, body.to_string())).await;
    let message = SendMessage::new(1.into(), 2.into())
        .to_phone("15550100101")
        .text(text);
    let error = client(&server.url())
        .send_message(&message)
        .await
        .expect_err("refused");
    assert_eq!(error.message(), Some("cannot send '[hidden]'"));
    // The token, and a short number in the query.
    let server = Server::responding(|request| {
        let token = request
            .header("authorization")
            .expect("a token")
            .replace("Bearer ", "");
        Answer::new(
            404,
            format!(r#"{{"message":"token={token}; nothing with 12345"}}"#),
        )
    })
    .await;
    let error = client(&server.url())
        .list_messages(41001, "12345", None)
        .await;
    let error = error.expect_err("nothing");
    assert_eq!(
        error.message(),
        Some("token=[secret]; nothing with [hidden]")
    );
}

#[tokio::test]
async fn a_wrong_value_is_not_in_the_error_that_tells_of_it() {
    let error = failure(Answer::new(200, r#"{"id":"15550100101"}"#)).await;
    assert!(!format!("{error} {error:?}").contains("555"), "{error:?}");
}

#[test]
fn a_base_url_that_cannot_be_right_is_refused() {
    let cases = [
        ("nowhere", "is not a URL"),
        ("ftp://example.com", "neither https nor http"),
        ("https://canary@example.com", "user name or a password"),
        ("https://example.com/?canary", "a query or a fragment"),
        ("http://example.com", "would be sent unencrypted"),
        ("http://127.0.0.1.example.com", "would be sent unencrypted"),
    ];
    for (url, expected) in cases {
        let error = builder(url).build().expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(expected), "{url}: {error}");
        assert!(!error.to_string().contains("canary"));
    }
    for url in [
        "http://localhost:1",
        "http://127.0.0.1",
        "http://[::1]:1",
        "https://example.com",
    ] {
        assert!(builder(url).build().is_ok(), "{url}");
    }
    assert!(
        builder("http://example.com")
            .allow_plain_http(true)
            .build()
            .is_ok()
    );
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let builder = || builder("https://example.com");
    let own = || builder().http_client(reqwest::Client::new());
    let second = Duration::from_secs(1);
    for (wrong, words) in [
        (builder().timeout(Duration::ZERO), "timeout is zero"),
        (
            builder().pool_idle_timeout(Duration::ZERO),
            "the pool idle timeout is zero",
        ),
        (builder().user_agent("a\nb"), "user agent"),
        (own().connect_timeout(second), "the connect timeout cannot"),
        (
            own().pool_idle_timeout(second),
            "the pool idle timeout cannot",
        ),
    ] {
        let error = wrong.build().expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_not_used_again() {
    let server = ScriptedServer::start().await;
    let client = builder(server.url())
        .pool_idle_timeout(Duration::from_millis(500))
        .build()
        .expect("a client");
    for _ in 0..2 {
        client.get_conversation(1).await.expect("an answer");
    }
    let one = Connections {
        accepted: 1,
        open: 1,
    };
    assert_eq!(server.connections(), one);
    let closed = tokio::time::timeout(Duration::from_secs(10), async {
        while server.connections().open > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    closed.await.expect("closed by the client");
    client.get_conversation(1).await.expect("an answer");
    assert_eq!(server.connections().accepted, 2);
}

#[tokio::test]
async fn a_path_in_the_base_url_and_a_custom_user_agent_are_kept() {
    let server = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let client = builder(&format!("{}/proxy/", server.url()))
        .user_agent("shop/1.0")
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect("an answer");
    let request = server.only_request();
    assert_eq!(request.target, "/proxy/v1/conversations/1");
    assert_eq!(request.header("user-agent"), Some("shop/1.0"));
}

#[tokio::test]
async fn custom_headers_are_sent_but_never_replace_the_token() {
    let server = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let client = client(&server.url()).with_options(|options| {
        let header = |name: &str| name.parse().expect("a name");
        let value = |text: &str| text.parse().expect("a value");
        options
            .header(header("x-request-id"), value("of-my-own"))
            .header(header("authorization"), value("Bearer another"))
            .header(header("host"), value("another.example.com"))
    });
    client.get_conversation(1).await.expect("an answer");
    let request = server.only_request();
    assert_eq!(request.header("x-request-id"), Some("of-my-own"));
    assert_ne!(request.header("authorization"), Some("Bearer another"));
    assert_ne!(request.header("host"), Some("another.example.com"));
}
