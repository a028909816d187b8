use heymarket_api::webhook::{Event as WebhookEvent, Verifier};
use heymarket_outbox::{ErrorKind, Event, Reason, State};
use heymarket_sandbox::{Fault, Rule};
use serde_json::json;

use crate::support::{Fixture, INBOX, batch, builder, phone, recipients};

fn event(kind: &str, data: serde_json::Value) -> WebhookEvent {
    let delivery = json!({"type": kind, "id": 1, "token": "t", "event_data": data});
    let verified = Verifier::new("t").verify(delivery.to_string().as_bytes());
    (*verified.expect("an event")).clone()
}

fn message(from: &str, text: &str, date: &str) -> WebhookEvent {
    event(
        "message_recieved",
        json!({"id": 7, "target": from, "text": text, "date": date, "status": "received"}),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_opted_out_are_not_texted() {
    let fixture = Fixture::new().await;
    let outbox = &fixture.outbox;
    let events = [
        event("target_opt_out", json!({"phone": phone(1)})),
        event(
            "target_opt_out",
            json!({"target": format!("+{}", phone(2))}),
        ),
        message(&phone(3), "Stop.", "2026-07-01T10:00:00Z"),
        message(&phone(4), "revoke", "2026-07-01T10:00:00Z"),
        event("target_double_opt_restricted", json!({"phone": phone(5)})),
    ];
    for event in &events {
        assert!(outbox.record_event(event).await.expect("recorded"));
        // A delivery that comes again changes nothing.
        assert!(!outbox.record_event(event).await.expect("recorded") || event.webhook_id.is_some());
    }
    assert_eq!(
        outbox
            .suppress([format!("+{}", phone(6))], None)
            .await
            .expect("numbers"),
        1
    );
    let file = format!("phone\n555-010-0007\n{}\n", phone(8));
    assert_eq!(
        outbox
            .import_suppressions(file.as_bytes(), Some("US"))
            .await
            .expect("a file"),
        2
    );
    fixture.plan(&batch("a"), recipients(10)).await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of_reason(State::Refused, Reason::OptedOut), 8);
    fixture.run().await;
    let expected = [phone(0), phone(9)];
    assert_eq!(fixture.received().into_keys().collect::<Vec<_>>(), expected);
    let listed = outbox.suppressions().await.expect("a list");
    assert_eq!(listed.len(), 8);
    assert_eq!(
        (listed[2].phone.as_str(), listed[2].source.as_str()),
        (&*phone(3), "reply")
    );
    assert!(!format!("{listed:?}").contains("1555"));
}

#[tokio::test]
async fn the_latest_word_counts_in_whichever_order_it_comes() {
    let fixture = Fixture::new().await;
    let words = [
        ("STOP", "2026-07-01T10:00:00Z"),
        ("START", "2026-07-01T12:00:00Z"),
        ("STOP", "2026-07-01T11:00:00Z"),
        ("hello", "2026-07-01T13:00:00Z"),
    ];
    for (text, date) in words {
        let event = message(&phone(1), text, date);
        fixture.outbox.record_event(&event).await.expect("recorded");
    }
    assert!(
        fixture
            .outbox
            .suppressions()
            .await
            .expect("a list")
            .is_empty()
    );
    let none = fixture.outbox.unsuppress([phone(1), phone(2)], None).await;
    assert_eq!(none.expect("numbers"), 0);
    // It is older than the wish for messages.
    let stop = message(&phone(2), "STOP", "2026-07-01T10:00:00Z");
    assert!(!fixture.outbox.record_event(&stop).await.expect("recorded"));
    let start = message(&phone(3), "START", "2026-07-01T10:00:00Z");
    assert!(!fixture.outbox.record_event(&start).await.expect("recorded"));
    fixture.plan(&batch("a"), recipients(2)).await;
    assert_eq!(fixture.counts("a").await.of(State::Planned), 2);
}

#[tokio::test]
async fn an_opt_out_of_nobody_is_an_error() {
    let fixture = Fixture::new().await;
    let nobody = event("target_opt_out", json!({"contact": 5}));
    let error = fixture
        .outbox
        .record_event(&nobody)
        .await
        .expect_err("of nobody");
    assert_eq!(error.kind(), ErrorKind::Input);
    let file = "phone\n15550100001\nabc\n";
    let error = fixture
        .outbox
        .import_suppressions(file.as_bytes(), None)
        .await;
    assert!(error.expect_err("no number").to_string().contains("line 3"));
    assert!(
        fixture
            .outbox
            .suppressions()
            .await
            .expect("a list")
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_during_a_run_is_in_time() {
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(5);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(300)).await;
    let mut run = fixture.outbox.clone().concurrency(4).run(&fixture.client);
    let mut sent = 0;
    while let Some(event) = run.next().await {
        if let Event::Sent(_) = event.expect("an event") {
            sent += 1;
            if sent == 50 {
                // They were fetched by now, and are not attempted yet.
                for index in 60..300 {
                    let stop = event_of(index);
                    fixture.outbox.record_event(&stop).await.expect("recorded");
                }
            }
        }
    }
    let received = fixture.received();
    let counts = fixture.counts("a").await;
    let refused = counts.of_reason(State::Refused, Reason::OptedOut);
    assert_eq!(received.len() as u64 + refused, 300);
    // Recording takes a while; what was attempted after it is no one.
    assert!(refused > 0, "{counts}");
    for row in fixture.rows("a").await {
        let was_texted = received.contains_key(&row.phone.clone().expect("a number"));
        assert_eq!(was_texted, row.state == State::Sent);
    }
}

fn event_of(index: usize) -> WebhookEvent {
    event("target_opt_out", json!({"phone": phone(index)}))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_403_for_someone_who_opted_out_is_remembered() {
    let fixture = Fixture::new().await;
    fixture
        .sandbox
        .inbound(INBOX.0, &phone(3), "STOP")
        .expect("a message");
    fixture.plan(&batch("a"), recipients(5)).await;
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), 4);
    assert_eq!(counts.of_reason(State::Refused, Reason::OptedOut), 1);
    let row = &fixture.rows("a").await[3];
    assert!(
        row.detail
            .as_ref()
            .is_some_and(|detail| detail.contains("403")),
        "{row:?}"
    );
    fixture.plan(&batch("b"), recipients(5)).await;
    assert_eq!(
        fixture
            .counts("b")
            .await
            .of_reason(State::Refused, Reason::OptedOut),
        1
    );
    let listed = fixture.outbox.suppressions().await.expect("a list");
    assert_eq!(listed[0].source, "answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_403_that_is_not_the_recipients_suppresses_nobody() {
    let denied = Rule::new(Fault::Status)
        .operation("send_message")
        .status(403)
        .nth(2);
    let fixture = Fixture::with(builder().rule(denied)).await;
    fixture.plan(&batch("a"), recipients(5)).await;
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of_reason(State::Refused, Reason::Forbidden), 1);
    assert!(
        fixture
            .outbox
            .suppressions()
            .await
            .expect("a list")
            .is_empty()
    );
    assert_eq!(fixture.outbox.retry_failed("a").await.expect("a retry"), 1);
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Sent), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_check_finds_opt_outs_before_a_message() {
    let fixture = Fixture::new().await;
    fixture
        .sandbox
        .inbound(INBOX.0, &phone(3), "STOP")
        .expect("a message");
    fixture
        .plan(&batch("a").check_status(true), recipients(5))
        .await;
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), 4);
    assert_eq!(counts.of_reason(State::Refused, Reason::OptedOut), 1);
    assert_eq!(fixture.rows("a").await[3].attempts, 0);
}
