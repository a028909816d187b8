use heymarket_outbox::{Decision, ErrorKind, Event, Reason, Recipient, State, Unknown};
use heymarket_sandbox::{Deduplication, Fault, Rule};
use std::time::Duration;

use crate::support::{Fixture, batch, builder, phone, recipients, run};

#[tokio::test(flavor = "multi_thread")]
async fn one_message_to_a_list_takes_the_place_of_many() {
    let fixture = Fixture::new().await;
    fixture
        .outbox
        .suppress([phone(4)], None)
        .await
        .expect("a number");
    let plan = fixture
        .outbox
        .plan(&batch("a"), recipients(50))
        .await
        .expect("a plan");
    let size = fixture.client.get_team().await.expect("a team").list_size;
    let offer = plan.list_offer(size).expect("an offer");
    assert_eq!((offer.recipients, offer.requests), (49, 2));
    assert_eq!(plan.list_offer(Some(48)), None);
    fixture.outbox.send_as_list("a").await.expect("a list");
    // The second is not on the list any more.
    fixture
        .outbox
        .suppress([phone(5)], None)
        .await
        .expect("a number");
    fixture.run().await;
    let received = fixture.received();
    assert_eq!(received.len(), 48);
    assert!(!received.contains_key(&phone(4)) && !received.contains_key(&phone(5)));
    assert!(received.values().all(|count| *count == 1));
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), 48);
    assert_eq!(counts.of_reason(State::Refused, Reason::OptedOut), 2);
    fixture.run().await;
    assert_eq!(fixture.received(), received);
    let error = fixture.outbox.send_as_list("a").await.expect_err("sent");
    assert!(error.to_string().contains("sent already"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_a_list_is_found_in_the_history() {
    let lost = Rule::new(Fault::CloseAfter)
        .operation("send_message")
        .nth(1);
    let fixture = Fixture::with(builder().rule(lost)).await;
    fixture.plan(&batch("a"), recipients(50)).await;
    fixture.outbox.send_as_list("a").await.expect("a list");
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(
        counts.of_reason(State::Sent, Reason::FoundInHistory),
        50,
        "{counts}"
    );
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_message_that_is_not_found_is_sent_again_if_asked_for() {
    let lost = Rule::new(Fault::CloseBefore)
        .operation("send_message")
        .nth(1);
    let fixture = Fixture::with(builder().rule(lost)).await;
    let again = batch("a").unknown(Unknown::ResendAfter(Duration::from_secs(90)));
    fixture.plan(&again, recipients(50)).await;
    fixture.outbox.send_as_list("a").await.expect("a list");
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 50);
    assert_eq!(fixture.received().len(), 50);
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_refused_refuses_everyone() {
    let refused = Rule::new(Fault::Status)
        .operation("send_message")
        .status(403)
        .nth(1);
    let fixture = Fixture::with(builder().rule(refused)).await;
    fixture.plan(&batch("a"), recipients(10)).await;
    fixture.outbox.send_as_list("a").await.expect("a list");
    fixture.run().await;
    assert_eq!(
        fixture
            .counts("a")
            .await
            .of_reason(State::Refused, Reason::Forbidden),
        10
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_list_makes_another_list() {
    let status = |status| {
        Rule::new(Fault::Status)
            .operation("send_message")
            .status(status)
    };
    let fixture = Fixture::with(builder().rule(status(400))).await;
    fixture.plan(&batch("a"), recipients(20)).await;
    // Ten refusals pause the batch.
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Refused), 10);
    fixture.sandbox.clear_rules();
    fixture
        .sandbox
        .add_rule(status(403).nth(1))
        .expect("a rule");
    fixture.outbox.send_as_list("a").await.expect("a list");
    fixture.outbox.resume("a").await.expect("a batch");
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Refused), 20);
    assert_eq!(fixture.outbox.retry_failed("a").await.expect("a retry"), 20);
    fixture.run().await;
    // The first list has ten of them.
    assert_eq!(fixture.received().len(), 20);
    assert!(fixture.received().values().all(|count| *count == 1));
    assert_eq!(fixture.counts("a").await.of(State::Sent), 20);
    let error = fixture.outbox.retry_failed("a").await.expect_err("sent");
    assert!(error.to_string().contains("sent already"), "{error}");
    let error = fixture.outbox.decide("a", Some(vec![1]), Decision::Resend);
    let error = error.await.expect_err("a part of a list");
    assert!(
        error.to_string().contains("all of its recipients"),
        "{error}"
    );
}

/// Runs until the list of "a" was created, and its answer was lost.
async fn with_a_lost_list() -> Fixture {
    let lost = Rule::new(Fault::CloseAfter).operation("create_list");
    // The same key returns the same list, as the API does.
    let builder = builder().deduplication(Deduplication::Lists);
    let fixture = Fixture::with(builder.rule(lost)).await;
    fixture
        .plan(&batch("a").as_list(true), recipients(20))
        .await;
    let _ = run(&fixture.outbox, &fixture.client).await;
    assert_eq!(fixture.counts("a").await.of(State::Planned), 20);
    fixture.sandbox.clear_rules();
    fixture
}

/// Lets one of twenty opt out, and runs to the end.
async fn assert_opt_out_counts(fixture: &Fixture) {
    let number = [phone(5)];
    fixture
        .outbox
        .suppress(number, None)
        .await
        .expect("a number");
    fixture.run().await;
    let received = fixture.received();
    assert!(
        received.len() == 19 && !received.contains_key(&phone(5)),
        "{received:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opted_out_after_a_lost_list_is_on_no_list() {
    let fixture = with_a_lost_list().await;
    assert_opt_out_counts(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_after_an_opt_out_leaves_no_list_with_it() {
    // The list is created, and the credentials are refused for its message.
    let refused = Rule::new(Fault::Status).operation("send_message");
    let fixture = Fixture::with(builder().rule(refused.status(401))).await;
    fixture
        .plan(&batch("a").as_list(true), recipients(20))
        .await;
    let (_, error) = run(&fixture.outbox, &fixture.client).await;
    assert!(error.is_some());
    fixture.sandbox.clear_rules();
    assert_opt_out_counts(&fixture).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_no_list_is_not_planned_as_one() {
    let fixture = Fixture::new().await;
    let own = batch("a").text("Hi {{first}}").as_list(true);
    let named = vec![Recipient::new(phone(1)).field("first", "Robin")];
    let error = fixture
        .outbox
        .plan(&own, named)
        .await
        .expect_err("own texts");
    assert!(
        error.to_string().contains("cannot be sent to a list"),
        "{error}"
    );
    assert!(fixture.outbox.batches().await.expect("batches").is_empty());
    fixture.plan(&batch("b").as_list(true), recipients(3)).await;
    assert!(
        fixture
            .outbox
            .status("b")
            .await
            .expect("a batch")
            .is_to_list
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_differ_and_lists_that_are_too_long_are_no_list() {
    let fixture = Fixture::new().await;
    let named = vec![
        Recipient::new(phone(1)).field("first", "Robin"),
        Recipient::new(phone(2)).field("first", "Sam"),
        Recipient::new(phone(3)).field("first", "Ann"),
    ];
    let own = batch("a").text("Hi {{first}}");
    let plan = fixture.outbox.plan(&own, named).await.expect("a plan");
    assert_eq!(plan.list_offer(None), None);
    let error = fixture
        .outbox
        .send_as_list("a")
        .await
        .expect_err("own texts");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    // The team of the sandbox has lists of 2,000.
    fixture.plan(&batch("b"), recipients(2001)).await;
    fixture.outbox.cancel("a").await.expect("a batch");
    fixture.outbox.send_as_list("b").await.expect("a list");
    // The others are sent.
    fixture.plan(&batch("c"), recipients(5)).await;
    let events = fixture.run().await;
    let problem = events.iter().find_map(|event| match event {
        Event::Stopped { problem, .. } => Some(problem),
        _ => None,
    });
    let problem = problem.expect("too long");
    assert!(problem.contains("2001 recipients do not fit"), "{problem}");
    assert!(fixture.outbox.status("b").await.expect("a batch").is_paused);
    assert_eq!(fixture.counts("b").await.of(State::Planned), 2001);
    assert_eq!(fixture.counts("c").await.of(State::Sent), 5);
}
