//! Sample events, with invented data in the shapes of the API.

use heymarket_api::types::WebhookEventType;
use jiff::Timestamp;
use serde_json::{Value, json};

const CUSTOMER: &str = "15550100101";
const CONVERSATION: i64 = 9920;
const INBOX: i64 = 41001;
const OTHER_INBOX: i64 = 41002;
const MEMBER: i64 = 50001;
const OTHER_MEMBER: i64 = 50002;

/// Returns the names of all types, as they are on the wire.
pub(super) fn types() -> Vec<String> {
    let known = WebhookEventType::KNOWN.iter();
    known.map(|kind| kind.as_str().to_owned()).collect()
}

/// Returns sample data of an event type.
pub(super) fn data(event_type: &str) -> Value {
    use WebhookEventType as Type;

    match WebhookEventType::from(event_type) {
        Type::MessageSent => message("sent", Some(MEMBER), "On its way."),
        Type::MessageRecieved => message("received", None, "Where is my order?"),
        Type::ChatReassigned => conversation("open", OTHER_MEMBER, INBOX),
        Type::ChatClosed => conversation("closed", MEMBER, INBOX),
        Type::ChatOpened => conversation("open", MEMBER, INBOX),
        Type::ChatPending => conversation("pending", MEMBER, INBOX),
        Type::ChatTransferred => conversation("open", 0, OTHER_INBOX),
        Type::ChatUpdated => conversation("open", MEMBER, INBOX),
        Type::IncomingCall => json!({
            "id": id(),
            "phone": CUSTOMER,
            "inbox": INBOX,
            "date": now(),
        }),
        // The remaining types are about a contact's consent.
        _ => json!({
            "id": id(),
            "phone": CUSTOMER,
            "target": CUSTOMER,
            "inbox_id": INBOX,
            "created": now(),
            "updated": now(),
        }),
    }
}

fn message(status: &str, user: Option<i64>, text: &str) -> Value {
    json!({
        "id": id(),
        "text": text,
        "phone": CUSTOMER,
        "target": CUSTOMER,
        "date": now(),
        "updated": now(),
        "type": "text",
        "channel": "sms",
        "status": status,
        "user": user.unwrap_or_default(),
        "local_id": uuid::Uuid::new_v4().to_string(),
        "conversation": conversation("open", MEMBER, INBOX),
    })
}

fn conversation(status: &str, assigned: i64, inbox: i64) -> Value {
    json!({
        "id": CONVERSATION,
        "status": status,
        "assigned": assigned,
        "inbox": inbox,
        "channel": "sms",
        "target": CUSTOMER,
        "created": "2026-05-01T09:00:00.5Z",
        "updated": now(),
        "read": 0,
        "replied": false,
        "blocked": false,
        "muted": false,
        "unread": true,
        "email_noti": false,
        "super": 0,
    })
}

/// Returns an ID that no other sample has.
fn id() -> i64 {
    fastrand::i64(700_000_000..1_000_000_000)
}

/// Returns the current time, precise enough to tell two samples apart.
fn now() -> String {
    format!("{:.6}", Timestamp::now())
}
