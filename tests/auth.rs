//! Credentials and tokens.

use heymarket_api::{Client, Credentials, ErrorKind};

use crate::support::{Answer, ManualClock, Server, builder};

/// Made with another implementation of HMAC for the id `test-id`, the key
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
    let token = |request: &crate::support::Received| {
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
async fn a_token_from_the_future_is_not_used_once_the_clock_is_set_back() {
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
        (Credentials::api_secret("", "canary"), "id is empty"),
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
