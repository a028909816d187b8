//! Which deliveries are the same event.

use std::time::Duration;

use heymarket_api::webhook::{Deduplicator, Event};
use serde_json::{Value, json};

use super::Receipt::{self, Duplicate, Handled};
use super::{deduplicator, delivery, receive, verify};
use crate::support::{Answer, JumpingClock, Server, client, time};

const PHONE: &str = "15550100101";

/// The retry window, which is documented.
const WINDOW: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn event(event_type: &str, data: Value) -> Event {
    verify(&delivery(event_type, data)).expect("an event")
}

/// Delivers events one after the other, each to the end.
async fn receive_all(seen: &Deduplicator, events: impl IntoIterator<Item = Event>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for event in events {
        receipts.push(receive(seen, &event).await);
    }
    receipts
}

async fn receipts(events: impl IntoIterator<Item = Event>) -> Vec<Receipt> {
    receive_all(&Deduplicator::new(), events).await
}

/// Delivers an event until it is new, and returns how long it was remembered.
async fn remembered(event: &Event) -> Duration {
    let (seen, clock): (_, JumpingClock) = deduplicator();
    assert_eq!(receive(&seen, event).await, Handled);
    let mut memory = Duration::ZERO;
    while receive(&seen, event).await == Duplicate {
        clock.jump(Duration::from_secs(60));
        memory += Duration::from_secs(60);
        assert!(memory <= DAY, "it is never forgotten");
    }
    memory
}

#[tokio::test]
async fn one_event_in_either_spelling_and_envelope_is_handled_once() {
    let data = json!({ "id": 7, "status": "received" });
    let older = json!({
        "event": "message_received", "token": super::TOKEN, "event_data": data,
    });
    let receipts = receipts([
        event("message_recieved", data.clone()),
        event("message_received", data),
        verify(&older).expect("an event"),
    ])
    .await;
    assert_eq!(receipts, [Handled, Duplicate, Duplicate]);
}

#[tokio::test]
async fn a_received_message_is_one_event_whatever_its_time() {
    let at = |updated: Value| {
        event(
            "message_recieved",
            json!({ "id": 7, "status": "received", "updated": updated }),
        )
    };
    let receipts = receipts([
        at(json!("2026-05-07T12:00:00Z")),
        at(json!("2026-05-07T13:00:00Z")),
        at(json!(null)),
    ])
    .await;
    assert_eq!(receipts, [Handled, Duplicate, Duplicate]);
}

#[tokio::test]
async fn an_opt_out_after_an_opt_in_is_new() {
    let types = ["target_opt_out", "target_opt_in", "target_opt_out"];
    // The words of an opt-in differ from those of an opt-out.
    for reasons in [["", "", ""], ["STOP", "START", "STOP"]] {
        let events = types.iter().zip(reasons).map(|(event_type, reason)| {
            let data = json!({ "phone": PHONE, "reason": reason });
            event(event_type, data)
        });
        let mut events: Vec<_> = events.collect();
        events.push(events[2].clone());
        let receipts = receipts(events).await;
        assert_eq!(receipts, [Handled, Handled, Handled, Duplicate]);
    }
}

#[tokio::test]
async fn every_consent_event_is_the_opposite_of_the_others() {
    let types = [
        "target_opt_out",
        "target_opt_in",
        "target_double_opt_in",
        "target_double_opt_restricted",
    ];
    for (first, second) in types.iter().flat_map(|a| types.iter().map(move |b| (a, b))) {
        let consent = |event_type: &str| event(event_type, json!({ "phone": PHONE }));
        let receipts = receipts([first, second, first].map(|name| consent(name))).await;
        let expected = if first == second {
            [Handled, Duplicate, Duplicate]
        } else {
            [Handled, Handled, Handled]
        };
        assert_eq!(receipts, expected, "{first}, {second}");
    }
}

