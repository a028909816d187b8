//! What it costs to decode a page of each list: into the crate's types, into
//! plain derived ones of the same fields, and into free JSON.
//!
//! `cargo bench -p heymarket-tests --bench decode` measures and prints a table;
//! without cargo's `--bench`, or with `--test`, it makes one round and prints
//! nothing.
//!
//! The time is that of decoding alone: a page is dropped after the clock has
//! stopped. The allocator counts all the while, which costs every way the same
//! for each allocation.

#![recursion_limit = "256"]

use std::alloc::System;
use std::env;
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use heymarket_api::types;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ITEMS: usize = 50;
const WARM_UP: usize = 200;
const ROUNDS: usize = 2_000;
const WAYS: [&str; 3] = ["crate", "derive", "Value"];

fn main() {
    let has = |argument: &str| env::args().any(|given| given == argument);
    let is_measuring = has("--bench") && !has("--test");
    let (warm_up, rounds) = if is_measuring {
        (WARM_UP, ROUNDS)
    } else {
        (0, 1)
    };

    let mut table = heading();
    macro_rules! lists {
        ($($name:ident: $item:expr),* $(,)?) => {$(
            let body = page($item);
            check::<types::$name, plain::$name>(&body);
            let ways = [cost::<Vec<types::$name>>, cost::<Vec<plain::$name>>, cost::<Value>];
            let costs = compare(&body, ways, warm_up, rounds);
            rows(&mut table, stringify!($name), body.len(), &costs);
        )*};
    }
    lists! {
        Conversation: conversation,
        Message: message,
        Contact: contact,
        List: list,
        Template: template,
        Tag: tag,
        Survey: survey,
        Inbox: inbox,
    }
    if is_measuring {
        print(&table);
    }
}

/// What it takes to decode one page.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// Reallocations are among them.
    allocations: usize,
    /// Those asked for; of a reallocation, those by which it grows.
    bytes: usize,
}

fn decode<P: DeserializeOwned>(body: &[u8]) -> P {
    serde_json::from_slice(body).expect("a page")
}

fn cost<P: DeserializeOwned>(body: &[u8]) -> Cost {
    let region = Region::new(GLOBAL);
    let start = Instant::now();
    let page: P = black_box(decode(black_box(body)));
    let time = start.elapsed();
    let change = region.change();
    drop(page);
    Cost {
        time,
        allocations: change.allocations + change.reallocations,
        bytes: change.bytes_allocated,
    }
}

/// The median costs of each way. In every round each has its turn, and another
/// one is the first. Of a turn's two pages the second counts: the first leaves
/// the caches and the heap as this way does, whichever had the turn before.
fn compare(body: &[u8], ways: [fn(&[u8]) -> Cost; 3], warm_up: usize, rounds: usize) -> [Cost; 3] {
    let mut costs = [const { Vec::new() }; 3];
    for round in 0..warm_up + rounds {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            ways[way](body);
            let cost = ways[way](body);
            if round >= warm_up {
                costs[way].push(cost);
            }
        }
    }
    costs.map(|mut costs| {
        costs.sort_unstable_by_key(|cost| cost.time);
        costs[costs.len() / 2]
    })
}

/// Checks that the ways do the same work: each gives all items, and the types
/// hold all that is in the body.
fn check<T, P>(body: &[u8])
where
    T: DeserializeOwned + Serialize,
    P: DeserializeOwned + Serialize,
{
    let free: Value = decode(body);
    let typed: Vec<T> = decode(body);
    let plain: Vec<P> = decode(body);
    assert_eq!(free.as_array().map(Vec::len), Some(ITEMS));
    assert_eq!(typed.len(), ITEMS);
    assert_eq!(plain.len(), ITEMS);

    let (free, typed, plain) = (said(&free), said(&typed), said(&plain));
    assert_eq!(ids(&typed).len(), ITEMS);
    assert_eq!(ids(&typed), ids(&plain));
    assert_eq!(typed, free);
    assert_eq!(plain, free);
}

fn ids(page: &Value) -> Vec<i64> {
    let items = page.as_array().into_iter().flatten();
    items.filter_map(|item| item["id"].as_i64()).collect()
}

