//! Every shape that an answer may have: each contradiction of the sources from
//! both sides, and bodies made at random from the spec.

use std::collections::BTreeSet;

use heymarket_api::types::{
    self, Channel, Conversation, ConversationMembers, ConversationStatus, Count, ReadState,
    WebhookEventType,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::support::spec;

/// A conversation with one member more than its id.
fn conversation(member: &str, value: Value) -> Conversation {
    serde_json::from_value(json!({ "id": 1, member: value })).expect("a conversation")
}

#[test]
fn a_conversation_needs_no_more_than_its_id() {
    let bare: Conversation = serde_json::from_str(r#"{"id":1}"#).expect("a conversation");
    assert_eq!(bare.id, 1);
    assert_eq!(
        serde_json::to_value(&bare).expect("JSON"),
        json!({ "id": 1 })
    );
    assert!(serde_json::from_str::<Conversation>("{}").is_err());
    assert!(serde_json::from_str::<Conversation>(r#"{"id":null}"#).is_err());
}

#[test]
fn an_assignee_is_one_type_whichever_shape_came() {
    let assigned = |value| conversation("assigned", value).assigned;
    let named = assigned(json!({ "id": 7, "name": "A", "email": "a@example.com", "new": [] }));
    let named = named.expect("an assignee");
    assert_eq!((named.id, named.name.as_deref()), (7, Some("A")));
    assert_eq!(named.email.as_deref(), Some("a@example.com"));
    let bare = assigned(json!(7)).expect("an assignee");
    assert_eq!((bare.id, bare.name, bare.email), (7, None, None));
    let partial = assigned(json!({ "id": 7, "name": null })).expect("an assignee");
    assert_eq!((partial.id, partial.name), (7, None));
    for nobody in [
        json!(0),
        json!(null),
        json!({}),
        json!({ "id": 0, "name": "" }),
        json!({ "id": null }),
    ] {
        assert_eq!(assigned(nobody.clone()), None, "{nobody}");
    }
}

#[test]
fn an_inbox_is_one_type_whichever_shape_came() {
    let inbox = |value| conversation("inbox", value).inbox;
    let named = inbox(json!({ "id": 7, "name": "A" })).expect("an inbox");
    assert_eq!((named.id, named.name.as_deref()), (7, Some("A")));
    assert_eq!(inbox(json!(7)).map(|inbox| inbox.id), Some(7));
    for none in [json!(0), json!(null), json!({})] {
        assert_eq!(inbox(none.clone()), None, "{none}");
    }
}

#[test]
fn read_is_a_boolean_or_an_integer() {
    let read = |value| conversation("read", value).read;
    assert_eq!(read(json!(true)), Some(ReadState::Flag(true)));
    assert_eq!(read(json!(false)), Some(ReadState::Flag(false)));
    assert_eq!(read(json!(0)), Some(ReadState::Number(0)));
    assert_eq!(
        read(json!(1_778_155_200)),
        Some(ReadState::Number(1_778_155_200))
    );
    assert_eq!(read(json!(null)), None);
    assert!(ReadState::Flag(true).is_read() && ReadState::Number(5).is_read());
    assert!(!ReadState::Flag(false).is_read() && !ReadState::Number(0).is_read());
}

#[test]
fn members_are_an_array_or_an_empty_object() {
    let members = |value| conversation("members", value).members;
    let two = members(json!([{ "id": 1, "name": "A" }, {}])).expect("members");
    assert_eq!((two.len(), two[0].id, two[1].id), (2, Some(1), None));
    assert_eq!(members(json!({})), Some(ConversationMembers(vec![])));
    assert_eq!(
        members(json!({ "x": 1 })),
        Some(ConversationMembers(vec![]))
    );
    assert_eq!(members(json!(null)), None);
}

#[test]
fn a_time_has_fractions_and_offsets_and_several_ways_to_be_none() {
    let snooze = |value| conversation("snooze_till", value).snooze_till;
    let cases = [
        ("2026-05-07T12:00:00Z", "2026-05-07T12:00:00Z"),
        ("2026-05-07T12:00:00.5Z", "2026-05-07T12:00:00.5Z"),
        ("2026-05-07T12:00:00.021462Z", "2026-05-07T12:00:00.021462Z"),
        (
            "2026-05-07T12:00:00.123456789Z",
            "2026-05-07T12:00:00.123456789Z",
        ),
        ("2026-05-07T12:00:00+00:00", "2026-05-07T12:00:00Z"),
        ("2026-05-07T14:30:00+02:30", "2026-05-07T12:00:00Z"),
        ("0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00.5Z"),
    ];
    for (text, expected) in cases {
        let expected: Timestamp = expected.parse().expect("a time");
        assert_eq!(snooze(json!(text)), Some(expected), "{text}");
    }
    for none in [
        json!(""),
        json!(null),
        json!("0001-01-01T00:00:00Z"),
        json!("0001-01-01T00:00:00+00:00"),
    ] {
        assert_eq!(snooze(none.clone()), None, "{none}");
    }
    for wrong in [json!("tomorrow"), json!(1), json!("2026-05-07T12:00:00")] {
        let body = json!({ "id": 1, "snooze_till": wrong });
        assert!(
            serde_json::from_value::<Conversation>(body).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn an_open_enum_keeps_what_it_does_not_know() {
    let channel = conversation("channel", json!("pigeon"))
        .channel
        .expect("a channel");
    assert_eq!(channel, Channel::Unknown("pigeon".to_owned()));
    assert_eq!(channel.to_string(), "pigeon");
    assert_eq!(
        serde_json::to_value(&channel).expect("JSON"),
        json!("pigeon")
    );
    let status = conversation("status", json!("closed")).status;
    assert_eq!(status, Some(ConversationStatus::Closed));
    assert_eq!("closed".parse(), Ok(ConversationStatus::Closed));
    assert_eq!(Channel::from("sms".to_owned()), Channel::Sms);
}

#[test]
fn both_spellings_of_a_received_message_are_one_type() {
    let received = WebhookEventType::MessageRecieved;
    for spelling in ["message_recieved", "message_received", "Message_Received"] {
        assert_eq!(spelling.parse(), Ok(received.clone()), "{spelling}");
        assert_eq!(
            serde_json::from_value::<WebhookEventType>(json!(spelling)).expect("a type"),
            received
        );
    }
    assert_eq!(received.as_str(), "message_recieved");
}

#[test]
fn a_count_is_a_number_a_numeric_string_or_an_object() {
    let count = |value| serde_json::from_value::<Count>(value);
    for (value, expected) in [
        (json!(42), Some(42)),
        (json!("42"), Some(42)),
        (json!({ "count": 42, "page": 1 }), Some(42)),
        (json!({ "count": "42" }), Some(42)),
        (json!({ "total": 42 }), Some(42)),
        (json!({ "a": 1, "b": 2 }), None),
        (json!({}), None),
    ] {
        let count = count(value.clone()).expect("a count");
        assert_eq!(count.value(), expected, "{value}");
        assert_eq!(count.raw(), &value);
    }
    for wrong in [json!("many"), json!([1]), json!(true), json!(1.5)] {
        assert!(count(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_was_expected_and_what_came() {
    for (member, value, expected) in [
        (
            "assigned",
            json!("7"),
            "expected a team member: an object with an `id`, an integer or null",
        ),
        (
            "inbox",
            json!([7]),
            "expected an inbox: an object with an `id`, an integer or null",
        ),
        (
            "inbox",
            json!(u64::MAX),
            "invalid value: integer `18446744073709551615`, expected an inbox",
        ),
        (
            "read",
            json!("yes"),
            "invalid type: string \"yes\", expected a boolean or an integer",
        ),
        (
            "members",
            json!(3),
            "invalid type: integer `3`, expected an array of team members",
        ),
        (
            "updated",
            json!(3),
            "invalid type: integer `3`, expected an RFC 3339 time",
        ),
    ] {
        let body = json!({ "id": 1, member: value });
        let error = serde_json::from_value::<Conversation>(body).expect_err(member);
        assert!(error.to_string().contains(expected), "{member}: {error}");
    }
}

/// Makes bodies from the schemas of the spec.
struct Maker<'a> {
    spec: &'a Value,
    random: fastrand::Rng,
}

const TIMES: [&str; 7] = [
    "2026-05-07T12:00:00Z",
    "2026-05-07T12:00:00.5Z",
    "2026-05-07T12:00:00.021462Z",
    "2026-05-07T12:00:00.02146Z",
    "2026-05-07T14:30:00+02:30",
    "",
    "0001-01-01T00:00:00Z",
];

impl Maker<'_> {
    /// A value of a schema, in any of its documented shapes.
    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if let Some(reference) = reference(schema) {
            let schema = self.spec["components"]["schemas"][reference].clone();
            return self.value(&schema, depth);
        }
        if let Some(Value::Array(shapes)) = schema.get("oneOf") {
            let is_choice = shapes.iter().all(|shape| shape.get("required").is_some());
            if !is_choice {
                let shape = self.pick(shapes).clone();
                let shape = numeric_string(schema, &shape);
                return self.value(&shape, depth);
            }
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(schema, depth),
            Some("array") => {
                let length = if depth > 4 {
                    0
                } else {
                    self.random.usize(0..3)
                };
                let items = (0..length).map(|_| self.value(&schema["items"], depth + 1));
                Value::Array(items.collect())
            }
            Some("integer") => json!(self.pick(&[0_i64, 1, 50001, 640_000_000_000])),
            Some("number") => json!(0.5),
            Some("boolean") => json!(self.random.bool()),
            Some("string") => self.string(schema),
            _ => self.pick(&free_values()).clone(),
        }
    }

    fn string(&mut self, schema: &Value) -> Value {
        if schema["format"] == "date-time" {
            return json!(self.pick(&TIMES));
        }
        if schema["x-numeric"] == true {
            return json!("42");
        }
        match schema["enum"].as_array() {
            Some(values) if self.random.bool() => self.pick(values).clone(),
            Some(_) => json!("a-value-of-tomorrow"),
            None => json!(self.pick(&["", "text", "15550100101", "Zoë 🙂", "null"])),
        }
    }

    /// Any member may be missing or null but a required one, and others may
    /// be there.
    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut members = Map::new();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = required.iter().any(|required| required == name);
            match self.random.u8(0..4) {
                0 if !is_required => {}
                1 if !is_required => {
                    members.insert(name.clone(), Value::Null);
                }
                _ => {
                    let value = self.value(schema, depth + 1);
                    members.insert(name.clone(), value);
                }
            }
        }
        if let Some(schema) = schema
            .get("additionalProperties")
            .filter(|schema| schema.is_object())
        {
            let value = self.value(schema, depth + 1);
            members.insert("15550100101".to_owned(), value);
        }
        if self.random.bool() {
            let value = self.pick(&free_values()).clone();
            if schema.get("additionalProperties").is_none() {
                members.insert("a_member_of_tomorrow".to_owned(), value);
            }
        }
        Value::Object(members)
    }

    fn pick<'b, T>(&mut self, values: &'b [T]) -> &'b T {
        &values[self.random.usize(0..values.len())]
    }
}

fn free_values() -> [Value; 6] {
    [
        json!({}),
        json!([1, "a"]),
        json!("text"),
        json!(3),
        json!(true),
        json!({ "a": { "b": null } }),
    ]
}

/// The name behind a reference, or behind one in `allOf`.
fn reference(schema: &Value) -> Option<&str> {
    let direct = schema
        .get("$ref")
        .or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
    direct?.as_str()?.rsplit('/').next()
}

/// The string among the shapes of a count is a numeric one.
fn numeric_string(schema: &Value, shape: &Value) -> Value {
    let has = |name: &str| {
        schema["oneOf"]
            .as_array()
            .is_some_and(|shapes| shapes.iter().any(|s| s["type"] == name))
    };
    let is_count = has("integer") && has("string") && has("object");
    if is_count && shape["type"] == "string" {
        json!({ "type": "string", "x-numeric": true })
    } else {
        shape.clone()
    }
}

/// Decodes a body as a type; gives what it was read as, written again.
type Decode = fn(&Value) -> Result<Value, String>;

fn decode<T: DeserializeOwned + Serialize + PartialEq>(body: &Value) -> Result<Value, String> {
    let text = body.to_string();
    let value: T = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&value).map_err(|error| error.to_string())?;
    let again: T = serde_json::from_value(written.clone())
        .map_err(|error| format!("what was written does not read: {error}"))?;
    if again != value {
        return Err(format!(
            "what was written reads as another value: {written}"
        ));
    }
    Ok(written)
}

fn decoders() -> Vec<(&'static str, Decode)> {
    let mut decoders: Vec<(&'static str, Decode)> = Vec::new();
    macro_rules! collect {
        ($($name:ident),*) => {
            $(decoders.push((stringify!($name), decode::<types::$name>));)*
        };
    }
    heymarket_api::for_each_type!(collect);
    decoders
}

/// Members that hold a plain string, number or boolean must come out as they
/// went in: a type that drops what it reads would pass otherwise.
fn check_kept(spec: &Value, name: &str, body: &Value, written: &Value) -> Result<(), String> {
    let schema = &spec["components"]["schemas"][name];
    for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
        let is_plain = matches!(
            schema["type"].as_str(),
            Some("string" | "integer" | "boolean")
        ) && schema["format"] != "date-time";
        let sent = body.get(member).unwrap_or(&Value::Null);
        if is_plain && written.get(member).unwrap_or(&Value::Null) != sent {
            return Err(format!(
                "{name}.{member} was {sent} and is {:?}",
                written.get(member)
            ));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_body_of_any_documented_shape_decodes(seed: u64) {
        let spec = spec_once();
        let in_answers = types_of_answers(spec);
        for (name, decode) in decoders() {
            // A reference is read as a member of another type, where one that
            // refers to nothing is `None`.
            if !in_answers.contains(name) || name.ends_with("Reference") {
                continue;
            }
            let mut maker = Maker { spec, random: fastrand::Rng::with_seed(seed) };
            let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
            let body = maker.value(&schema, 0);
            let written = decode(&body)
                .map_err(|error| TestCaseError::fail(format!("{name}: {error}: {body}")))?;
            check_kept(spec, name, &body, &written).map_err(TestCaseError::fail)?;
        }
    }
}

/// The names of the schemas that an answer can hold.
fn types_of_answers(spec: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    references.extend(reference.rsplit('/').next().map(str::to_owned));
                }
                members
                    .values()
                    .for_each(|value| collect(value, references));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }

    let mut queue = Vec::new();
    for item in spec["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values() {
            collect(&operation["responses"]["200"], &mut queue);
        }
    }
    let mut names = BTreeSet::new();
    while let Some(name) = queue.pop() {
        collect(&spec["components"]["schemas"][&name], &mut queue);
        // Each is expanded once.
        if !names.insert(name) {
            queue.retain(|name| !names.contains(name));
        }
    }
    names.remove("RequestId");
    assert!(names.len() > 30, "{names:?}");
    names
}

fn spec_once() -> &'static Value {
    static SPEC: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    SPEC.get_or_init(spec)
}
