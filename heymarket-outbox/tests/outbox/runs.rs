use std::time::Duration;

use heymarket_outbox::{ErrorKind, Event, Reason, State, Unknown};
use heymarket_sandbox::{Fault, Rule};

use crate::support::{Fixture, batch, builder, phone, recipients, run};

fn rule(fault: Fault) -> Rule {
    Rule::new(fault).operation("send_message")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recipient_gets_one_message_and_has_an_end() {
    let fixture = Fixture::new().await;
    fixture
        .plan(&batch("a").text("Hello, {{phone}}"), recipients(200))
        .await;
    let events = fixture.run().await;
    let sent = events
        .iter()
        .filter(|event| matches!(event, Event::Sent(_)))
        .count();
    assert_eq!(sent, 200);
    let Some(Event::Finished { counts, .. }) = events.last() else {
        panic!("{:?}", events.last());
    };
    assert_eq!(counts.to_string(), "200 sent");
    let received = fixture.received();
    assert_eq!(received.len(), 200);
    assert!(received.values().all(|count| *count == 1));
    for row in fixture.rows("a").await {
        assert_eq!(
            (row.state, row.reason),
            (State::Sent, Some(Reason::Accepted))
        );
        assert_eq!(row.attempts, 1);
        assert!(row.message_id.is_some() && row.conversation_id.is_some());
    }
    let history = fixture
        .client
        .list_messages(41001, phone(7), None)
        .await
        .expect("a history");
    assert_eq!(
        history[0].text.as_deref(),
        Some(format!("Hello, {}", phone(7)).as_str())
    );
    let row = &fixture.rows("a").await[7];
    assert_eq!(history[0].local_id.as_ref(), Some(&row.local_id));
    assert_eq!(Some(history[0].id.into()), row.message_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_in_the_history() {
    for fault in [Fault::CloseAfter, Fault::CutOff] {
        let fixture = Fixture::with(builder().rule(rule(fault).nth(3))).await;
        fixture.plan(&batch("a"), recipients(10)).await;
        let events = fixture.run().await;
        let unknown = events
            .iter()
            .filter(|event| matches!(event, Event::Unknown(_)))
            .count();
        assert_eq!(unknown, 1, "{events:?}");
        let counts = fixture.counts("a").await;
        assert_eq!(counts.of_reason(State::Sent, Reason::Accepted), 9);
        assert_eq!(counts.of_reason(State::Sent, Reason::FoundInHistory), 1);
        assert!(fixture.received().values().all(|count| *count == 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_found_needs_a_review() {
    let fixture = Fixture::with(builder().rule(rule(Fault::CloseBefore).nth(3))).await;
    fixture.plan(&batch("a"), recipients(10)).await;
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), 9);
    assert_eq!(
        counts.of_reason(State::NeedsReview, Reason::NotFoundInHistory),
        1
    );
    // A further run leaves it.
    fixture.run().await;
    assert_eq!(fixture.received().len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_found_is_sent_again_if_asked_for() {
    let fixture = Fixture::with(builder().rule(rule(Fault::CloseBefore).nth(3))).await;
    let resending = batch("a").unknown(Unknown::ResendAfter(Duration::from_secs(90)));
    fixture.plan(&resending, recipients(10)).await;
    let keys: Vec<_> = fixture
        .rows("a")
        .await
        .into_iter()
        .map(|row| row.local_id)
        .collect();
    let events = fixture.run().await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Resending(_))),
        "{events:?}"
    );
    let rows = fixture.rows("a").await;
    assert!(rows.iter().all(|row| row.state == State::Sent));
    assert_eq!(rows.iter().filter(|row| row.attempts == 2).count(), 1);
    let after: Vec<_> = rows.into_iter().map(|row| row.local_id).collect();
    assert_eq!(after, keys);
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_stop_the_run_and_lose_nothing() {
    let fixture = Fixture::with(builder().rule(rule(Fault::Status).status(401))).await;
    fixture.plan(&batch("a"), recipients(50)).await;
    let (_, error) = run(&fixture.outbox, &fixture.client).await;
    let error = error.expect("a stop");
    assert_eq!(error.kind(), ErrorKind::Stopped);
    assert!(error.to_string().contains("credentials"), "{error}");
    assert_eq!(fixture.counts("a").await.of(State::Planned), 50);
    fixture.sandbox.clear_rules();
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_fails_stops_the_run_after_a_while() {
    let fixture = Fixture::with(builder().rule(rule(Fault::Status).status(503))).await;
    fixture.plan(&batch("a"), recipients(100)).await;
    let (events, error) = run(&fixture.outbox, &fixture.client).await;
    assert_eq!(error.expect("a stop").kind(), ErrorKind::Stopped);
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::BackingOff { .. }))
    );
    let counts = fixture.counts("a").await;
    // One message at a time, as nothing was ever accepted.
    assert!(counts.of(State::Planned) >= 85, "{counts}");
    assert_eq!(counts.total(), 100);
    fixture.sandbox.clear_rules();
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent) + counts.of(State::NeedsReview), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_keeps_everything_planned() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(20)).await;
    let gone = crate::support::client("http://127.0.0.1:9", fixture.clock.clone());
    let (_, error) = run(&fixture.outbox, &gone).await;
    assert_eq!(error.expect("a stop").kind(), ErrorKind::Stopped);
    assert_eq!(fixture.counts("a").await.of(State::Planned), 20);
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_leaves_the_recipient_planned_until_the_wait_is_over() {
    let storm = rule(Fault::Status).status(429).probability(0.3).seed(7);
    let fixture = Fixture::with(builder().rule(storm.times(20))).await;
    fixture.plan(&batch("a"), recipients(50)).await;
    let events = fixture.run().await;
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Unknown(_)))
    );
    assert_eq!(fixture.counts("a").await.of(State::Sent), 50);
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_which_nothing_is_accepted_is_paused() {
    let fixture = Fixture::with(builder().rule(rule(Fault::Status).status(400))).await;
    fixture.plan(&batch("a"), recipients(100)).await;
    let events = fixture.run().await;
    assert!(
        matches!(events.last(), Some(Event::Stopped { .. })),
        "{events:?}"
    );
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of_reason(State::Refused, Reason::BadRequest), 10);
    assert_eq!(counts.of(State::Planned), 90);
    assert!(fixture.outbox.status("a").await.expect("a batch").is_paused);
    fixture.sandbox.clear_rules();
    assert_eq!(fixture.outbox.retry_failed("a").await.expect("a retry"), 10);
    fixture.outbox.resume("a").await.expect("a batch");
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_from_elsewhere_holds_what_waits() {
    let slow = rule(Fault::Delay).delay_ms(20);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(300)).await;
    let elsewhere = fixture.open().await;
    let mut run = fixture.outbox.clone().concurrency(2).run(&fixture.client);
    let (mut sent, mut at_pause) = (0, 0);
    while let Some(event) = run.next().await {
        if matches!(event.expect("an event"), Event::Sent(_)) {
            sent += 1;
            if sent == 20 {
                elsewhere.pause("a").await.expect("a batch");
                at_pause = fixture.received().len() as u64;
            }
        }
    }
    let counts = fixture.counts("a").await;
    // Two are in flight at once.
    let after = counts.of(State::Sent) - at_pause;
    assert!(at_pause >= 20 && after <= 2, "{at_pause}, {counts}");
    assert_eq!(counts.of(State::Planned), 300 - counts.of(State::Sent));
    elsewhere.resume("a").await.expect("a batch");
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_batch_is_over() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(5)).await;
    fixture.outbox.cancel("a").await.expect("a batch");
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Cancelled), 5);
    let error = fixture.outbox.resume("a").await.expect_err("cancelled");
    assert!(error.to_string().contains("is cancelled"), "{error}");
    let error = fixture.outbox.retry_failed("a").await;
    let error = error.expect_err("cancelled");
    assert!(error.to_string().contains("is cancelled"), "{error}");
    assert!(fixture.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_in_flight_end() {
    let slow = rule(Fault::Delay).delay_ms(30);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(100)).await;
    let mut run = fixture.outbox.run(&fixture.client);
    while let Some(event) = run.next().await {
        if matches!(event.expect("an event"), Event::Sent(_)) {
            run.stop();
        }
    }
    let counts = fixture.counts("a").await;
    let open = counts.of(State::Attempting) + counts.of(State::Unknown);
    assert_eq!((open, counts.total()), (0, 100));
    assert!(counts.of(State::Planned) > 0, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_take_turns() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(100)).await;
    fixture.plan(&batch("b"), recipients(100)).await;
    let outbox = fixture.outbox.clone().concurrency(1);
    let (events, _) = run(&outbox, &fixture.client).await;
    let batches = events.iter().filter_map(|event| match event {
        Event::Sent(row) => Some(&*row.batch),
        _ => None,
    });
    let first: Vec<_> = batches.take(100).collect();
    let of_a = first.iter().filter(|batch| **batch == "a").count();
    assert!((45..=55).contains(&of_a), "{of_a} of 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_named_alone_is_sent_alone() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(3)).await;
    fixture.plan(&batch("b"), recipients(3)).await;
    let mut run = fixture.outbox.run_only(&fixture.client, ["b"]);
    while let Some(event) = run.next().await {
        event.expect("an event");
    }
    assert_eq!(fixture.counts("a").await.of(State::Planned), 3);
    assert_eq!(fixture.counts("b").await.of(State::Sent), 3);
    let mut run = fixture.outbox.run_only(&fixture.client, ["c"]);
    let error = run.next().await.expect("an error").expect_err("no batch");
    assert_eq!(error.kind(), ErrorKind::NoBatch);
}
