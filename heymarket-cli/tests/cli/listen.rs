//! `listen` and `trigger`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Home, Live, Outcome, Pty, Running, Server, spec};

const TOKEN: &str = "canary-token-71d2";
const PHONE: &str = "15550100101";

fn home() -> Home {
    Home::new().with("HEYMARKET_WEBHOOK_TOKEN", TOKEN)
}

/// A receiver on a free port, and its URL.
fn listen(home: &Home, words: &[&str]) -> (Running, String) {
    let running = home.begin(&[&["listen", "--port", "0"], words].concat());
    let line = running.says("listening on ");
    let url = line.trim_start_matches("listening on ").to_owned();
    (running, url)
}

fn trigger(home: &Home, url: &str, event: &str, words: &[&str]) -> Outcome {
    home.run(&[&["trigger", event, "--to", url], words].concat())
}

/// Posts a body, and gives the status.
fn post(url: &str, body: &str) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let answer = runtime.block_on(
        reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client")
            .post(url)
            .body(body.to_owned())
            .send(),
    );
    answer.expect("an answer").status().as_u16()
}

fn delivery(token: &str, id: i64) -> String {
    json!({
        "type": "message_recieved", "id": 321, "token": token, "brand_new": PHONE,
        "event_data": {
            "id": id, "text": "canary text", "phone": PHONE, "status": "received",
            "brand_new": PHONE, "conversation": {"id": 90010011, "inbox": 41001},
        },
    })
    .to_string()
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    let lines = outcome.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn a_sample_of_each_type_gets_through() {
    let spec = spec();
    let types = spec["x-webhooks"].as_object().expect("types");
    assert!(!types.is_empty());
    let home = home();
    let (listener, url) = listen(&home, &[]);
    for event in types.keys() {
        let outcome = trigger(&home, &url, event, &[]);
        let result: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        assert_eq!((outcome.code, &result["status"]), (Some(0), &json!(200)));
        listener.prints(&format!("\"{event}\""));
    }
    let outcome = listener.interrupt();
    let events = lines(&outcome);
    outcome.done();
    let told: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(told, types.keys().collect::<Vec<_>>());
    for event in &events {
        let kind = event["type"].as_str().expect("a type");
        // Data that is not of its type would not have an id.
        let is_typed = kind.starts_with("message") || kind.starts_with("chat");
        assert_eq!(event["data"]["id"].is_i64(), is_typed, "{event}");
    }
}

#[test]
fn a_delivery_without_a_token_or_repeated_is_not_shown() {
    let home = home();
    let (listener, url) = listen(&home, &[]);
    assert_eq!(post(&url, &delivery("another", 1)), 401);
    assert_eq!(post(&url, "{}"), 401);
    assert_eq!(post(&url, "not JSON"), 400);
    assert_eq!(post(&url, &"[".repeat(2 * 1024 * 1024)), 413);
    assert_eq!(post(&url, &delivery(TOKEN, 2)), 200);
    assert_eq!(post(&format!("{url}any/path"), &delivery(TOKEN, 2)), 200);
    assert_eq!(post(&url, &delivery(TOKEN, 3)), 200);
    listener.prints("message_recieved:3:");
    let outcome = listener.interrupt();
    let keys: Vec<Value> = lines(&outcome)
        .iter()
        .map(|line| line["key"].clone())
        .collect();
    assert_eq!(
        keys,
        ["message_recieved:2:received", "message_recieved:3:received"]
    );
    assert!(
        outcome.stderr.contains("rejected a delivery"),
        "{}",
        outcome.stderr
    );
    let wrong = Home::new().with("HEYMARKET_WEBHOOK_TOKEN", "another");
    let (listener, url) = listen(&home, &[]);
    let refused = trigger(&wrong, &url, "chat_closed", &[]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(refused.stderr.contains("401"), "{}", refused.stderr);
    listener.interrupt().done();
}

#[test]
fn no_delivery_ends_it() {
    let home = home();
    for words in [&[][..], &["--format", "table"], &["--show-content"]] {
        let (listener, url) = listen(&home, words);
        let as_array = json!(["message_sent", null, 321, TOKEN, {"id": 7}]);
        let nested = "[".repeat(100) + &"]".repeat(100);
        for body in [
            &as_array.to_string(),
            "[]",
            "7",
            "\"x\"",
            "null",
            "true",
            &nested,
        ] {
            assert_eq!(post(&url, body), 400, "{body}");
        }
        for data in ["[]", "7", "null", "\"\\ud800\"", "{\"id\":1e999}"] {
            let odd = format!(r#"{{"type":"chat_closed","token":"{TOKEN}","event_data":{data}}}"#);
            assert_eq!(post(&url, &odd), 200, "{data}");
        }
        assert_eq!(post(&url, &delivery(TOKEN, 71002)), 200);
        listener.prints("71002");
        listener.interrupt().done();
    }
}

#[test]
fn an_event_that_jq_cannot_filter_does_not_end_it() {
    let home = home();
    let (listener, url) = listen(&home, &["--jq", ".data.id + 1"]);
    let odd = json!({ "type": "chat_closed", "token": TOKEN, "event_data": "text" });
    assert_eq!(post(&url, &odd.to_string()), 200);
    let line = listener.says("not printed");
    assert!(
        line.contains("chat_closed") && line.contains("--jq"),
        "{line}"
    );
    assert_eq!(post(&url, &delivery(TOKEN, 2)), 200);
    listener.prints("3");
    assert_eq!(listener.interrupt().done(), "3\n");
}

#[test]
fn personal_data_is_redacted_unless_requested() {
    let home = home();
    for (words, is_shown) in [(&[][..], false), (&["--show-content"], true)] {
        let (listener, url) = listen(&home, words);
        assert_eq!(post(&url, &delivery(TOKEN, 4)), 200);
        trigger(&home, &url, "target_opt_out", &[]).done();
        listener.prints("target_opt_out");
        let outcome = listener.interrupt();
        let events = lines(&outcome);
        let text = outcome.stdout.clone() + &outcome.stderr;
        assert_eq!(text.contains(PHONE), is_shown, "{text}");
        assert_eq!(text.contains("canary text"), is_shown, "{text}");
        assert!(!text.contains(TOKEN), "{text}");
        assert_eq!(events[0]["data"]["conversation"]["inbox"], 41001);
        let new = &events[0]["data"]["brand_new"];
        assert_eq!(new == PHONE, is_shown, "what is not known may be personal");
    }
}

#[test]
fn a_delivery_is_forwarded_unmodified_and_retried() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let home = home();
    let asked = AtomicUsize::new(0);
    let server = Server::responding(move |_| {
        let status = [503, 200][asked.fetch_add(1, Ordering::Relaxed).min(1)];
        (status, Vec::new(), String::new())
    });
    let (listener, url) = listen(&home, &["--forward-to", &server.url()]);
    let body = delivery(TOKEN, 5).replace(",", " , ");
    assert_eq!(post(&url, &body), 200);
    assert_eq!(post(&url, &body), 200);
    wait_for(|| server.received().len() == 2);
    let outcome = listener.interrupt();
    assert!(
        !outcome.stderr.contains("not forwarded"),
        "{}",
        outcome.stderr
    );
    outcome.done();
    for received in server.received() {
        assert_eq!(received.body, body);
        assert_eq!(received.header("content-type"), Some("application/json"));
    }
}

#[test]
fn a_failed_forward_is_reported_after_its_retries() {
    let home = home();
    for (status, attempts) in [(500, 2), (404, 1)] {
        let server = Server::answering(status, "");
        let target = format!("{}/hook?token={TOKEN}", server.url());
        let (listener, url) = listen(&home, &["--retries", "1", "--forward-to", &target]);
        assert_eq!(post(&url, &delivery(TOKEN, 6)), 200);
        let line = listener.says("not forwarded");
        assert!(line.contains("message_recieved:6:received"), "{line}");
        assert!(!line.contains(TOKEN), "{line}");
        listener.interrupt().done();
        assert_eq!(server.received().len(), attempts);
    }
}

#[test]
fn queued_deliveries_are_posted_or_counted_at_the_end() {
    let home = home();
    let (listener, url) = listen(&home, &["--forward-to", "http://127.0.0.1:1/"]);
    for id in 10..15 {
        assert_eq!(post(&url, &delivery(TOKEN, id)), 200);
    }
    listener.prints("message_recieved:14:");
    let outcome = listener.interrupt();
    assert!(
        outcome.stderr.contains("5 events were not forwarded"),
        "{}",
        outcome.stderr
    );
    outcome.done();
}

#[test]
fn the_history_comes_first_and_its_events_once() {
    let live = Live::start();
    let home = Home::of(&live).with("HEYMARKET_WEBHOOK_TOKEN", TOKEN);
    let server = Server::answering(200, "");
    let since = live.sandbox().now().to_string();
    let id = live
        .sandbox()
        .inbound(41001, PHONE, "Missed")
        .expect("a message")
        .0;
    let words = ["--since", &since, "--forward-to", &server.url()];
    let (listener, url) = listen(&home, &words);
    let line = listener.prints(&format!("message_recieved:{id}:received"));
    assert!(line.contains("\"source\":\"history\""), "{line}");
    wait_for(|| server.received().len() == 1);
    let forwarded = server.received()[0].json();
    assert_eq!(forwarded["token"], TOKEN);
    assert_eq!(forwarded["event_data"]["id"], id);
    // Told by a webhook after all, it is known.
    assert_eq!(post(&url, &delivery(TOKEN, id)), 200);
    live.tell(&url, TOKEN);
    let next = live
        .sandbox()
        .inbound(41001, PHONE, "Live")
        .expect("a message");
    let line = listener.prints(&format!("message_recieved:{next}:received"));
    assert!(line.contains("\"source\":\"webhook\""), "{line}");
    let outcome = listener.interrupt();
    let key = format!("message_recieved:{id}:received");
    let count = lines(&outcome)
        .iter()
        .filter(|line| line["key"] == *key)
        .count();
    assert_eq!(count, 1);
}

#[test]
fn events_during_sleep_are_caught_up_on() {
    let live = Live::start();
    let home = Home::of(&live).with("HEYMARKET_WEBHOOK_TOKEN", TOKEN);
    let (listener, _) = listen(&home, &[]);
    std::thread::sleep(Duration::from_millis(1500));
    listener.signal("STOP");
    let id = live
        .sandbox()
        .inbound(41001, PHONE, "Asleep")
        .expect("a message");
    std::thread::sleep(Duration::from_secs(6));
    listener.signal("CONT");
    let line = listener.prints(&format!("message_recieved:{id}:received"));
    assert!(line.contains("\"source\":\"history\""), "{line}");
    listener.says("caught up since");
    assert_eq!(listener.interrupt().done().lines().count(), 1);
}

#[test]
fn an_invalid_option_is_refused_before_it_listens() {
    let none = Home::new();
    let home = home();
    for (home, words, code) in [
        (&none, "listen --port 0", 2),
        (&home, "listen --port 0 --since 2026-05-01T00:00:00Z", 4),
        (&home, "listen --port 0 --forward-to example.com", 2),
        (&home, "listen --port 0 --forward-to http://192.0.2.1/", 2),
        (&home, "listen --port 1 --address 192.0.2.1", 1),
        (&none, "trigger chat_closed --to http://127.0.0.1:1/", 2),
        (&home, "trigger chat_closed --to http://127.0.0.1:1/", 1),
        (&home, "trigger chat_closed --to http://192.0.2.1/", 2),
        (&home, "trigger chat_closd --to http://127.0.0.1:1/", 2),
        (
            &home,
            "trigger chat_closed --to http://127.0.0.1:1/ -f x",
            2,
        ),
        (
            &home,
            "trigger chat_closed --to http://127.0.0.1:1/ -f id.x=1",
            2,
        ),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let outcome = home.run(&words);
        assert_eq!(outcome.code, Some(code), "{words:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{words:?}");
    }
}

#[test]
fn a_sample_has_the_fields_that_are_set() {
    let server = Server::answering(204, "");
    let home = home();
    let words = [
        "-F",
        "id=7",
        "-f",
        "status=7",
        "-F",
        "conversation.inbox=42",
        "-F",
        "custom.a.b=[1]",
    ];
    trigger(&home, &server.url(), "message_sent", &words).done();
    let body = server.received()[0].json();
    assert_eq!(
        (&body["type"], &body["token"]),
        (&json!("message_sent"), &json!(TOKEN))
    );
    let data = &body["event_data"];
    assert_eq!((&data["id"], &data["status"]), (&json!(7), &json!("7")));
    assert_eq!(data["conversation"]["inbox"], 42);
    assert_eq!(data["custom"], json!({"a": {"b": [1]}}));
}

fn wait_for(condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_terminal_shows_the_details_of_every_event_type() {
    let variables = [
        ("HOME", "/nonexistent"),
        ("TZ", "UTC"),
        ("HEYMARKET_WEBHOOK_TOKEN", "t"),
        ("HEYMARKET_CONFIG_DIR", "/nonexistent"),
    ];
    let mut terminal = Pty::run_with(&variables, 140, &["listen", "--port=0"]);
    terminal.wait_for("listening on http://");
    let seen = terminal.seen();
    let url = seen.split_once("listening on ").expect("a line").1;
    let url = format!("--url={}", url.lines().next().expect("a URL").trim());
    let home = Home::new().with("HEYMARKET_WEBHOOK_TOKEN", "t");
    let posted = home.run(&["trigger", "all", &url, "--jq=.[].event"]).done();
    assert!(posted.lines().count() >= 13, "{posted}");
    for event in posted.lines() {
        terminal.wait_for(event);
    }
    for detail in [
        "conversation 9920, inbox 41001, closed, assigned to 50001",
        "conversation 9920, inbox 41002, open, unassigned",
        ", received",
        "target_opt_out                id ",
        "incoming_call                 id ",
    ] {
        terminal.wait_for(detail);
    }
    terminal.type_keys("\u{3}");
    let (code, text) = terminal.end();
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("15550100101"), "{text}");
    // The API's misspelled type has a readable alias.
    let alias = [
        "trigger",
        "message_received",
        "--url=http://127.0.0.1:1/",
        "--dry-run",
    ];
    assert!(home.run(&alias).done().contains("message_recieved"));
}
