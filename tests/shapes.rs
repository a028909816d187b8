//! Every shape that a response may have: both sides of each contradiction between
//! sources, and random bodies of the spec.

use std::collections::BTreeSet;

use heymarket_api::types::{
    self, Channel, Conversation, ConversationMembers, ConversationStatus, Count, Identifier,
    ReadState, TemplateReference, WebhookEventType,
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
    assert_eq!((named.id, named.name.as_deref()), (7.into(), Some("A")));
    assert_eq!(named.email.as_deref(), Some("a@example.com"));
    let bare = assigned(json!(7)).expect("an assignee");
    assert_eq!((bare.id, bare.name, bare.email), (7.into(), None, None));
    let partial = assigned(json!({ "id": 7, "name": null })).expect("an assignee");
    assert_eq!((partial.id, partial.name), (7.into(), None));
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
    assert_eq!((named.id, named.name.as_deref()), (7.into(), Some("A")));
    assert_eq!(inbox(json!(7)).map(|inbox| inbox.id), Some(7.into()));
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
    assert_eq!((two.len(), two[0].id, two[1].id), (2, Some(1.into()), None));
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
fn a_time_that_no_timestamp_holds_is_the_nearest_that_one_does() {
    let (earliest, latest) = (Timestamp::MIN.to_string(), Timestamp::MAX.to_string());
    for (text, expected) in [
        ("9999-12-31T23:59:59Z", latest.as_str()),
        ("9999-12-31T23:59:59.999999999Z", &latest),
        ("9999-12-31T23:59:60Z", &latest),
        ("9999-12-31T24:00:00Z", &latest),
        ("9999-12-31T00:00:00+00:00", &latest),
        ("9999-12-30T23:00:00-12:00", &latest),
        ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z"),
        // A leap second, and the end of a day.
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.5Z"),
        ("2017-01-01T01:59:60+02:00", "2016-12-31T23:59:59Z"),
        ("2026-05-07T24:00:00Z", "2026-05-08T00:00:00Z"),
        ("2026-12-31T24:00:00.000Z", "2027-01-01T00:00:00Z"),
        ("2024-02-28T24:00:00+02:30", "2024-02-28T21:30:00Z"),
        // More digits than nanoseconds.
        (
            "2026-05-07T12:00:00.1234567899Z",
            "2026-05-07T12:00:00.123456789Z",
        ),
        (
            "2026-05-07T12:00:00.0000000000000000Z",
            "2026-05-07T12:00:00Z",
        ),
        (
            "2026-05-07T12:00:00.5000000000+23:59",
            "2026-05-06T12:01:00.5Z",
        ),
        // The year of no calendar that anyone used.
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("0000-01-01T00:00:00+14:00", "-000001-12-31T10:00:00Z"),
        ("-009999-01-01T00:00:00Z", &earliest),
    ] {
        let read = conversation("snooze_till", json!(text)).snooze_till;
        let expected: Timestamp = expected.parse().expect("a time");
        assert_eq!(read, Some(expected), "{text}");
    }
}

#[test]
fn a_text_that_is_no_time_is_none_of_the_oddities() {
    for wrong in [
        "2026-05-07T24:00:01Z",
        "2026-05-07T24:00:00.5Z",
        "2026-05-07T25:00:00Z",
        "2026-05-07T12:60:00Z",
        "2026-05-07T12:00:61Z",
        "2026-13-01T24:00:00Z",
        "2023-02-29T24:00:00Z",
        "2026-05-07T24:00:00",
        "2026-05-07T12:00:00.12345678901x",
        "2026-05-07T12:00:00.1234567890",
        "2026-05-07T12:00:00.Z",
        "2026-05-07T24:00:00+2",
        "2026-05-07T24:00:00+26:00",
        "2026-05-07T24:00:00+02:60",
        "10000-01-01T00:00:00Z",
        "9999-12-32T00:00:00Z",
    ] {
        let body = json!({ "id": 1, "snooze_till": wrong });
        let read = serde_json::from_value::<Conversation>(body);
        assert!(
            read.is_err(),
            "{wrong}: {:?}",
            read.map(|read| read.snooze_till)
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
fn a_count_is_an_integer_any_string_or_an_object() {
    let count = |value| serde_json::from_value::<Count>(value);
    for (value, expected) in [
        (json!(42), Some(42)),
        (json!("42"), Some(42)),
        (json!(" 0042\n"), Some(42)),
        (json!("9223372036854775807"), Some(i64::MAX)),
        (json!("99999999999999999999"), None),
        (json!("many"), None),
        (json!(""), None),
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
    for wrong in [json!([1]), json!(true), json!(1.5), json!(u64::MAX)] {
        assert!(count(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn an_integer_is_one_however_json_writes_it() {
    let id = |text: &str| {
        let body = format!(r#"{{"id":{text}}}"#);
        let read = serde_json::from_str::<Conversation>(&body);
        read.map(|read| i64::from(read.id))
            .map_err(|error| error.to_string())
    };
    for (text, expected) in [
        ("7", 7),
        ("7.0", 7),
        ("-7.000", -7),
        ("1E2", 100),
        ("1.5e1", 15),
        ("700e-2", 7),
        ("0.0", 0),
        ("-0", 0),
        ("-0.0", 0),
        ("0E-99", 0),
        // The largest integers that a double cannot have been rounded to.
        ("9007199254740991.0", 9_007_199_254_740_991),
        ("-9007199254740991.0", -9_007_199_254_740_991),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(id(text), Ok(expected), "{text}");
    }
    for text in [
        "1.5",
        "1e-1",
        "9007199254740992.0",
        "9007199254740993.0",
        "-9007199254740993.0",
        "1e18",
        "9223372036854775808",
        "1e300",
        "\"7\"",
        "true",
        "null",
    ] {
        let error = id(text).expect_err(text);
        assert!(error.contains("expected an integer"), "{text}: {error}");
    }
}

#[test]
fn an_id_is_read_and_written_as_a_number() {
    let read: types::InboxId = serde_json::from_str("7.0").expect("an ID");
    assert_eq!(read, types::InboxId(7));
    assert_eq!(read, 7);
    assert_eq!("7".parse(), Ok(read));
    assert!("seven".parse::<types::InboxId>().is_err());
    assert_eq!((i64::from(read), types::InboxId::from(7)), (7, read));
    assert_eq!(format!("{read} {read:>3} {read:?}"), "7   7 InboxId(7)");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), "7");
    let none = r#"{"id":1,"inbox_id":null}"#;
    let contact: types::Contact = serde_json::from_str(none).expect("a contact");
    assert_eq!((contact.id, contact.inbox_id), (1.into(), None));
}

#[test]
fn a_field_with_a_rust_name_keeps_its_name_in_json() {
    let message = types::SendMessage::new(41001.into(), 50001.into()).to_conversation(9920);
    assert_eq!(message.conversation_id, Some(types::ConversationId(9920)));
    let json = json!({ "inbox_id": 41001, "creator_id": 50001, "chat_id": 9920 });
    assert_eq!(serde_json::to_value(&message).expect("JSON"), json);
    let read: types::SendMessage = serde_json::from_value(json).expect("a message");
    assert_eq!(read, message);
    let debug = format!("{message:?}");
    assert!(
        debug.contains("conversation_id: Some(ConversationId(9920))"),
        "{debug}"
    );
}

#[test]
fn every_hand_written_type_reads_an_integer_as_written() {
    for seven in ["7", "7.0", "7E0", "70e-1"] {
        let conversation = |member: &str, value: &str| {
            let body = format!(r#"{{"id":1,"{member}":{value}}}"#);
            serde_json::from_str::<Conversation>(&body).expect("a conversation")
        };
        let object = format!(r#"{{"id":{seven}}}"#);
        for value in [seven, &object] {
            let assigned = conversation("assigned", value).assigned;
            assert_eq!(assigned.map(|member| member.id), Some(7.into()), "{value}");
            let inbox = conversation("inbox", value).inbox;
            assert_eq!(inbox.map(|inbox| inbox.id), Some(7.into()), "{value}");
            let template: TemplateReference = serde_json::from_str(value).expect("a template");
            assert_eq!(template.id(), Some(7.into()), "{value}");
        }
        let read = conversation("read", seven).read;
        assert_eq!(read, Some(ReadState::Number(7)), "{seven}");
        let identifier: Identifier = serde_json::from_str(seven).expect("an id");
        assert_eq!(identifier, Identifier::Number(7), "{seven}");
        for count in [seven, &format!(r#"{{"count":{seven}}}"#)] {
            let count: Count = serde_json::from_str(count).expect("a count");
            assert_eq!(count.value(), Some(7), "{count:?}");
        }
    }
    for none in ["-0", "0.0"] {
        let body = format!(r#"{{"id":1,"assigned":{none},"inbox":{none}}}"#);
        let read: Conversation = serde_json::from_str(&body).expect("a conversation");
        assert_eq!((read.assigned, read.inbox), (None, None));
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

/// Generates bodies from the schemas of the spec.
struct Maker<'a> {
    spec: &'a Value,
    random: fastrand::Rng,
    /// Whether integers are written as strings in quotes.
    marks_integers: bool,
}

const MARK: &str = "@";

const TIMES: [&str; 7] = [
    "2026-05-07T12:00:00Z",
    "2026-05-07T12:00:00.5Z",
    "2026-05-07T12:00:00.021462Z",
    "2026-05-07T12:00:00.02146Z",
    "2026-05-07T14:30:00+02:30",
    "",
    "0001-01-01T00:00:00Z",
];

impl<'a> Maker<'a> {
    fn new(spec: &'a Value, seed: u64) -> Self {
        Self {
            spec,
            random: fastrand::Rng::with_seed(seed),
            marks_integers: false,
        }
    }

    fn component(&mut self, name: &str) -> Value {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.value(&schema, 0)
    }

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
            Some("integer") => {
                let integer = *self.pick(&[0_i64, 1, 50001, 640_000_000_000]);
                if self.marks_integers {
                    json!(format!("{MARK}{integer}{MARK}"))
                } else {
                    json!(integer)
                }
            }
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
        match schema["enum"].as_array() {
            Some(values) if self.random.bool() => self.pick(values).clone(),
            Some(_) => json!("a-value-of-tomorrow"),
            None => json!(self.pick(&["", "text", "15550100101", "Zoë 🙂", "null"])),
        }
    }

    /// Any member but a required one may be missing or null, and unknown members may
    /// appear.
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

/// Decodes a body as a type, and returns the value serialized.
type Decode = fn(&str) -> Result<Value, String>;

fn decode<T: DeserializeOwned + Serialize + PartialEq>(body: &str) -> Result<Value, String> {
    let value: T = serde_json::from_str(body).map_err(|error| error.to_string())?;
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

/// Checks that strings, numbers and booleans survive unchanged. A type that drops
/// what it reads would pass otherwise.
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
            let body = Maker::new(spec, seed).component(name);
            let written = decode(&body.to_string())
                .map_err(|error| TestCaseError::fail(format!("{name}: {error}: {body}")))?;
            check_kept(spec, name, &body, &written).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn an_integer_may_have_an_empty_fraction_or_an_exponent(seed: u64) {
        let spec = spec_once();
        let in_answers = types_of_answers(spec);
        for (name, decode) in decoders() {
            // A count keeps the response unchanged.
            if !in_answers.contains(name) || name == "Count" || name.ends_with("Reference") {
                continue;
            }
            let mut maker = Maker::new(spec, seed);
            maker.marks_integers = true;
            let body = maker.component(name).to_string();
            let write = |write: &mut dyn FnMut(i64) -> String| {
                let quoted = body.replace(&format!("\"{MARK}"), MARK);
                let bare = quoted.replace(&format!("{MARK}\""), MARK);
                let mut parts = bare.split(MARK);
                let mut text = parts.next().unwrap_or_default().to_owned();
                while let (Some(integer), Some(rest)) = (parts.next(), parts.next()) {
                    text.push_str(&write(integer.parse().expect("an integer")));
                    text.push_str(rest);
                }
                text
            };
            let plain = write(&mut |integer| integer.to_string());
            let random = &mut maker.random;
            let odd = write(&mut |integer| odd(integer, random));
            let expected = decode(&plain)
                .map_err(|error| TestCaseError::fail(format!("{name}: {error}: {plain}")))?;
            let read = decode(&odd)
                .map_err(|error| TestCaseError::fail(format!("{name}: {error}: {odd}")))?;
            prop_assert_eq!(read, expected, "{}: {}", name, odd);
        }
    }
}

/// Returns another spelling of an integer.
fn odd(integer: i64, random: &mut fastrand::Rng) -> String {
    match random.u8(0..5) {
        0 if integer == 0 => "-0".to_owned(),
        0 | 1 => format!("{integer}.0"),
        2 => format!("{integer}E0"),
        3 if integer != 0 => format!("{integer}00.000e-2"),
        _ => integer.to_string(),
    }
}

/// Returns the names of the schemas that a response can hold.
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
