//! What a caller decides immediately before a request leaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heymarket_api::types::SendMessage;
use heymarket_api::{
    Acquire, Client, Clock, Credentials, ErrorKind, Permit, PermitUse, RateLimit, RateLimiter,
};

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

/// A limiter that grants each permit, and keeps the flights for which it was asked and the
/// ends of the permits.
#[derive(Clone, Default)]
struct Recorder {
    flights: Arc<Mutex<Vec<Duration>>>,
    ends: Arc<Mutex<Vec<PermitUse>>>,
}

impl RateLimiter for Recorder {
    fn acquire(&self, max_flight: Duration) -> Acquire<'_> {
        self.flights.lock().expect("no panic").push(max_flight);
        let ends = Arc::clone(&self.ends);
        Box::pin(async move {
            Ok(Permit::new(move |used| {
                ends.lock().expect("no panic").push(used);
            }))
        })
    }

    fn close(&self, _wait: Duration) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_approval_is_worth_nothing_to_a_limiter_of_the_callers() {
    let server = ScriptedServer::start().await;
    let (clock, recorder) = (JumpingClock::default(), Recorder::default());
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .rate_limit(RateLimit::custom(recorder.clone()))
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .clock(clock.clone())
        .build()
        .expect("a client");
    let approved_after = |seconds| {
        let clock = clock.clone();
        client.with_options(|options| {
            options.before_attempt(move || {
                let clock = clock.clone();
                async move {
                    clock.sleep(Duration::from_secs(seconds)).await;
                    Ok(())
                }
            })
        })
    };
    let late = approved_after(11).send_message(&message(1)).await;
    let late = late.expect_err("it is too late");
    assert_eq!(late.kind(), ErrorKind::Cancelled);
    assert!(!late.may_have_been_sent());
    assert!(late.to_string().contains("longer than 10 s"), "{late}");
    assert!(server.requests(1).is_empty());
    let in_time = approved_after(9).send_message(&message(1)).await;
    in_time.expect("it is sent");
    assert_eq!(server.requests(1).len(), 1);
    // 10 seconds for the approval, and the two timeouts.
    let flights = recorder.flights.lock().expect("no panic").clone();
    assert_eq!(flights, [Duration::from_secs(35); 2]);
    let ends = recorder.ends.lock().expect("no panic").clone();
    assert_eq!(ends, [PermitUse::Unsent, PermitUse::Answered]);
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
