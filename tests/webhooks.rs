//! Webhooks: every type of event, forged and repeated deliveries, and the example
//! receiver as a process.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use heymarket_api::Clock as _;
use heymarket_api::types::WebhookEventType;
use heymarket_api::webhook::{
    Claim, Deduplicator, Envelope, Event, EventData, SeenEvents, SeenInMemory, Verifier,
    WebhookError,
};
use serde_json::{Value, json};

use crate::support::{Answer, JumpingClock, Server, client, project_root, spec, time};

// Which deliveries are one event.
mod identity;
// Events whose handler fails.
mod claims;
// The contract of every store of events.
mod store;
// Data before its type, or after it.
mod order;
// Events that are stored and read again.
mod stored;
// Random deliveries, checked against the facts that they report.
mod model;

const TOKEN: &str = "INVENTED_WEBHOOK_TOKEN";

fn verify(body: &Value) -> Result<Event, WebhookError> {
    let body = body.to_string();
    let verified = Verifier::new(TOKEN).verify(body.as_bytes());
    verified.map(heymarket_api::webhook::Verified::into_inner)
}

fn delivery(event_type: &str, data: Value) -> Value {
    json!({ "type": event_type, "id": 321, "token": TOKEN, "event_data": data })
}

/// An in-memory deduplicator on a manual clock.
fn deduplicator() -> (Deduplicator, JumpingClock) {
    let clock = JumpingClock::default();
    (Deduplicator::with_store(in_memory(1000, &clock)), clock)
}

fn in_memory(capacity: usize, clock: &JumpingClock) -> SeenInMemory {
    let (start, clock) = (Instant::now(), clock.clone());
    SeenInMemory::new(capacity).clock(move || start + clock.elapsed())
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receipt {
    Handled,
    Duplicate,
    InProgress,
}

/// Claims an event, and commits it at once if it is new.
async fn receive<S: SeenEvents<Error: std::fmt::Debug>>(
    seen: &Deduplicator<S>,
    event: &Event,
) -> Receipt {
    match seen.claim(event).await.expect("a store") {
        Claim::New(claimed) => {
            assert!(claimed.commit().await.expect("a store"), "nothing took it");
            Receipt::Handled
        }
        Claim::Duplicate => Receipt::Duplicate,
        Claim::InProgress => Receipt::InProgress,
    }
}

#[test]
fn the_documented_delivery_is_read_member_by_member() {
    let path = project_root().join("tests/fixtures/payloads/webhook_message_recieved.json");
    let body = std::fs::read(path).expect("the fixture");
    let event = Verifier::new(TOKEN).verify(&body).expect("verified");
    assert_eq!(event.event_type, WebhookEventType::MessageRecieved);
    assert_eq!(
        (event.webhook_id, event.envelope),
        (Some(321), Envelope::Current)
    );
    let EventData::MessageReceived(message) = &event.data else {
        panic!("{event:?}");
    };
    assert_eq!(message.id, 700_100_204);
    assert_eq!(message.text.as_deref(), Some("Invented inbound text"));
    assert_eq!(message.phone.as_deref(), Some("15550100101"));
    assert_eq!(message.date, Some(time("2026-05-07T12:00:00.021462Z")));
    let conversation = message.conversation.as_ref().expect("a conversation");
    assert_eq!(
        (conversation.id, conversation.assigned.as_ref()),
        (90_010_011.into(), None)
    );
}

/// Returns the name of the variant for each type of event.
const VARIANTS: &[(&str, &str)] = &[
    ("message_sent", "MessageSent"),
    ("message_recieved", "MessageReceived"),
    ("message_received", "MessageReceived"),
    ("chat_reassigned", "ConversationReassigned"),
    ("chat_closed", "ConversationClosed"),
    ("chat_opened", "ConversationOpened"),
    ("chat_pending", "ConversationPending"),
    ("chat_transferred", "ConversationTransferred"),
    ("chat_updated", "ConversationUpdated"),
    ("target_opt_out", "OptOut"),
    ("target_opt_in", "OptIn"),
    ("target_double_opt_in", "DoubleOptIn"),
    ("target_double_opt_restricted", "DoubleOptInRestricted"),
    ("incoming_call", "IncomingCall"),
];

fn variant(event: &Event) -> String {
    let shown = format!("{:?}", event.data);
    shown.split('(').next().unwrap_or_default().to_owned()
}

#[test]
fn every_type_is_read_in_both_envelopes_with_nothing_but_an_id() {
    let of_spec: BTreeSet<String> = spec()["x-webhooks"]
        .as_object()
        .expect("webhooks")
        .keys()
        .cloned()
        .collect();
    let tested: BTreeSet<String> = VARIANTS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| name != "message_received")
        .collect();
    assert_eq!(tested, of_spec);
    for &(name, expected) in VARIANTS {
        let current = verify(&delivery(name, json!({ "id": 7 }))).expect(name);
        assert_eq!(variant(&current), expected);
        let older = json!({ "event": name, "token": TOKEN, "event_data": { "id": 7 } });
        let older = verify(&older).expect(name);
        assert_eq!(variant(&older), expected);
        assert_eq!(older.envelope, Envelope::Older);
        assert_eq!(older.event_type, current.event_type);
        assert_eq!(older.dedupe_key(), current.dedupe_key());
    }
}

