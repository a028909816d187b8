//! Spans, events, observers, and that none shows a secret.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use heymarket_api::types::{self, ListTags, SendMessage};
use heymarket_api::{
    Client, Credentials, ErrorKind, OperationObserver, OperationReport, ResponseObserver, Unknown,
};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Answer, Fault, JumpingClock, ScriptedServer, Server, builder, spec};

/// Every field of every span and event.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    spans: Vec<BTreeMap<String, String>>,
    events: Vec<BTreeMap<String, String>>,
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}").trim_matches('"').to_owned();
        self.0.insert(field.name().to_owned(), value);
    }
}

thread_local! {
    /// The recorder of the test that runs on this thread.
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// The subscriber of the process, which forwards everything to the recorder of the
/// thread. A subscriber for each test does not work: `tracing` caches interest in
/// spans for the whole process.
struct Router;

impl Router {
    fn with(run: impl FnOnce(&mut Recorded)) {
        RECORDER.with_borrow(|recorder| {
            if let Some(Recorder(recorded)) = recorder {
                run(&mut recorded.lock().expect("the record"));
            }
        });
    }
}

impl Subscriber for Router {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut id = 1;
        Self::with(|recorded| {
            let mut fields = BTreeMap::new();
            fields.insert("span".to_owned(), attributes.metadata().name().to_owned());
            attributes.record(&mut Fields(&mut fields));
            recorded.spans.push(fields);
            id = recorded.spans.len() as u64;
        });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        Self::with(|recorded| {
            let index = usize::try_from(span.into_u64()).expect("a size") - 1;
            values.record(&mut Fields(&mut recorded.spans[index]));
        });
    }

    fn event(&self, event: &Event<'_>) {
        Self::with(|recorded| {
            let mut fields = BTreeMap::new();
            event.record(&mut Fields(&mut fields));
            recorded.events.push(fields);
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Starts recording on this thread.
fn record() -> Recorder {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Router).expect("the first"));
    let recorder = Recorder::default();
    RECORDER.set(Some(recorder.clone()));
    recorder
}

impl Recorder {
    /// The span of the operation; those of other libraries are left out.
    fn span(&self) -> BTreeMap<String, String> {
        let recorded = self.0.lock().expect("the record");
        let mut spans = recorded
            .spans
            .iter()
            .filter(|span| span["span"] == "heymarket");
        let span = spans.next().expect("a span").clone();
        assert!(spans.next().is_none(), "one span for one operation");
        span
    }

    fn events(&self, message: &str) -> Vec<BTreeMap<String, String>> {
        let recorded = self.0.lock().expect("the record");
        let is_wanted = |event: &&BTreeMap<String, String>| {
            event.get("message").is_some_and(|text| text == message)
        };
        recorded.events.iter().filter(is_wanted).cloned().collect()
    }

    fn everything(&self) -> String {
        let recorded = self.0.lock().expect("the record");
        format!("{:?} {:?}", recorded.spans, recorded.events)
    }
}

#[tokio::test]
async fn a_span_for_each_operation_and_an_event_for_each_attempt() {
    let server = ScriptedServer::start().await;
    server.script(1, [Fault::Status(503)]);
    server.with_headers("x-request-id: request-1\r\n");
    let recorder = record();
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .clock(JumpingClock::default())
        .build()
        .expect("a client");
    client
        .get_conversation(1)
        .await
        .expect("the second attempt");

    let span = recorder.span();
    for (name, value) in [
        ("otel.name", "get_conversation"),
        ("heymarket.operation", "get_conversation"),
        ("http.request.method", "GET"),
        ("url.template", "/v1/conversations/{id}"),
        ("server.address", "127.0.0.1"),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "1"),
        ("heymarket.request_id", "request-1"),
    ] {
        assert_eq!(
            span.get(name).map(String::as_str),
            Some(value),
            "{name}: {span:?}"
        );
    }
    assert!(!span.contains_key("error.type"));
    let attempts = recorder.events("attempt");
    let outcomes: Vec<_> = attempts
        .iter()
        .map(|event| event["heymarket.outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["answered 503", "answered 200"]);
    assert_eq!(attempts[1]["http.request.resend_count"], "1");
    assert_eq!(recorder.events("retry").len(), 1);
}

#[tokio::test]
async fn a_span_of_a_failure_says_of_what_type() {
    let server = Server::answering(Answer::new(404, "")).await;
    let recorder = record();
    let client = crate::support::client(&server.url());
    client.get_conversation(1).await.expect_err("nothing there");
    let span = recorder.span();
    assert_eq!(span["error.type"], "status");
    assert_eq!(span["http.response.status_code"], "404");
}

/// What an observer received about an operation.
type Observed = (String, Duration, Duration, usize, Option<ErrorKind>);

#[derive(Clone, Default)]
struct Metrics(Arc<Mutex<Vec<Observed>>>);

impl OperationObserver for Metrics {
    fn ended(&self, report: &OperationReport<'_>) {
        self.0.lock().expect("the metrics").push((
            report.operation.id().to_owned(),
            report.duration,
            report.waited,
            report.attempts.len(),
            report.error,
        ));
    }
}

#[tokio::test]
async fn an_observer_is_told_of_each_operation_with_its_waits() {
    let server = ScriptedServer::start().await;
    server.with_headers("retry-after: 7\r\n");
    server.script(1, [Fault::Status(503), Fault::Status(429)]);
    server.script(2, [Fault::Status(404)]);
    let metrics = Metrics::default();
    let clock = JumpingClock::default();
    let client = Client::builder(Credentials::api_secret("test-id", "test-key"))
        .base_url(server.url())
        .clock(clock.clone())
        .observe_operations(metrics.clone())
        .build()
        .expect("a client");
    client.get_conversation(1).await.expect("the third attempt");
    // After the restart that follows a 429.
    clock.jump(Duration::from_secs(10));
    client.get_conversation(2).await.expect_err("nothing there");
    let fourteen = Duration::from_secs(14);
    let told = metrics.0.lock().expect("the metrics").clone();
    assert_eq!(
        told,
        [
            ("get_conversation".to_owned(), fourteen, fourteen, 3, None),
            (
                "get_conversation".to_owned(),
                Duration::ZERO,
                Duration::ZERO,
                1,
                Some(ErrorKind::Status)
            ),
        ]
    );
}

#[derive(Clone, Default)]
struct News(Arc<Mutex<Vec<String>>>);

impl ResponseObserver for News {
    fn unknown(&self, unknown: &Unknown<'_>) {
        let text = match unknown {
            Unknown::Member { answer, path } => format!("{answer}: {path}"),
            Unknown::Value { name, value } => format!("{name} = {value}"),
            _ => "something else".to_owned(),
        };
        self.0.lock().expect("the news").push(text);
    }
}

#[tokio::test]
async fn what_is_unknown_is_told_once() {
    let body = r#"[
        {"id":1,"channel":"pigeon","moon":1,"assigned":{"id":2,"hat":"red"},"targets":{"x":{"y":1}}},
        {"id":2,"channel":"pigeon","moon":2,"members":[{"id":3,"shoe":44}],"status":"open"}
    ]"#;
    let server = Server::answering(Answer::new(200, body)).await;
    let news = News::default();
    let client = builder(&server.url())
        .observe_responses(news.clone())
        .build()
        .expect("a client");
    let request = types::ListConversations::new(50001, types::ConversationFilters::new([41001]));
    for _ in 0..2 {
        let read = client
            .list_conversations(&request)
            .await
            .expect("an answer");
        assert_eq!(read.len(), 2);
    }
    let mut told = news.0.lock().expect("the news").clone();
    told.sort();
    assert_eq!(
        told,
        [
            "Channel = pigeon",
            "Conversation: assigned.hat",
            "Conversation: members.shoe",
            "Conversation: moon",
        ]
    );
    // The error is the same as without an observer.
    let server = Server::answering(Answer::new(200, r#"{"id":"x"}"#)).await;
    let client = builder(&server.url())
        .observe_responses(news.clone())
        .build()
        .expect("a client");
    let error = client.get_conversation(1).await.expect_err("not an id");
    assert_eq!(error.json_path(), Some("$.id"));
}

/// The canary in every place that must stay hidden.
const CANARY: &str = "canary";

/// Returns a value of a schema in which every sensitive member, at any depth, holds
/// the canary, and the number of canaries.
fn planted(spec: &Value, schema: &Value, is_sensitive: bool, marks: &mut usize) -> Value {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.get("allOf")?.get(0)?.get("$ref"));
    if let Some(reference) = reference.and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return planted(
            spec,
            &spec["components"]["schemas"][name],
            is_sensitive,
            marks,
        );
    }
    // The shape with members covers most.
    let shapes = schema["oneOf"].as_array().into_iter().flatten();
    let mut shapes = shapes.filter(|shape| shape.get("type").is_some());
    let first = shapes.clone().next();
    let shape = shapes
        .find(|shape| shape.get("properties").is_some())
        .or(first);
    if let Some(shape) = shape {
        return planted(spec, shape, is_sensitive, marks);
    }
    let mut mark = || {
        *marks += 1;
        Value::from(CANARY)
    };
    match schema["type"].as_str() {
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let mut members: serde_json::Map<String, Value> = properties
                .map(|(name, property)| {
                    let is_sensitive = is_sensitive || property.get("x-sensitive").is_some();
                    (name.clone(), planted(spec, property, is_sensitive, marks))
                })
                .collect();
            if let Some(values) = schema.get("additionalProperties") {
                *marks += 1;
                let value = planted(spec, values, is_sensitive, marks);
                members.insert(CANARY.to_owned(), value);
            }
            Value::Object(members)
        }
        Some("array") => Value::Array(vec![planted(spec, &schema["items"], is_sensitive, marks)]),
        Some("integer") => Value::from(7),
        Some("boolean") => Value::from(true),
        Some("string") if schema["format"] == "date-time" => Value::from("2026-05-07T12:00:00Z"),
        Some("string") if is_sensitive => mark(),
        Some("string") => Value::from("plain"),
        _ if is_sensitive => mark(),
        _ => Value::from("plain"),
    }
}

#[test]
fn no_debug_of_any_type_shows_a_sensitive_member() {
    let spec = spec();
    let mut marks = 0;
    let mut types = 0;
    macro_rules! check {
        ($($name:ident),*) => {$({
            let schema = &spec["components"]["schemas"][stringify!($name)];
            let body = planted(&spec, schema, false, &mut marks);
            // Some hand-written types are no more than one of their shapes.
            if let Ok(value) = serde_json::from_value::<types::$name>(body.clone()) {
                let shown = format!("{value:?} {value:#?}");
                assert!(!shown.contains(CANARY), "{}: {shown}", stringify!($name));
                types += 1;
            }
        })*};
    }
    heymarket_api::for_each_type!(check);
    assert!(marks > 200, "{marks}");
    assert!(types > 95, "{types}");
}

#[tokio::test]
async fn no_span_event_ledger_or_error_shows_what_is_secret() {
    let body = format!(
        r#"{{"id":1,"target":"{CANARY}-target","name":"{CANARY}","message":"of {CANARY}-text to 15550100101"}}"#
    );
    let recorder = record();
    let mut shown = String::new();
    for status in [200, 400, 401, 500] {
        let answer = Answer::new(status, body.clone()).header("x-secret", CANARY);
        let server = Server::answering(answer).await;
        let client = Client::builder(Credentials::api_secret("canary-id", "canary-key"))
            .base_url(server.url())
            .clock(JumpingClock::default())
            .build()
            .expect("a client");
        let client = client.with_options(|options| {
            let name = "x-own".parse().expect("a name");
            options.header(name, CANARY.parse().expect("a value"))
        });
        shown += &format!("{client:?}");
        let message = SendMessage::new(41001.into(), 50001.into())
            .to_phone("15550100101")
            .text(format!("{CANARY}-text"))
            .author(CANARY);
        shown += &format!("{message:?}");
        match client.send_message(&message).await {
            Ok(response) => shown += &format!("{response:?} {}", response.ledger()),
            Err(error) => shown += &format!("{error} {error:?} {}", error.ledger()),
        }
        let mut walk = client.tags(ListTags::new());
        shown += &format!("{walk:?} {:?}", walk.next().await.is_some());
    }
    // The query holds the number.
    let answer = Answer::new(404, r#"{"message":"nothing with +1 555-010-0101"}"#);
    let server = Server::answering(answer).await;
    let client = crate::support::client(&server.url());
    let error = client.list_messages(41001, "15550100101", None).await;
    let error = error.expect_err("nothing");
    shown += &format!("{error} {error:?} {}", error.ledger());
    shown += &recorder.everything();
    assert!(shown.contains("send_message"), "it was recorded");
    for secret in [CANARY, "15550100101", "555-010", "Bearer", "eyJ"] {
        let at = shown.find(secret);
        let around = at.map(|at| &shown[at.saturating_sub(200)..(at + 60).min(shown.len())]);
        assert_eq!(around, None, "{secret}");
    }
}

#[tokio::test]
async fn an_error_hides_an_echo_of_the_request_in_any_form() {
    let text = format!("Dear Zoë {CANARY}, at 5/6 we said \"{CANARY}\"");
    let message = SendMessage::new(41001.into(), 50001.into())
        .to_phone("15550100101")
        .text(&text);
    let forms: [fn(&str) -> String; 5] = [
        str::to_uppercase,
        |text| text.replace(' ', "\u{a0}"),
        |text| format!("{}…", &text[..15]),
        |text| Value::from(text).to_string().replace('/', "\\/"),
        |text| text.replace(' ', "%20").replace('ë', "%C3%AB"),
    ];
    for form in forms {
        let server = Server::responding(move |request| {
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            let text = form(body["text"].as_str().expect("a text"));
            let echo = format!("refused: {text} of inbox_id 41001, 1/555/010/0101");
            Answer::new(400, serde_json::json!({ "message": echo }).to_string())
        })
        .await;
        let client = crate::support::client(&server.url());
        let error = client.send_message(&message).await.expect_err("refused");
        let shown = error.message().expect("a message");
        assert!(shown.starts_with("refused: "), "{shown}");
        assert!(shown.ends_with(" of inbox_id 41001, [hidden]"), "{shown}");
        let all = format!("{error} {error:?}").to_lowercase();
        for secret in [CANARY, "can", "zo", "dear", "said"] {
            assert!(!all.contains(secret), "{secret}: {all}");
        }
        // Times and UUIDs elsewhere in it may have these digits.
        assert!(!shown.contains("555"), "{shown}");
    }
}