#[tokio::test]
async fn one_person_is_known_by_any_name_of_the_member() {
    let opposite = [
        json!({ "phone": PHONE }),
        json!({ "phone_number": format!("+{PHONE}"), "id": 4 }),
        json!({ "target": "+1 (555) 010-0101" }),
        json!({ "from": 15_550_100_101_i64, "phone": "" }),
    ];
    for opt_in in opposite {
        let opt_out = || event("target_opt_out", json!({ "phone": PHONE, "id": 1 }));
        let receipts = receipts([opt_out(), event("target_opt_in", opt_in), opt_out()]).await;
        assert_eq!(receipts, [Handled; 3]);
    }
}

#[tokio::test]
async fn the_opt_in_of_another_person_forgets_no_opt_out() {
    let receipts = receipts([
        event("target_opt_out", json!({ "phone": PHONE })),
        event("target_opt_in", json!({ "phone": "15550100102" })),
        event("target_opt_out", json!({ "phone": PHONE })),
    ])
    .await;
    assert_eq!(receipts, [Handled, Handled, Duplicate]);
}

#[tokio::test]
async fn an_opt_in_of_nobody_known_forgets_such_opt_outs() {
    let receipts = receipts([
        event("target_opt_out", json!({ "a": 1 })),
        event("target_opt_in", json!({ "b": 2, "id": 4 })),
        event("target_opt_out", json!({ "a": 1 })),
    ])
    .await;
    assert_eq!(receipts, [Handled; 3]);
}

#[tokio::test]
async fn opt_outs_of_one_person_with_other_data_are_two_events() {
    let of_inbox = |inbox: i64| event("target_opt_out", json!({ "phone": PHONE, "inbox": inbox }));
    let receipts = receipts([of_inbox(1), of_inbox(2), of_inbox(1), of_inbox(2)]).await;
    assert_eq!(receipts, [Handled, Handled, Duplicate, Duplicate]);
}

#[tokio::test]
async fn calls_and_consent_are_remembered_for_a_retry_window() {
    for event_type in [
        "incoming_call",
        "target_opt_out",
        "target_opt_in",
        "target_double_opt_in",
        "target_double_opt_restricted",
        "a_type_of_tomorrow",
    ] {
        let memory = remembered(&event(event_type, json!({ "phone": PHONE }))).await;
        assert_eq!(memory, WINDOW, "{event_type}");
    }
    // Data of another type than the event's.
    let odd = remembered(&event("chat_closed", json!({ "id": "x" }))).await;
    assert_eq!(odd, WINDOW);
    let without_id = event("message_sent", json!({ "id": 0, "status": "sent" }));
    assert_eq!(remembered(&without_id).await, WINDOW);
}

#[tokio::test]
async fn what_has_an_id_and_a_time_is_remembered_for_a_day() {
    for event_type in ["chat_closed", "chat_reassigned", "chat_transferred"] {
        let timed = event(
            event_type,
            json!({ "id": 9, "updated": "2026-05-07T12:00:00Z" }),
        );
        assert_eq!(remembered(&timed).await, DAY, "{event_type}");
        let untimed = event(event_type, json!({ "id": 9 }));
        assert_eq!(remembered(&untimed).await, WINDOW, "{event_type}");
    }
    let received = event("message_recieved", json!({ "id": 9, "status": "received" }));
    assert_eq!(remembered(&received).await, DAY);
    let sent = event("message_sent", json!({ "id": 9, "status": "sent" }));
    assert_eq!(remembered(&sent).await, DAY);
}

