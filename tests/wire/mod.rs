//! What each operation sends and reads: a file for each resource.

mod contacts;
mod contacts_v2;
mod conversations;
mod inboxes;
mod lists;
mod messages;
mod scheduled_messages;
mod surveys;
mod tags;
mod team;
mod templates;
mod users;

use std::future::Future;

use heymarket_api::{Client, Error, Response};
use serde_json::Value;

use crate::support::{
    Answer, Received, Server, assert_every_operation, client, without_minted_key,
};

/// Declares a test for each operation, and the list of them.
///
/// `sends` is the request line and the body as it must be on the wire, `""`
/// for none; `answers` is the body that comes back.
macro_rules! wire_tests {
    ($($(#[$attribute:meta])* $operation:ident {
        call: $call:expr,
        sends: ($line:literal, $body:expr),
        answers: $answer:expr,
        reads: $check:expr $(,)?
    })*) => {
        pub(super) const OPERATIONS: &[&str] = &[$(stringify!($operation)),*];

        $(
            $(#[$attribute])*
            #[tokio::test]
            async fn $operation() {
                let value = super::exchange($line, $body, $answer, $call).await;
                let check: fn(_) = $check;
                check(value);
            }
        )*
    };
}

pub(crate) use wire_tests;

/// Makes a call against a server that responds with `answer`, checks the request
/// byte for byte, and returns the value of the call.
async fn exchange<T, F: Future<Output = Result<Response<T>, Error>>>(
    line: &str,
    body: &str,
    answer: &str,
    call: impl FnOnce(Client) -> F,
) -> T {
    let server = Server::answering(Answer::new(200, answer)).await;
    let response = call(client(&server.url())).await.expect("an answer");
    let received = server.only_request();
    assert_eq!(format!("{} {}", received.method, received.target), line);
    let sent = String::from_utf8_lossy(&received.body);
    assert_eq!(without_minted_key(&sent), body);
    // The result holds the key, generated or given.
    let key = serde_json::from_slice::<Value>(&received.body).ok();
    let key = key.as_ref().and_then(|body| body.get("local_id")?.as_str());
    assert_eq!(response.local_id(), key);
    check_headers(&received);
    assert_eq!(response.request_id(), Some("request-1"));
    assert_eq!(&response.body()[..], answer.as_bytes());
    response.into_inner()
}

/// These headers and no others: no `api-version`, no cookies. `accept-encoding`
/// is that of the feature `gzip`, which the command line switches on for the
/// whole workspace.
fn check_headers(received: &Received) {
    let mut expected = vec![
        "accept",
        "accept-encoding",
        "authorization",
        "host",
        "user-agent",
    ];
    let is_get_like = matches!(received.method.as_str(), "GET" | "DELETE");
    if !received.body.is_empty() {
        expected.push("content-type");
        assert_eq!(received.header("content-type"), Some("application/json"));
    }
    // A request that could have a body says when it has none.
    if !received.body.is_empty() || !is_get_like {
        expected.push("content-length");
        let length = received.body.len().to_string();
        assert_eq!(received.header("content-length"), Some(length.as_str()));
    }
    expected.sort_unstable();
    let names: Vec<_> = received
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, expected);
    assert_eq!(received.header("accept"), Some("application/json"));
    assert_eq!(received.header("accept-encoding"), Some("gzip"));
    let authorization = received.header("authorization").expect("a token");
    assert!(authorization.starts_with("Bearer eyJ"), "{authorization}");
    let user_agent = received.header("user-agent").expect("a user agent");
    assert!(user_agent.starts_with("heymarket-api/"), "{user_agent}");
}

#[test]
fn every_operation_of_the_spec_has_a_wire_test() {
    let tested = [
        contacts::OPERATIONS,
        contacts_v2::OPERATIONS,
        conversations::OPERATIONS,
        inboxes::OPERATIONS,
        lists::OPERATIONS,
        messages::OPERATIONS,
        scheduled_messages::OPERATIONS,
        surveys::OPERATIONS,
        tags::OPERATIONS,
        team::OPERATIONS,
        templates::OPERATIONS,
        users::OPERATIONS,
    ]
    .into_iter()
    .flatten()
    .copied();
    assert_every_operation("test in tests/wire/", tested);
}