#[test]
fn what_is_unknown_or_malformed_never_fails_the_delivery() {
    let odd = [
        json!(null),
        json!([]),
        json!("text"),
        json!({}),
        json!({ "id": "x" }),
        json!(7),
    ];
    for data in &odd {
        for name in ["message_sent", "chat_closed", "a_type_of_tomorrow"] {
            let event = verify(&delivery(name, data.clone())).expect(name);
            assert_eq!(event.data, EventData::Unknown(data.clone()), "{name}");
        }
        let call = verify(&delivery("incoming_call", data.clone())).expect("a call");
        assert_eq!(call.data, EventData::IncomingCall(data.clone()));
    }
    let event = verify(&delivery("a_type_of_tomorrow", json!({ "a": 1 }))).expect("an event");
    assert_eq!(event.event_type.as_str(), "a_type_of_tomorrow");
    let bare = verify(&json!({ "type": "chat_closed", "token": TOKEN })).expect("an event");
    assert_eq!(bare.data, EventData::Unknown(Value::Null));
    let odd_id = json!({ "type": "chat_closed", "id": "x", "token": TOKEN, "more": [1] });
    assert_eq!(verify(&odd_id).expect("an event").webhook_id, None);
}

#[test]
fn data_that_is_json_in_form_only_is_kept_as_distinct_text() {
    let event = |data: &str| {
        let body = format!(r#"{{"type":"message_sent","token":"{TOKEN}","event_data":{data}}}"#);
        Verifier::new(TOKEN)
            .verify(body.as_bytes())
            .expect("verified")
            .into_inner()
    };
    let first = event(r#"{"id":1,"text":"\ud800"}"#);
    let EventData::Unknown(Value::String(kept)) = &first.data else {
        panic!("{first:?}");
    };
    assert!(kept.contains("\\ud800"));
    let second = event(r#"{"id":2,"text":"\ud800"}"#);
    assert_ne!(first.dedupe_key(), second.dedupe_key());
}

#[test]
fn nothing_is_accepted_without_the_token() {
    let data = json!({ "id": 7 });
    for token in [
        json!("INVENTED_WEBHOOK_TOKE"),
        json!("INVENTED_WEBHOOK_TOKENS"),
        json!(""),
        json!(null),
    ] {
        let body = json!({ "type": "message_sent", "token": token, "event_data": data });
        assert_eq!(verify(&body), Err(WebhookError::Unauthorized), "{token}");
    }
    let missing = json!({ "type": "message_sent", "event_data": data });
    assert_eq!(verify(&missing), Err(WebhookError::Unauthorized));
    let number = json!({ "type": "message_sent", "token": 7, "event_data": data });
    assert_eq!(verify(&number), Err(WebhookError::Malformed));
    let nested = json!({ "type": "message_sent", "event_data": { "id": 7, "token": TOKEN } });
    assert_eq!(verify(&nested), Err(WebhookError::Unauthorized));
    let untyped = json!({ "token": TOKEN, "event_data": data });
    assert_eq!(verify(&untyped), Err(WebhookError::Malformed));
    let twice = format!(r#"{{"type":"message_sent","token":"x","token":"{TOKEN}"}}"#);
    let outcome = Verifier::new(TOKEN).verify(twice.as_bytes());
    assert_eq!(outcome, Err(WebhookError::Malformed));
    // A verifier with an empty token refuses every delivery.
    let body = json!({ "type": "message_sent", "token": "", "event_data": data }).to_string();
    let empty = Verifier::new("").verify(body.as_bytes());
    assert_eq!(empty, Err(WebhookError::Unauthorized));
}

#[test]
fn only_an_object_is_a_delivery() {
    let verify = |body: &str| Verifier::new(TOKEN).verify(body.as_bytes());
    let as_array = json!(["message_sent", null, 321, TOKEN, { "id": 7 }]).to_string();
    for body in [&as_array, "[]", "7", "\"x\"", "null", "true", "", " "] {
        assert_eq!(verify(body), Err(WebhookError::Malformed), "{body}");
    }
    let padded = format!(" \r\n\t{}", delivery("chat_closed", json!({ "id": 7 })));
    assert!(verify(&padded).is_ok());
}

#[test]
fn what_is_no_utf_8_is_replaced() {
    let body = |data: &[u8], other: &[u8]| {
        let start = format!(r#"{{"type":"message_sent","token":"{TOKEN}","event_data":"#);
        [start.as_bytes(), data, b",\"other\":\"", other, b"\"}"].concat()
    };
    let verify = |body: &[u8]| Verifier::new(TOKEN).verify(body);
    let plain = verify(&body(br#"{"id":7,"text":"Hi \ufffd"}"#, b"")).expect("an event");
    let odd = body(b"{\"id\":7,\"text\":\"Hi \xff\"}", b"\xc0\x80");
    assert_eq!(verify(&odd).expect("an event"), plain);
    // No token is replaced into the right one.
    let mut forged = body(b"{}", b"");
    let at = forged
        .windows(TOKEN.len())
        .position(|part| part == TOKEN.as_bytes());
    forged.insert(at.expect("the token"), 0xff);
    assert_eq!(verify(&forged), Err(WebhookError::Unauthorized));
}

#[test]
fn data_that_lists_the_members_of_a_message_is_none() {
    // Tokens of any length, and the ID in any place.
    for length in 1..40 {
        for id in 0..length {
            let mut members = vec![Value::Null; length];
            members[id] = json!(7);
            let data = Value::Array(members);
            let event = verify(&delivery("message_sent", data.clone())).expect("an event");
            assert_eq!(event.data, EventData::Unknown(data));
        }
    }
}

#[test]
fn two_tokens_are_good_while_one_replaces_the_other() {
    let verifier = Verifier::new("old").or("new");
    for (token, is_good) in [
        ("old", true),
        ("new", true),
        ("other", false),
        ("oldnew", false),
    ] {
        let body = json!({ "type": "chat_closed", "token": token }).to_string();
        assert_eq!(verifier.verify(body.as_bytes()).is_ok(), is_good, "{token}");
    }
    assert!(!format!("{verifier:?}").contains("old"));
}

#[test]
fn a_body_too_large_or_too_deep_is_not_parsed() {
    let large = delivery("message_sent", json!("x".repeat(1024 * 1024))).to_string();
    let verifier = Verifier::new(TOKEN);
    assert_eq!(
        verifier.verify(large.as_bytes()),
        Err(WebhookError::TooLarge)
    );
    assert!(
        verifier
            .clone()
            .max_body_bytes(2_000_000)
            .verify(large.as_bytes())
            .is_ok()
    );
    let nested = |depth: usize| {
        let data = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"type":"incoming_call","token":"{TOKEN}","event_data":{data}}}"#)
    };
    assert!(verifier.verify(nested(63).as_bytes()).is_ok());
    let too_deep = verifier.verify(nested(64).as_bytes());
    assert_eq!(too_deep, Err(WebhookError::Malformed));
    let bomb = verifier.verify("[".repeat(1_000_000).as_bytes());
    assert_eq!(bomb, Err(WebhookError::Malformed));
    let deepest = verifier.max_depth(usize::MAX);
    assert!(deepest.verify(nested(110).as_bytes()).is_ok());
    assert_eq!(
        deepest.verify(nested(130).as_bytes()),
        Err(WebhookError::Malformed)
    );
}

#[test]
fn the_token_and_what_people_wrote_are_not_shown() {
    let data = json!({ "id": 7, "text": "canary", "phone": "15550100101", "author": "canary" });
    for name in [
        "message_sent",
        "chat_closed",
        "incoming_call",
        "canary_free",
    ] {
        let event = verify(&delivery(name, data.clone())).expect("an event");
        let shown = format!("{event:?} {}", event.dedupe_key());
        let shown = shown.replace("canary_free", "");
        for secret in ["canary", "555", TOKEN] {
            assert!(!shown.contains(secret), "{name}: {shown}");
        }
    }
    let error = verify(&json!({ "type": "x", "token": "canary" })).expect_err("a forger");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn mutated_bodies_neither_panic_nor_pass_verification() {
    const RUNS: usize = 100_000;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let path = project_root().join("tests/fixtures/payloads/webhook_message_recieved.json");
    let genuine = std::fs::read_to_string(path).expect("the fixture");
    let forged = genuine.replace(TOKEN, "INVENTED_WEBHOOK_TOKEM");
    let verifier = Verifier::new(TOKEN);
    let mut accepted = 0;
    for run in 0..RUNS {
        // A delivery with the token may pass; any other must not.
        let is_genuine = run % 2 == 0;
        let body = if is_genuine { &genuine } else { &forged };
        let body = mutated(body.as_bytes(), &mut random);
        let outcome = verifier.verify(&body);
        if is_genuine {
            accepted += usize::from(outcome.is_ok());
        } else if outcome.is_ok() {
            // Only a mutation that produced the token can pass.
            let body = String::from_utf8_lossy(&body);
            let is_token = body.contains(TOKEN);
            assert!(is_token, "seed {seed}, run {run}: {body}");
        }
    }
    assert!(
        accepted > RUNS / 20,
        "{accepted}: the mutations leave nothing to read"
    );
}

fn mutated(body: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..body.len().max(1));
        match random.u8(0..8) {
            0 if !body.is_empty() => body[at] ^= 1 << random.u8(0..8),
            1 => body.truncate(at),
            2 => insert(&mut body, at, &b"[{\"a\":".repeat(random.usize(1..200))),
            3 => insert(&mut body, at, br#""type":"chat_closed","#),
            4 => insert(&mut body, at, "9".repeat(random.usize(1..400)).as_bytes()),
            5 => insert(&mut body, at, &[0xff, 0xc0, 0x80]),
            6 => insert(&mut body, at, b"\\ud800"),
            _ if !body.is_empty() => drop(body.remove(at.min(body.len() - 1))),
            _ => {}
        }
    }
    body
}

fn insert(body: &mut Vec<u8>, at: usize, what: &[u8]) {
    let at = at.min(body.len());
    body.splice(at..at, what.iter().copied());
}

/// Comparison takes constant time by construction: `subtle` compares every token
/// in full, and no comparison depends on another.
#[test]
fn tokens_are_compared_by_subtle_alone() {
    let path = project_root().join("heymarket-api/src/webhook/verifier.rs");
    let source = std::fs::read_to_string(path).expect("the verifier");
    let file = syn::parse_file(&source).expect("Rust");
    let comparison = file
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Impl(item) => Some(&item.items),
            _ => None,
        })
        .flatten()
        .find_map(|item| match item {
            syn::ImplItem::Fn(method) if method.sig.ident == "is_known" => Some(method),
            _ => None,
        })
        .expect("the comparison");
    let text = quote::ToTokens::to_token_stream(&comparison.block).to_string();
    assert!(text.contains("ct_eq") && text.contains("fold"), "{text}");
    for early in [
        "==",
        "!=",
        "return",
        "break",
        "if ",
        "&&",
        "||",
        "any",
        "find",
        "starts_with",
    ] {
        assert!(!text.contains(early), "{early} in {text}");
    }
}

#[test]
fn a_signed_event_is_verified_and_equal() {
    for &(name, _) in VARIANTS {
        let event = verify(&delivery(name, json!({ "id": 7, "status": "sent" }))).expect(name);
        let body = event.sign_for_test("another").expect("JSON");
        let verified = Verifier::new("another").verify(&body).expect(name);
        assert_eq!(verified.into_inner(), event);
        assert_eq!(
            Verifier::new(TOKEN).verify(&body),
            Err(WebhookError::Unauthorized)
        );
    }
}

#[tokio::test]
async fn what_was_lost_is_had_from_the_history_and_handled_once() {
    let history = json!([
        { "id": 4, "status": "received", "date": "2026-05-07T12:04:00Z" },
        { "id": 3, "status": "delivered", "date": "2026-05-07T12:03:00Z" },
        { "id": 2, "status": "received", "date": "2026-05-07T12:02:00Z" },
        { "id": 1, "status": "received", "date": "2026-05-07T12:01:00Z" },
    ]);
    let server = Server::answering(Answer::new(200, history.to_string())).await;
    let seen = Deduplicator::new();
    let handled = verify(&delivery(
        "message_received",
        json!({ "id": 4, "status": "received" }),
    ));
    let handled = receive(&seen, &handled.expect("an event")).await;
    assert_eq!(handled, Receipt::Handled);

    let since = time("2026-05-07T12:02:00Z");
    let mut events = client(&server.url()).reconcile(since);
    let mut new = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.expect("an event");
        assert_eq!(event.envelope, Envelope::History);
        if receive(&seen, &event).await == Receipt::Handled {
            new.push(event.dedupe_key());
        }
    }
    assert_eq!(
        new,
        ["message_sent:3:delivered", "message_recieved:2:received"]
    );
}

/// The example receiver as a process.
struct Receiver {
    process: Child,
    address: String,
}

impl Receiver {
    fn start() -> Self {
        let mut process = Command::new(crate::example::binary("webhook_receiver"))
            .arg("0")
            .env_clear()
            .env("HEYMARKET_WEBHOOK_TOKEN", TOKEN)
            .env("HEYMARKET_WEBHOOK_TOKEN_2", "second")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut said = String::new();
        let talk = process.stderr.take().expect("its talk");
        BufReader::new(talk).read_line(&mut said).expect("a line");
        let address = said.trim().trim_start_matches("listening on http://");
        let address = address.trim_end_matches("/webhook").to_owned();
        Self { process, address }
    }

    /// Posts a body, and returns the status and the body of the response.
    fn post(&self, body: &[u8]) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).expect("the receiver");
        let head = format!(
            "POST /webhook HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        // A receiver that refuses a large body need not read it.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        (status.to_owned(), body.to_owned())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_receiver_of_the_example_answers_over_a_socket() {
    let mut receiver = Receiver::start();
    let post = |body: &Value| receiver.post(body.to_string().as_bytes());
    let answered = |status: &str| (status.to_owned(), String::new());
    let message = delivery("message_recieved", json!({ "id": 7, "status": "received" }));
    assert_eq!(post(&message), answered("200"));
    assert_eq!(
        post(&message),
        answered("200"),
        "a repetition is accepted, and dropped"
    );
    let mut second = delivery("chat_closed", json!({ "id": 8 }));
    second["token"] = json!("second");
    assert_eq!(post(&second), answered("200"));
    let mut forged = message;
    forged["token"] = json!("forged");
    assert_eq!(post(&forged), answered("401"));
    assert_eq!(receiver.post(b"{"), answered("400"));
    assert_eq!(receiver.post(b""), answered("400"));
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(receiver.post(&large), answered("413"));

    let work = receiver.process.stdout.take().expect("its output");
    let mut lines = BufReader::new(work)
        .lines()
        .map(|line| line.expect("a line"));
    assert_eq!(lines.next().as_deref(), Some("received message 7"));
    assert_eq!(lines.next().as_deref(), Some("closed conversation 8"));
    drop(receiver);
    assert_eq!(lines.next(), None, "nothing was worked on twice");
}
