//! Pages in the API's form, with invented data.

use serde_json::{Map, Value, json};

/// The number of items in a page.
pub const PAGE: usize = 50;

/// Returns a page of items as JSON.
#[must_use]
pub fn page(item: fn(usize) -> Value) -> Vec<u8> {
    let items: Vec<Value> = (0..PAGE).map(item).collect();
    serde_json::to_vec(&items).expect("JSON")
}

fn phone(n: usize) -> String {
    format!("1555010{n:04}")
}

fn uuid(n: usize) -> String {
    format!("c0c0a0a0-0000-4000-8000-{n:012}")
}

fn text(n: usize) -> &'static str {
    [
        "Thanks, see you then",
        "Hi Invented, this is a reminder of your appointment tomorrow at 10:30. Reply C to \
         confirm, or call us if you need another time.",
        "Yes",
        "Your order is ready 🎉\nWe are open until 6 pm. Ask for \"Invented Agent\" at the desk.",
        "Could you send me the form again? I cannot find it: https://example.com/invented/form",
    ][n % 5]
}

fn first(n: usize) -> &'static str {
    ["Invented", "Imagined", "Made-up", "Fictional"][n % 4]
}

fn last(n: usize) -> &'static str {
    ["Person", "Customer", "Somebody"][n % 3]
}

/// Returns a time. The number of digits varies as in the samples.
fn time(n: usize) -> String {
    let fraction = ["", ".5", ".21", ".946", ".021462"][n % 5];
    format!("2026-05-{:02}T{:02}:00:01{fraction}Z", n % 28 + 1, n % 24)
}

/// A conversation.
#[must_use]
pub fn conversation(n: usize) -> Value {
    json!({
        "assigned": if n.is_multiple_of(2) { 0 } else { 50001 },
        "blocked": false,
        "channel": if n.is_multiple_of(10) { "email" } else { "sms" },
        "created": time(n),
        "email_noti": false,
        "id": 90_010_011 + n,
        "inbox": 41001,
        "last_msg": text(n),
        "local_id": uuid(n),
        "members": [{ "id": 50001, "name": "Invented Agent" }],
        "muted": false,
        "op": "u",
        "read": if n.is_multiple_of(3) { 0 } else { 1_778_155_200 + n },
        "replied": n.is_multiple_of(2),
        "status": if n.is_multiple_of(4) { "closed" } else { "open" },
        "super": 0,
        "target": phone(n),
        "unread": n.is_multiple_of(3),
        "updated": time(n + 4),
    })
}

/// A message of the history.
#[must_use]
pub fn message(n: usize) -> Value {
    let status = ["sent", "delivered", "received", "failed"][n % 4];
    json!({
        "channel": "sms",
        "conversation": { "id": 90_010_011, "inbox": 41001 },
        "date": time(n + 3),
        "hidden": false,
        "id": 700_100_203 + n,
        "local_id": uuid(n),
        "raw_error": "",
        "status": status,
        "super": 0,
        "target": phone(n),
        "target_errors": {},
        "text": text(n),
        "type": "text",
        "updated": time(n),
        "user": 50001,
    })
}

/// A contact.
#[must_use]
pub fn contact(n: usize) -> Value {
    json!({
        "assigned_user_id": 50001,
        "created": time(n),
        "creator_id": 50002,
        "display_name": format!("{} {}", first(n), last(n)),
        "email": format!("person{n}@example.com"),
        "first": first(n),
        "id": 30_010_001 + n,
        "last": last(n),
        "op": "u",
        "phone": phone(n),
        "rev": n + 1,
        "shared": true,
        "team_id": 6001,
        "updated": time(n + 2),
    })
}

/// A list with ten members.
#[must_use]
pub fn list(n: usize) -> Value {
    let target = |m| (phone(m), json!({ "f": first(m), "l": last(m) }));
    json!({
        "archived": false,
        "created": time(n),
        "creator_id": 50002,
        "id": 2_000_001 + n,
        "local_id": uuid(n),
        "name": format!("Invented list {n}"),
        "rev": n + 1,
        "shared": true,
        "targets": (n..n + 10).map(target).collect::<Map<_, _>>(),
        "team_id": 6001,
        "updated": time(n + 2),
    })
}

/// A template.
#[must_use]
pub fn template(n: usize) -> Value {
    json!({
        "content": { "text": format!("Hi {{{{first_name}}}}, {}", text(n)) },
        "created": time(n),
        "creator_id": 50002,
        "id": 7001 + n,
        "local_id": uuid(n),
        "name": format!("Invented template {n}"),
        "op": "u",
        "rev": n + 1,
        "shared": true,
        "team_id": 6001,
        "updated": time(n + 2),
    })
}

/// A tag.
#[must_use]
pub fn tag(n: usize) -> Value {
    json!({
        "color": format!("#00AA{n:02}"),
        "created": time(n),
        "id": 60_001 + n,
        "rev": 1,
        "tag": format!("Invented tag {n}"),
        "team_id": 6001,
        "updated": time(n + 2),
    })
}

/// A survey.
#[must_use]
pub fn survey(n: usize) -> Value {
    json!({
        "created": time(n),
        "id": 9001 + n,
        "name": format!("Invented survey {n}"),
        "question": "How likely is it that you would recommend us to a friend?",
        "type": "nps",
        "updated": time(n + 2),
    })
}

/// An inbox.
#[must_use]
pub fn inbox(n: usize) -> Value {
    json!({
        "ai_agent_auto_assign": false,
        "auto_assignable": true,
        "auto_close": false,
        "bco_chats": false,
        "business_hours": {
            "is_weekday_hours_set": true,
            "is_weekend_hours_set": false,
            "quiet_hours_enabled": false,
            "weekday_end_hour": 17,
            "weekday_end_min": 0,
            "weekday_start_hour": 9,
            "weekday_start_min": 0,
            "weekend_end_hour": 0,
            "weekend_end_min": 0,
            "weekend_start_hour": 0,
            "weekend_start_min": 0,
        },
        "created_at": time(n),
        "email_on_inbound_idle": false,
        "email_on_outbound_idle": false,
        "force_assign": false,
        "high_throughput": false,
        "id": 41001 + n,
        "ignore_inc_call_notif": false,
        "is_bandwidth": true,
        "is_business_hours": true,
        "is_quiet_hours": false,
        "ittc": 0,
        "members": [50001, 50002],
        "name": format!("Invented inbox {n}"),
        "notify_after_inbound_idle": 0,
        "notify_after_outbound_idle": 0,
        "notify_all": true,
        "notify_on_chat_assignment": true,
        "notify_on_inbound_idle": false,
        "notify_on_outbound_idle": false,
        "promote_inbound_idle_to_top": false,
        "promote_outbound_idle_to_top": false,
        "rev": n + 1,
        "show_waiting_indicator": false,
        "team": 6001,
        "unassign_on_close": false,
        "updated_at": time(n + 2),
        "widget_settings": {
            "email_enabled": false,
            "email_required": false,
            "name_enabled": true,
            "name_required": false,
            "phone_enabled": true,
            "phone_optional": false,
            "sms_disabled": false,
            "webchat_enabled": false,
        },
    })
}
