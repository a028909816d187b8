use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use heymarket_api::{
    Client, Clock, Credentials, RateLimit, Sending, Transport, TransportResponse, http, reqwest,
};
use heymarket_outbox::{Outbox, Reason, State};
use heymarket_sandbox::{SECRET_ID, SECRET_KEY};
use jiff::{SignedDuration, Timestamp};

use crate::support::{FastClock, Fixture, batch, builder, phone, recipients, run};

/// How long a call of the client may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// An outbox at the time of the sandbox: tokens are good for a moment.
async fn fixture() -> Fixture {
    Fixture::at(builder(), FastClock::new(&Timestamp::now().to_string(), 1)).await
}

/// Refuses the token of the first message with a 401, after something has happened. All else goes
/// to the sandbox.
struct RefusesOnce<F> {
    http: reqwest::Client,
    has_refused: AtomicBool,
    meanwhile: F,
}

impl<F, Fut> Transport for RefusesOnce<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn send(&self, request: http::Request<bytes::Bytes>) -> Sending<'_> {
        let is_message = request.uri().path() == "/v1/message/send";
        let is_refused = is_message && !self.has_refused.swap(true, Ordering::Relaxed);
        Box::pin(async move {
            if is_refused {
                (self.meanwhile)().await;
                let refusal = http::Response::builder().status(401).body("");
                return Ok(TransportResponse::from(refusal.expect("a response")));
            }
            let request = reqwest::Request::try_from(request)?;
            Ok(self.http.execute(request).await?.into())
        })
    }
}

/// A client whose first message gets a 401, after `meanwhile`.
fn refused_once<F, Fut>(fixture: &Fixture, meanwhile: F) -> Client
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let transport = RefusesOnce {
        http: reqwest::Client::new(),
        has_refused: AtomicBool::new(false),
        meanwhile,
    };
    Client::builder(Credentials::api_secret(SECRET_ID, SECRET_KEY))
        .deadline(DEADLINE)
        .base_url(fixture.sandbox.url())
        .rate_limit(RateLimit::off())
        .clock(fixture.clock.clone())
        .transport(transport)
        .build()
        .expect("a client")
}

/// Sends one message, whose first token is refused after `meanwhile`.
async fn sent_after<Fut>(
    fixture: &Fixture,
    meanwhile: impl Fn(Outbox) -> Fut + Send + Sync + 'static,
) -> Option<heymarket_outbox::Error>
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let outbox = fixture.outbox.clone();
    let client = refused_once(fixture, move || meanwhile(outbox.clone()));
    run(&fixture.outbox, &client).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_replaced() {
    let fixture = fixture().await;
    fixture.plan(&batch("a"), recipients(3)).await;
    let error = sent_after(&fixture, |_| async {}).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(fixture.counts("a").await.of(State::Sent), 3);
    assert!(fixture.received().values().all(|count| *count == 1));
    // A request that was refused is an attempt as well.
    let attempts = fixture.rows("a").await.into_iter().map(|row| row.attempts);
    assert_eq!(attempts.sum::<u64>(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_counts_until_the_second_request_leaves() {
    let fixture = fixture().await;
    fixture.plan(&batch("a"), recipients(1)).await;
    let error = sent_after(&fixture, |outbox| async move {
        let number = format!("+{}", phone(0));
        outbox.suppress([number], None).await.expect("a number");
    });
    let error = error.await;
    assert!(error.is_none(), "{error:?}");
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of_reason(State::Refused, Reason::OptedOut), 1);
    assert!(fixture.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_cancelled_sends_no_second_request() {
    let fixture = fixture().await;
    fixture.plan(&batch("a"), recipients(1)).await;
    let error = sent_after(&fixture, |outbox| async move {
        outbox.cancel("a").await.expect("a batch");
    });
    let error = error.await;
    assert!(error.is_none(), "{error:?}");
    assert!(fixture.received().is_empty());
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Cancelled), 1, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_that_is_too_late_does_not_end_the_run() {
    let fixture = fixture().await;
    let end = Clock::now(&fixture.clock) + SignedDuration::from_secs(2);
    fixture
        .plan(&batch("a").not_after(end), recipients(1))
        .await;
    let error = sent_after(&fixture, |_| tokio::time::sleep(Duration::from_secs(3))).await;
    assert!(error.is_none(), "{error:?}");
    let counts = fixture.counts("a").await;
    assert_eq!(
        counts.of_reason(State::Expired, Reason::TooLate),
        1,
        "{counts}"
    );
    assert!(fixture.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_before_the_second_request_does_not_end_the_run() {
    let fixture = fixture().await;
    fixture.plan(&batch("a"), recipients(1)).await;
    let error = sent_after(&fixture, |_| tokio::time::sleep(DEADLINE)).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(fixture.counts("a").await.of(State::Sent), 1);
    assert!(fixture.received().values().all(|count| *count == 1));
}