/// A page as JSON, without the differences that are meant: what stands for
/// nothing is left out, and a reference, which the crate writes as an object,
/// is its id.
fn said(page: &impl Serialize) -> Value {
    fn prune(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(prune),
            Value::Object(members) => {
                for key in ["assigned", "inbox"] {
                    if let Some(reference) = members.get_mut(key)
                        && let Some(id) = reference.get("id").cloned()
                    {
                        *reference = id;
                    }
                }
                if members.get("assigned") == Some(&json!(0)) {
                    members.remove("assigned");
                }
                members.retain(|_, value| !value.is_null());
                members.values_mut().for_each(prune);
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(page).expect("JSON");
    prune(&mut value);
    value
}

fn heading() -> String {
    format!(
        "Decoding a page of {ITEMS} items, {ROUNDS} rounds; x: the crate's cost by that of the row\n\n\
         {:<22}  {:<6}  {:>10}  {:>5}  {:>11}  {:>5}  {:>10}  {:>5}\n",
        "page", "into", "median us", "x", "allocations", "x", "bytes", "x",
    )
}

/// A row for each way.
fn rows(table: &mut String, name: &str, length: usize, costs: &[Cost; 3]) {
    let [typed, ..] = costs;
    let mut page = format!("{name} ({length} B)");
    for (way, cost) in WAYS.iter().zip(costs) {
        writeln!(
            table,
            "{page:<22}  {way:<6}  {:>10.1}  {:>5.2}  {:>11}  {:>5.2}  {:>10}  {:>5.2}",
            cost.time.as_secs_f64() * 1e6,
            typed.time.div_duration_f64(cost.time),
            cost.allocations,
            typed.allocations as f64 / cost.allocations as f64,
            cost.bytes,
            typed.bytes as f64 / cost.bytes as f64,
        )
        .expect("a string takes it");
        page.clear();
    }
}

#[expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]
fn print(table: &str) {
    println!("{table}\ncargo bench -p heymarket-tests --bench decode");
}

/// A page as the API answers it.
fn page(item: fn(usize) -> Value) -> Vec<u8> {
    let items: Vec<Value> = (0..ITEMS).map(item).collect();
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

/// A time with as many digits as the samples have, which differ.
fn time(n: usize) -> String {
    let fraction = ["", ".5", ".21", ".946", ".021462"][n % 5];
    format!("2026-05-{:02}T{:02}:00:01{fraction}Z", n % 28 + 1, n % 24)
}

fn conversation(n: usize) -> Value {
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

fn message(n: usize) -> Value {
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

fn contact(n: usize) -> Value {
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

fn list(n: usize) -> Value {
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

fn template(n: usize) -> Value {
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

fn tag(n: usize) -> Value {
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

fn survey(n: usize) -> Value {
    json!({
        "created": time(n),
        "id": 9001 + n,
        "name": format!("Invented survey {n}"),
        "question": "How likely is it that you would recommend us to a friend?",
        "type": "nps",
        "updated": time(n + 2),
    })
}

fn inbox(n: usize) -> Value {
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

/// What one would write by hand: the fields of the crate's types, each with
/// the plainest type that takes what the samples hold.
mod plain {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    #[derive(Deserialize, Serialize)]
    pub(super) struct Conversation {
        assigned: Option<i64>,
        blocked: Option<bool>,
        channel: Option<String>,
        created: Option<Timestamp>,
        creator: Option<i64>,
        email_noti: Option<bool>,
        id: i64,
        inbox: Option<i64>,
        last_inbound: Option<i64>,
        last_msg: Option<String>,
        local_id: Option<String>,
        members: Option<Vec<Member>>,
        muted: Option<bool>,
        name: Option<String>,
        noreply: Option<String>,
        op: Option<String>,
        read: Option<i64>,
        replied: Option<bool>,
        snooze_till: Option<Timestamp>,
        status: Option<String>,
        #[serde(rename = "super")]
        super_: Option<i64>,
        support: Option<bool>,
        target: Option<String>,
        targets: Option<Value>,
        #[serde(rename = "type")]
        type_: Option<String>,
        unread: Option<bool>,
        unread_users: Option<Vec<i64>>,
        updated: Option<Timestamp>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Message {
        author: Option<String>,
        broadcast_id: Option<i64>,
        channel: Option<String>,
        conversation: Option<Conversation>,
        custom: Option<Value>,
        date: Option<Timestamp>,
        flagged: Option<bool>,
        hidden: Option<bool>,
        id: i64,
        link_url: Option<String>,
        local_id: Option<String>,
        media: Option<String>,
        phone: Option<String>,
        raw_error: Option<String>,
        status: Option<String>,
        #[serde(rename = "super")]
        super_: Option<i64>,
        support: Option<bool>,
        target: Option<String>,
        target_errors: Option<Value>,
        targets: Option<Value>,
        text: Option<String>,
        #[serde(rename = "type")]
        type_: Option<String>,
        updated: Option<Timestamp>,
        user: Option<i64>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Contact {
        assigned_user_id: Option<i64>,
        avatar: Option<String>,
        created: Option<Timestamp>,
        creator_id: Option<i64>,
        custom: Option<Value>,
        display_name: Option<String>,
        email: Option<String>,
        external_id: Option<String>,
        external_ref: Option<String>,
        first: Option<String>,
        id: i64,
        inbox_id: Option<i64>,
        is_opted_out: Option<bool>,
        last: Option<String>,
        note: Option<Vec<ContactNote>>,
        op: Option<String>,
        parent_id: Option<i64>,
        phone: Option<String>,
        rev: Option<i64>,
        shared: Option<bool>,
        tags: Option<Vec<Value>>,
        team_id: Option<i64>,
        #[serde(rename = "type")]
        type_: Option<String>,
        updated: Option<Timestamp>,
        uuid: Option<String>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct List {
        archived: Option<bool>,
        created: Option<Timestamp>,
        creator_id: Option<i64>,
        id: i64,
        local_id: Option<String>,
        name: Option<String>,
        rev: Option<i64>,
        shared: Option<bool>,
        targets: Option<BTreeMap<String, ListTarget>>,
        team_id: Option<i64>,
        updated: Option<Timestamp>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Template {
        archived: Option<bool>,
        content: Option<TemplateContent>,
        created: Option<Timestamp>,
        creator_id: Option<i64>,
        id: i64,
        local_id: Option<String>,
        name: Option<String>,
        op: Option<String>,
        rev: Option<i64>,
        shared: Option<bool>,
        team_id: Option<i64>,
        updated: Option<Timestamp>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Tag {
        color: Option<String>,
        created: Option<Timestamp>,
        id: i64,
        rev: Option<i64>,
        tag: Option<String>,
        team_id: Option<i64>,
        updated: Option<Timestamp>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Survey {
        created: Option<Timestamp>,
        id: i64,
        name: Option<String>,
        question: Option<String>,
        #[serde(rename = "type")]
        type_: Option<String>,
        updated: Option<Timestamp>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Inbox {
        ai_agent_auto_assign: Option<bool>,
        allowed_domains: Option<Vec<String>>,
        auto_assignable: Option<bool>,
        auto_close: Option<bool>,
        bco_chats: Option<bool>,
        business_hours: Option<BusinessHours>,
        created_at: Option<Timestamp>,
        email_on_inbound_idle: Option<bool>,
        email_on_outbound_idle: Option<bool>,
        force_assign: Option<bool>,
        forward_number: Option<String>,
        high_throughput: Option<bool>,
        id: i64,
        ignore_inc_call_notif: Option<bool>,
        invited: Option<Vec<String>>,
        is_bandwidth: Option<bool>,
        is_business_hours: Option<bool>,
        is_quiet_hours: Option<bool>,
        ittc: Option<i64>,
        members: Option<Vec<i64>>,
        name: Option<String>,
        notify_after_inbound_idle: Option<i64>,
        notify_after_outbound_idle: Option<i64>,
        notify_all: Option<bool>,
        notify_on_chat_assignment: Option<bool>,
        notify_on_inbound_idle: Option<bool>,
        notify_on_outbound_idle: Option<bool>,
        op: Option<String>,
        phone: Option<String>,
        phones: Option<Vec<String>>,
        promote_inbound_idle_to_top: Option<bool>,
        promote_outbound_idle_to_top: Option<bool>,
        rev: Option<i64>,
        show_waiting_indicator: Option<bool>,
        team: Option<i64>,
        unassign_on_close: Option<bool>,
        updated_at: Option<Timestamp>,
        widget_code: Option<String>,
        widget_settings: Option<WidgetSettings>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct Member {
        id: Option<i64>,
        name: Option<String>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct ContactNote {
        date: Option<Timestamp>,
        id: Option<String>,
        name: Option<String>,
        text: Option<String>,
        user_id: Option<i64>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct ListTarget {
        f: Option<String>,
        l: Option<String>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct TemplateContent {
        gallery: Option<Vec<GalleryEntry>>,
        text: Option<String>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct BusinessHours {
        is_weekday_hours_set: Option<bool>,
        is_weekend_hours_set: Option<bool>,
        quiet_hours_enabled: Option<bool>,
        weekday_end_hour: Option<i64>,
        weekday_end_min: Option<i64>,
        weekday_start_hour: Option<i64>,
        weekday_start_min: Option<i64>,
        weekend_end_hour: Option<i64>,
        weekend_end_min: Option<i64>,
        weekend_start_hour: Option<i64>,
        weekend_start_min: Option<i64>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct WidgetSettings {
        background_color: Option<String>,
        button_color: Option<String>,
        email_enabled: Option<bool>,
        email_required: Option<bool>,
        fab_background_color: Option<String>,
        fab_text_color: Option<String>,
        message: Option<String>,
        name: Option<String>,
        name_enabled: Option<bool>,
        name_required: Option<bool>,
        phone: Option<String>,
        phone_enabled: Option<bool>,
        phone_optional: Option<bool>,
        position: Option<i64>,
        preview_enabled: Option<bool>,
        sms_disabled: Option<bool>,
        title_background_color: Option<String>,
        title_text_color: Option<String>,
        tos: Option<String>,
        webchat_enabled: Option<bool>,
    }

    #[derive(Deserialize, Serialize)]
    pub(super) struct GalleryEntry {
        annotation_position: Option<String>,
        annotation_text: Option<String>,
        original_url: Option<String>,
        url: Option<String>,
    }
}
