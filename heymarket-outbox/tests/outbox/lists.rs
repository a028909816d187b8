use heymarket_outbox::{ErrorKind, Reason, Recipient, State, Unknown};
use heymarket_sandbox::{Fault, Rule};
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
    let (_, error) = run(&fixture.outbox, &fixture.client).await;
    let error = error.expect("too long");
    assert!(
        error.to_string().contains("2001 recipients do not fit"),
        "{error}"
    );
    assert_eq!(fixture.counts("b").await.of(State::Planned), 2001);
}
