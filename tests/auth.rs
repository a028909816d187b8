//! Credentials and tokens.

use std::sync::atomic::{AtomicUsize, Ordering};

use heymarket_api::{Client, Credentials, ErrorKind};

use crate::support::{Answer, ManualClock, Received, Server, builder};

/// Computed by another implementation of HMAC for the ID `test-id`, the key
/// `test-key` and 2026-05-07T12:00:00Z:
/// `hmac.new(b"test-id||test-key", b"<header>.<claims>", "sha256")` in Python.
const TOKEN_AT_NOON: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
     eyJpc3MiOiJ0ZXN0LWlkIiwiaWF0IjoxNzc4MTU1MjAwfQ.\
     7nQ0sJeWaEwnZVeGqN0u60rnl7F94XY8psNPr0H3jWM";
/// The same for four minutes later.
const TOKEN_AFTER_FOUR_MINUTES: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
     eyJpc3MiOiJ0ZXN0LWlkIiwiaWF0IjoxNzc4MTU1NDQwfQ.\
     8JozD-x1K0TWpzV0UdDbNtssdahCdF3tcJlntM_KFoA";

fn tokens(server: &Server) -> Vec<String> {
    let received = server.received();
    let token = |request: &Received| {
        let header = request.header("authorization").expect("a token").to_owned();
        header
            .strip_prefix("Bearer ")
            .expect("a bearer token")
            .to_owned()
    };
    received.iter().map(token).collect()
}

#[tokio::test]
async fn a_token_is_reused_for_four_minutes_and_then_signed_anew() {
    let server = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let clock = ManualClock::at("2026-05-07T12:00:00Z");
    let client = builder(&server.url())
        .clock(clock.clone())
        .build()
        .expect("a client");
    for seconds in [0, 239, 1] {
        clock.advance(seconds);
        client.get_conversation(1).await.expect("an answer");
    }
    assert_eq!(
        tokens(&server),
        [TOKEN_AT_NOON, TOKEN_AT_NOON, TOKEN_AFTER_FOUR_MINUTES]
    );
}

#[tokio::test]
async fn a_token_from_the_future_is_dropped_when_the_clock_goes_back() {
    let server = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let clock = ManualClock::at("2026-05-07T12:04:00Z");
    let client = builder(&server.url())
        .clock(clock.clone())
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect("an answer");
    clock.advance(-240);
    client.get_conversation(1).await.expect("an answer");
    assert_eq!(tokens(&server), [TOKEN_AFTER_FOUR_MINUTES, TOKEN_AT_NOON]);
}

/// Returns the `iat` of a token, in seconds from noon.
fn issued(request: &Received) -> i64 {
    use base64::Engine as _;
    let token = request.header("authorization").expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = engine.decode(claims).expect("base64url");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    claims["iat"].as_i64().expect("a time") - 1_778_155_200
}

/// A server that refuses its first request, and later those whose token was issued
/// more than a minute from noon. Its responses cycle through the dates.
async fn refusing_once(dates: &'static [&'static str]) -> Server {
    let count = AtomicUsize::new(0);
    Server::responding(move |request| {
        let nth = count.fetch_add(1, Ordering::Relaxed);
        let is_refused = nth == 0 || issued(request).abs() > 60;
        let status = if is_refused { 401 } else { 200 };
        Answer::new(status, r#"{"id":1}"#).header("date", dates[nth % dates.len()])
    })
    .await
}

/// Returns how many of ten operations succeed, one after the other, on a clock that
/// says noon.
async fn successes(server: &Server) -> usize {
    let client = builder(&server.url())
        .clock(ManualClock::at("2026-05-07T12:00:00Z"))
        .build()
        .expect("a client");
    let mut successes = 0;
    for _ in 0..10 {
        successes += usize::from(client.get_conversation(1).await.is_ok());
    }
    successes
}

#[tokio::test]
async fn a_401_of_2030_costs_no_operation_and_no_token_of_2030() {
    let server = refusing_once(&["Tue, 07 May 2030 12:00:00 GMT"]).await;
    assert_eq!(successes(&server).await, 10);
    let latest = server.received().iter().map(issued).max();
    assert!(latest <= Some(600), "{latest:?}");
}

#[tokio::test]
async fn a_date_that_does_not_help_costs_one_operation() {
    let server = refusing_once(&[
        "Thu, 07 May 2026 12:09:00 GMT",
        "Thu, 07 May 2026 12:05:00 GMT",
    ])
    .await;
    assert_eq!(successes(&server).await, 9);
    let times: Vec<_> = server.received().iter().map(issued).collect();
    assert_eq!(times[..3], [0, 540, 0]);
    assert_eq!(times.len(), 11);
}

#[tokio::test]
async fn a_401_from_a_clock_an_hour_off_says_so() {
    for (date, words) in [
        ("Thu, 07 May 2026 13:00:00 GMT", "1h behind the server's"),
        ("Thu, 07 May 2026 10:59:40 GMT", "1h ahead of the server's"),
        ("Thu, 07 May 2026 12:09:00 GMT", ""),
        ("yesterday", ""),
    ] {
        let answer = Answer::new(401, r#"{"message":"no"}"#).header("date", date);
        let server = Server::answering(answer).await;
        let clock = ManualClock::at("2026-05-07T12:00:00Z");
        let client = builder(&server.url()).clock(clock.clone()).build();
        let error = client.expect("a client").get_conversation(1).await;
        let told = error.expect_err("refused").to_string();
        assert_eq!(told.contains("clock"), !words.is_empty(), "{told}");
        assert!(told.contains(words), "{told}");
        // A legacy key is sent unsigned.
        let legacy = Client::builder(Credentials::api_key("legacy-key"));
        let client = legacy.base_url(server.url()).clock(clock).build();
        let error = client.expect("a client").get_conversation(1).await;
        let told = error.expect_err("refused").to_string();
        assert!(!told.contains("clock"), "{told}");
    }
}

#[tokio::test]
async fn a_legacy_key_is_sent_as_it_is() {
    let server = Server::answering(Answer::new(200, r#"{"id":1}"#)).await;
    let client = Client::builder(Credentials::api_key("legacy-key"))
        .base_url(server.url())
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect("an answer");
    assert_eq!(tokens(&server), ["legacy-key"]);
}

#[test]
fn credentials_that_cannot_be_right_are_refused_unseen() {
    let cases = [
        (Credentials::api_secret("", "canary"), "ID is empty"),
        (Credentials::api_secret("canary", " "), "key is empty"),
        (Credentials::api_key("canary\n"), "line break"),
        (Credentials::api_key(" canary"), "white space"),
    ];
    for (credentials, expected) in cases {
        let shown = format!("{credentials:?}");
        let error = Client::new(credentials).expect_err("not credentials");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{shown} {error} {error:?}").contains("canary"));
    }
}

#[test]
fn neither_the_client_nor_its_builder_shows_the_secret() {
    let builder = Client::builder(Credentials::api_secret("canary-id", "canary-key"));
    let shown = format!("{builder:?}");
    let client = builder.build().expect("a client");
    assert!(!format!("{shown} {client:?}").contains("canary"));
}
