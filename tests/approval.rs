//! What a caller decides immediately before a request leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use heymarket_api::types::SendMessage;
use heymarket_api::{Client, Credentials, ErrorKind, RateLimit};

use crate::support::{Fault, JumpingClock, ScriptedServer};

fn client(server: &ScriptedServer, limit: RateLimit) -> Client {
    Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .rate_limit(limit)
        .clock(JumpingClock::default())
        .random_seed(1)
        .build()
        .expect("a client")
}

fn message(run: i64) -> SendMessage {
    SendMessage::new(run.into(), 50001.into())
        .to_phone("15550100101")
        .text("Hello")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_not_approved_is_not_sent() {
    let server = ScriptedServer::start().await;
    let client = client(&server, RateLimit::per_minute(1))
        .with_options(|options| options.before_attempt(|| async { Err("opted out".into()) }));
    // A place that an unsent request kept would make the second one wait.
    for _ in 0..2 {
        let error = client.send_message(&message(1)).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(!error.may_have_been_sent());
        assert!(error.attempts().is_empty());
        let source = std::error::Error::source(&error).expect("its own error");
        assert_eq!(source.to_string(), "opted out");
        assert_eq!(
            error.to_string(),
            "send_message: not sent: the caller refused the attempt"
        );
    }
    assert!(server.requests(1).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_attempt_is_approved_before_it_leaves() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(401)]);
    let approvals = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&approvals);
    let client = client(&server, RateLimit::off()).with_options(|options| {
        options.before_attempt(move || {
            let counted = Arc::clone(&counted);
            async move {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        })
    });
    client.send_message(&message(1)).await.expect("an answer");
    assert_eq!(approvals.load(Ordering::Relaxed), 2);
    assert_eq!(server.requests(1).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_that_is_not_retried_still_stops_other_callers() {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 30\r\n");
    server.script(1, [Fault::Status(429)]);
    let client = client(&server, RateLimit::off());
    let once = client.with_options(|options| options.retry_rate_limited(false));
    let error = once.send_message(&message(1)).await.expect_err("refused");
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(error.attempts().len(), 1);
    let next = client.get_conversation(2).await.expect("an answer");
    assert_eq!(next.attempts()[0].rate_limit_wait, Duration::from_secs(30));
}
