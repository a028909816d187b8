//! Deliveries whose data comes before its type and the token, or after them.

use heymarket_api::webhook::{Event, Verifier, WebhookError};

use super::{TOKEN, VARIANTS};

/// Verifies the same members in their usual order, and with the data first. Returns the
/// outcome, which must be one.
fn verify(members: &[&str], data: &str) -> Result<Event, WebhookError> {
    let verifier = Verifier::new(TOKEN);
    let data = format!(r#""event_data":{data}"#);
    let mut ordered = members.to_vec();
    ordered.push(&data);
    let usual = verifier.verify(format!("{{{}}}", ordered.join(",")).as_bytes());
    ordered.rotate_right(1);
    let first = verifier.verify(format!("{{{}}}", ordered.join(",")).as_bytes());
    assert_eq!(usual, first, "{members:?} {data}");
    usual.map(heymarket_api::webhook::Verified::into_inner)
}

const DATA: [&str; 9] = [
    r#"{"id":7,"text":"Hello","conversation":{"id":9},"date":"2026-05-07T12:00:00Z"}"#,
    r#"{"id":7.0,"status":"closed","assigned":"","more":[{}]}"#,
    r#"{"id":"x"}"#,
    r#"{"id":7,"text":"\ud800"}"#,
    r#"{}"#,
    "[7]",
    "null",
    "7",
    r#""text""#,
];

#[test]
fn the_order_of_members_changes_no_event() {
    let token = format!(r#""token":"{TOKEN}""#);
    for data in DATA {
        for (name, _) in VARIANTS.iter().chain(&[("a_type_of_tomorrow", "")]) {
            for key in ["type", "event"] {
                let event_type = format!(r#""{key}":"{name}""#);
                let event = verify(&[&event_type, r#""id":321"#, &token], data);
                assert!(event.is_ok(), "{key} {name} {data}: {event:?}");
            }
        }
    }
}

#[test]
fn the_order_of_members_changes_no_refusal() {
    let token = format!(r#""token":"{TOKEN}""#);
    let sent = r#""type":"message_sent""#;
    let data = DATA[0];
    let unauthorized = [r#""token":"guess""#, r#""token":null"#, r#""id":7"#];
    for member in unauthorized {
        let outcome = verify(&[sent, member], data);
        assert_eq!(outcome, Err(WebhookError::Unauthorized), "{member}");
    }
    let data_again = format!(r#""event_data":{data}"#);
    for members in [
        [sent, &token, r#""token":"guess""#].as_slice(),
        &[sent, &token, sent],
        &[sent, &token, &data_again],
        &[&token],
        &[sent, &token, "}"],
        &[sent, &token, r#""type":7"#],
        &[r#""type":null"#, sent, &token],
        &[sent, r#""token":null"#, &token],
        &[sent, &token, r#""token":null"#],
        &[sent, r#""id":"x""#, r#""id":7"#, &token],
        &[r#""event":null"#, r#""event":null"#, sent, &token],
    ] {
        let outcome = verify(members, data);
        assert_eq!(outcome, Err(WebhookError::Malformed), "{members:?}");
    }
}
