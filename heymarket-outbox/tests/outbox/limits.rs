use std::time::Duration;

use heymarket_api::{Client, Clock as _, Credentials, RateLimit};
use heymarket_outbox::{State, Unknown};
use heymarket_sandbox::{API_KEY, Fault, Rule};
use jiff::Timestamp;

use crate::support::{FastClock, Fixture, batch, builder, recipients};

/// Requests a minute, and how many times as fast the minute is.
const LIMIT: u32 = 40;
const SCALE: u32 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_dropped_keep_the_limit_together() {
    const COUNT: usize = 120;
    let lost = Rule::new(Fault::CloseAfter).operation("send_message");
    let builder = builder()
        .rate_limit(LIMIT)
        .time_scale(SCALE)
        .rule(lost.probability(0.1).seed(1));
    let clock = FastClock::new(&Timestamp::now().to_string(), SCALE);
    let fixture = Fixture::at(builder, clock.clone()).await;
    let resending = batch("a")
        .check_status(true)
        .unknown(Unknown::ResendAfter(Duration::from_secs(61)));
    fixture.plan(&resending, recipients(COUNT)).await;
    let mut drops = 0;
    loop {
        // Each begins as another process would: with a limiter that is empty.
        let outbox = fixture.open().await.clock(clock.clone());
        let client = Client::builder(Credentials::api_key(API_KEY))
            .base_url(fixture.sandbox.url())
            .rate_limit(RateLimit::per_minute(LIMIT))
            .clock(clock.clone())
            .build()
            .expect("a client");
        let mut run = outbox.run(&client);
        let patience = Duration::from_millis(if drops < 12 { 40 + 35 * drops } else { 60_000 });
        let is_over = tokio::time::timeout(patience, async {
            while let Some(event) = run.next().await {
                event.expect("an event");
            }
        });
        if is_over.await.is_ok() {
            break;
        }
        drops += 1;
    }
    assert!(drops >= 5, "{drops} drops");
    let refused = fixture.sandbox.requests();
    let refused = refused.iter().filter(|request| request.status == Some(429));
    assert_eq!(refused.count(), 0, "429s of the run's own making");
    assert_eq!(fixture.counts("a").await.of(State::Sent), COUNT as u64);
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_request_counts_for_the_timeouts_of_its_client() {
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(2000);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(1)).await;
    let long = Duration::from_secs(3000);
    let patient = fixture
        .client
        .with_options(|options| options.timeout(long).deadline(long));
    let run = fixture.outbox.run(&patient);
    while fixture.counts("a").await.of(State::Attempting) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(run);
    let file = rusqlite::Connection::open(fixture.place.name()).expect("a file");
    let sql = "SELECT max(until) FROM requests";
    let until: i64 = file
        .query_row(sql, [], |row| row.get(0))
        .expect("a request");
    let left = until - fixture.clock.now().as_millisecond();
    // Ten seconds to connect, and a minute after the response.
    assert!((1_000_000..=3_070_100).contains(&left), "{left}");
}
