//! An event can be stored and read again, without the token.

use heymarket_api::types::WebhookEventType;
use heymarket_api::webhook::{Envelope, Event, EventData, Verifier};
use serde_json::{Value, json};

use super::{TOKEN, delivery, verify};
use crate::support::spec;

/// The example of the spec for each event type.
fn examples() -> Vec<(String, Value)> {
    let webhooks = spec()["x-webhooks"].clone();
    let webhooks = webhooks.as_object().expect("webhooks");
    let data = "/post/requestBody/content/application~1json/example/event_data";
    webhooks
        .iter()
        .map(|(name, webhook)| {
            let data = webhook.pointer(data).expect("an example");
            (name.clone(), data.clone())
        })
        .collect()
}

/// Stores an event and reads it again.
fn stored(event: &Event) -> Event {
    let text = serde_json::to_string(event).expect("stored");
    assert!(!text.contains(TOKEN), "{text}");
    let value = serde_json::to_value(event).expect("stored");
    let read = serde_json::from_str(&text).expect("read");
    assert_eq!(serde_json::from_value::<Event>(value).expect("read"), read);
    read
}

#[test]
fn every_event_is_the_same_after_it_was_stored() {
    let odd = [
        json!(null),
        json!([]),
        json!("text"),
        json!({}),
        json!({ "id": "x", "more": [1.5, u64::MAX] }),
        json!(7),
    ];
    for (name, example) in examples() {
        let mut all = vec![
            example,
            json!({ "id": 7, "updated": "2026-05-07T12:00:00.5Z" }),
        ];
        all.extend(odd.iter().cloned());
        for data in all {
            let current = verify(&delivery(&name, data.clone())).expect("an event");
            let older = json!({ "event": name, "token": TOKEN, "event_data": data });
            let older = verify(&older).expect("an event");
            for event in [current, older] {
                let read = stored(&event);
                assert_eq!(read, event, "{name}: {data}");
                assert_eq!(read.dedupe_key(), event.dedupe_key(), "{name}: {data}");
            }
        }
    }
    let unknown = verify(&delivery("a_type_of_tomorrow", json!({ "a": 1 }))).expect("an event");
    assert_eq!(stored(&unknown), unknown);
}

#[test]
fn data_that_is_json_only_in_form_survives_storage() {
    for name in ["message_sent", "target_opt_out"] {
        let body =
            format!(r#"{{"type":"{name}","token":"{TOKEN}","event_data":{{"a":"\ud800"}}}}"#);
        let event = Verifier::new(TOKEN).verify(body.as_bytes());
        let event = event.expect("verified").into_inner();
        assert_eq!(stored(&event), event, "{name}");
    }
}

#[test]
fn a_stored_event_has_four_members() {
    let event = verify(&delivery("chat_closed", json!({ "id": 9920 }))).expect("an event");
    let expected = json!({
        "type": "chat_closed", "webhook_id": 321, "envelope": "current", "data": { "id": 9920 },
    });
    assert_eq!(serde_json::to_value(&event).expect("stored"), expected);
}

#[test]
fn a_stored_event_may_lack_all_but_type_and_envelope() {
    let bare = json!({ "type": "message_received", "envelope": "history", "more": 1 });
    let event: Event = serde_json::from_value(bare).expect("an event");
    assert_eq!(event.event_type, WebhookEventType::MessageRecieved);
    assert_eq!(
        (event.webhook_id, event.envelope),
        (None, Envelope::History)
    );
    assert_eq!(event.data, EventData::Unknown(Value::Null));
    for wrong in [
        json!({ "type": "chat_closed" }),
        json!({ "envelope": "current" }),
        json!({ "type": "chat_closed", "envelope": "carrier pigeon" }),
        json!([]),
    ] {
        assert!(
            serde_json::from_value::<Event>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn an_event_says_which_message_or_conversation_it_is_about() {
    for (name, example) in examples() {
        let event = verify(&delivery(&name, example.clone())).expect("an event");
        let id = |name: &str| example[name].as_i64();
        let message = event.data.message().map(|message| message.id.into());
        let conversation = event
            .data
            .conversation()
            .map(|conversation| conversation.id.into());
        let expected = match name.split('_').next() {
            Some("message") => (id("id"), None),
            Some("chat") => (None, id("id")),
            _ => (None, None),
        };
        assert_eq!((message, conversation), expected, "{name}");
    }
}