#[tokio::test]
async fn data_is_told_apart_by_all_of_it_in_any_order() {
    let call = |body: &str| event("incoming_call", serde_json::from_str(body).expect("JSON"));
    let receipts = receipts([
        call(r#"{"n":1,"m":{"a":1,"b":2}}"#),
        call(r#"{"n":2,"m":{"a":1,"b":2}}"#),
        call(r#"{"m":{"b":2,"a":1},"n":1}"#),
    ])
    .await;
    assert_eq!(receipts, [Handled, Handled, Duplicate]);
}

#[tokio::test]
async fn a_state_of_a_conversation_that_returns_is_new() {
    let types = ["chat_closed", "chat_opened", "chat_closed", "chat_closed"];
    // Nothing says that closing a conversation moves its `updated`.
    for updated in [json!(null), json!("2026-05-07T12:00:00Z")] {
        let data = json!({ "id": 9, "updated": updated });
        let receipts = receipts(types.map(|name| event(name, data.clone()))).await;
        assert_eq!(receipts, [Handled, Handled, Handled, Duplicate]);
    }
}

#[tokio::test]
async fn a_late_retry_with_a_time_of_its_own_is_a_duplicate() {
    let at = |event_type: &str, minute: u8| {
        let updated = format!("2026-05-07T12:{minute:02}:00Z");
        event(
            event_type,
            json!({ "id": 9, "updated": updated, "status": "sent" }),
        )
    };
    let receipts = receipts([
        at("chat_closed", 0),
        at("chat_opened", 1),
        at("chat_closed", 0),
        at("chat_closed", 2),
        at("message_sent", 0),
        at("message_sent", 1),
        at("message_sent", 0),
    ])
    .await;
    let expected = [
        Handled, Handled, Duplicate, Handled, Handled, Handled, Duplicate,
    ];
    assert_eq!(receipts, expected);
}

#[tokio::test]
async fn the_same_state_of_another_conversation_is_new() {
    let closed = |id: i64| event("chat_closed", json!({ "id": id }));
    let opened = event("chat_opened", json!({ "id": 2 }));
    let receipts = receipts([closed(1), closed(2), opened, closed(1)]).await;
    assert_eq!(receipts, [Handled, Handled, Handled, Duplicate]);
}

#[tokio::test]
async fn reassignments_with_one_time_are_told_apart() {
    for (event_type, member) in [
        ("chat_reassigned", "assigned"),
        ("chat_transferred", "inbox"),
    ] {
        for updated in [json!(null), json!("2026-05-07T12:00:00Z")] {
            let to = |id: i64| {
                event(
                    event_type,
                    json!({ "id": 9, member: id, "updated": updated }),
                )
            };
            let receipts = receipts([to(50001), to(50002), to(50002), to(50001)]).await;
            assert_eq!(receipts, [Handled, Handled, Duplicate, Handled]);
        }
    }
}

fn status(status: &str, updated: Option<&str>) -> Event {
    event(
        "message_sent",
        json!({ "id": 8, "status": status, "updated": updated }),
    )
}

#[tokio::test]
async fn a_status_that_returns_is_new() {
    for times in [
        [None; 3],
        [Some("2026-05-07T12:00:00Z"); 3],
        [
            Some("2026-05-07T12:00:00Z"),
            Some("2026-05-07T12:00:01Z"),
            Some("2026-05-07T12:00:02Z"),
        ],
        // The first delivery has no time, as an older sender might.
        [None, Some("2026-05-07T12:00:01Z"), None],
    ] {
        let statuses = ["failed", "sent", "failed"];
        let events = statuses
            .iter()
            .zip(times)
            .map(|(name, at)| status(name, at));
        let mut events: Vec<_> = events.collect();
        events.push(events[2].clone());
        let receipts = receipts(events).await;
        assert_eq!(
            receipts,
            [Handled, Handled, Handled, Duplicate],
            "{times:?}"
        );
    }
}

/// The receipts of what the history of a server has.
async fn reconciled(seen: &Deduplicator, history: Value) -> Vec<Receipt> {
    let server = Server::answering(Answer::new(200, history.to_string())).await;
    let mut events = client(&server.url()).reconcile(time("2026-05-07T00:00:00Z"));
    let mut receipts = Vec::new();
    while let Some(event) = events.next().await {
        receipts.push(receive(seen, &event.expect("an event")).await);
    }
    receipts
}

fn history(status: &str, updated: &str) -> Value {
    json!([{ "id": 8, "status": status, "date": "2026-05-07T12:00:00Z", "updated": updated }])
}

#[tokio::test]
async fn a_delivered_status_is_not_new_in_the_history() {
    for delivered in [None, Some("2026-05-07T12:00:00Z")] {
        let seen = Deduplicator::new();
        let sent = [status("sent", delivered)];
        assert_eq!(receive_all(&seen, sent).await, [Handled]);
        // The history may have a later time than the delivery had.
        for updated in ["2026-05-07T12:00:00Z", "2026-05-07T12:30:00Z"] {
            let receipts = reconciled(&seen, history("sent", updated)).await;
            assert_eq!(receipts, [Duplicate], "{delivered:?}, {updated}");
        }
    }
}

#[tokio::test]
async fn what_the_history_replayed_is_not_new_by_a_webhook() {
    let updated = "2026-05-07T12:00:00Z";
    for late in [None, Some(updated)] {
        let seen = Deduplicator::new();
        assert_eq!(reconciled(&seen, history("sent", updated)).await, [Handled]);
        let receipts = receive_all(&seen, [status("sent", late)]).await;
        assert_eq!(receipts, [Duplicate], "{late:?}");
    }
}

#[tokio::test]
async fn the_history_does_not_take_a_delivery_in_advance() {
    // Failed, sent and failed again: the second is still on its way.
    let at = |minute: u8| format!("2026-05-07T12:{minute:02}:00Z");
    let seen = Deduplicator::new();
    let first = [status("failed", Some(&at(0)))];
    assert_eq!(receive_all(&seen, first).await, [Handled]);
    let receipts = reconciled(&seen, history("failed", &at(2))).await;
    assert_eq!(receipts, [Duplicate], "its time alone may have moved");
    let late = [status("sent", Some(&at(1))), status("failed", Some(&at(2)))];
    assert_eq!(receive_all(&seen, late).await, [Handled; 2]);
}

#[tokio::test]
async fn a_status_that_returned_unseen_is_new_in_the_history() {
    let seen = Deduplicator::new();
    let delivered = [
        status("failed", Some("2026-05-07T12:00:00Z")),
        status("sent", Some("2026-05-07T12:01:00Z")),
    ];
    assert_eq!(receive_all(&seen, delivered).await, [Handled; 2]);
    let failed = history("failed", "2026-05-07T12:02:00Z");
    assert_eq!(reconciled(&seen, failed.clone()).await, [Handled]);
    assert_eq!(reconciled(&seen, failed).await, [Duplicate]);
    let late = [status("failed", Some("2026-05-07T12:02:00Z"))];
    assert_eq!(receive_all(&seen, late).await, [Duplicate]);
}

#[tokio::test]
async fn a_duplicate_delivery_does_not_change_the_last_status() {
    let seen = Deduplicator::new();
    let (sent, delivered) = ("2026-05-07T12:00:00Z", "2026-05-07T12:01:00Z");
    let events = [
        status("sent", Some(sent)),
        status("delivered", Some(delivered)),
        status("sent", Some(sent)),
    ];
    let receipts = receive_all(&seen, events).await;
    assert_eq!(receipts, [Handled, Handled, Duplicate]);
    let moved = history("delivered", "2026-05-07T12:30:00Z");
    assert_eq!(reconciled(&seen, moved).await, [Duplicate]);
}

#[test]
fn no_key_holds_a_phone_number_a_name_or_a_text() {
    let data = json!({
        "id": 7, "phone": PHONE, "target": PHONE, "from": PHONE, "text": "canary",
        "first": "canary", "assigned": { "id": 5, "name": "canary" }, "status": "sent",
    });
    for event_type in [
        "message_sent",
        "message_recieved",
        "chat_closed",
        "chat_reassigned",
        "chat_transferred",
        "target_opt_out",
        "incoming_call",
        "a_type_of_tomorrow",
    ] {
        let key = event(event_type, data.clone()).dedupe_key();
        assert!(!key.contains("555010") && !key.contains("canary"), "{key}");
        let long = event(&event_type.repeat(1000), data.clone()).dedupe_key();
        assert!(long.len() < 100, "{}", long.len());
    }
}
