//! `gateway`.

use std::time::Duration;

use heymarket_sandbox::{Fault, Rule};
use serde_json::{Value, json};

use crate::support::{Home, Live, Running};

pub(crate) const TOKEN: &str = "canary-gateway-token-5d1e";
const PHONE: &str = "15550100101";

/// An answer of the gateway.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) outcome: String,
    pub(crate) body: Value,
}

pub(crate) fn home(live: &Live) -> Home {
    Home::of(live).with("HEYMARKET_GATEWAY_TOKEN", TOKEN)
}

/// A file of the data folder.
fn data(home: &Home, name: &str) -> std::path::PathBuf {
    home.path().join(".local/share/heymarket").join(name)
}

/// A gateway on a free port, and its URL.
pub(crate) fn gateway(home: &Home, words: &[&str]) -> (Running, String) {
    let running = home.begin(&[&["gateway", "--port", "0"], words].concat());
    let line = running.says("listening on ");
    let url = line.trim_start_matches("listening on ");
    let url = url.split(',').next().expect("a URL").to_owned();
    (running, url)
}

/// Sends a message with a key. Returns `None` without an answer.
pub(crate) fn send(url: &str, key: &str, token: &str) -> Option<Reply> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let body = json!({
        "inbox_id": 41001, "creator_id": 50001, "phone_number": PHONE, "text": "canary text",
    });
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build();
        let request = client
            .expect("a client")
            .post(format!("{url}/v1/message/send"));
        let request = request
            .bearer_auth(token)
            .header("idempotency-key", key)
            .body(body.to_string());
        let reply = request.send().await.ok()?;
        let outcome = reply.headers().get("x-heymarket-outcome");
        Some(Reply {
            status: reply.status().as_u16(),
            outcome: outcome?.to_str().ok()?.to_owned(),
            body: serde_json::from_slice(&reply.bytes().await.ok()?).ok()?,
        })
    })
}

#[test]
fn a_killed_gateway_finds_the_message_that_it_sent() {
    let live = Live::start();
    let home = home(&live);
    // The message is sent, and the answer does not arrive before the end.
    let rule = Rule::new(Fault::SlowDrip).operation("send_message").nth(1);
    live.sandbox()
        .add_rule(rule.delay_ms(25_000))
        .expect("a rule");
    let (first, url) = gateway(&home, &[]);
    let waiting = std::thread::spawn(move || send(&url, "order-7", TOKEN).is_none());
    while live.sandbox().sent().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    first.signal("KILL");
    first.end();
    assert!(waiting.join().expect("a thread"));

    let (second, url) = gateway(&home, &[]);
    let found = send(&url, "order-7", TOKEN).expect("an answer");
    assert_eq!((found.status, found.outcome.as_str()), (200, "done"));
    let sent = live.sandbox().sent();
    assert_eq!(found.body["id"], sent[0].id);
    assert_eq!(sent.len(), 1);
    second.signal("TERM");
    assert_eq!(second.end().code, Some(0));
}

#[test]
fn a_key_of_another_server_is_another_request() {
    let (staging, real) = (Live::start(), Live::start());
    let (staging_home, real_home) = (home(&staging), home(&real));
    let ledger = staging_home.path().join("keys.db");
    let ledger = ledger.to_str().expect("a path");
    for (home, status) in [
        (&staging_home, 200),
        (&real_home, 422),
        (&staging_home, 200),
    ] {
        let (gateway, url) = gateway(home, &["--ledger", ledger]);
        let reply = send(&url, "order-7", TOKEN).expect("an answer");
        assert_eq!(reply.status, status);
        assert_eq!(gateway.interrupt().code, Some(0));
    }
    assert_eq!(staging.sandbox().sent().len(), 1);
    assert!(real.sandbox().sent().is_empty());
}

#[test]
fn sigterm_lets_a_request_in_flight_end() {
    let live = Live::start();
    let home = home(&live);
    let rule = Rule::new(Fault::SlowDrip).operation("send_message");
    live.sandbox()
        .add_rule(rule.delay_ms(1_000))
        .expect("a rule");
    let (gateway, url) = gateway(&home, &[]);
    let sending = std::thread::spawn(move || send(&url, "order-7", TOKEN));
    while live.sandbox().sent().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    gateway.signal("TERM");
    let reply = sending.join().expect("a thread").expect("an answer");
    assert_eq!(reply.status, 200);
    let outcome = gateway.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for canary in [TOKEN, PHONE, "canary text", "order-7"] {
        assert!(!outcome.stderr.contains(canary), "{}", outcome.stderr);
    }
    assert!(
        outcome
            .stderr
            .contains(" POST send_message 200 done, 1 attempt")
    );
}

#[test]
fn the_token_is_made_at_the_first_start() {
    let home = Home::new();
    let (first, _) = gateway(&home, &["--sandbox"]);
    let path = data(&home, "gateway-token");
    first.says("the token is in ");
    let token = std::fs::read_to_string(&path).expect("a file");
    let mode = std::fs::metadata(&path).expect("a file").permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    assert_eq!(first.interrupt().code, Some(0));
    let (second, url) = gateway(&home, &["--sandbox", "--read-only"]);
    assert_eq!(
        send(&url, "k", token.trim()).expect("an answer").status,
        403
    );
    assert_eq!(send(&url, "k", TOKEN).expect("an answer").status, 401);
    let said = second.interrupt();
    assert!(
        said.stderr.contains("send_message 403 not-allowed"),
        "{}",
        said.stderr
    );
    assert!(!said.stderr.contains(token.trim()));
    // Nothing was sent for real, so no ledger for it was made.
    assert!(data(&home, "gateway-sandbox.db").exists());
    assert!(!data(&home, "gateway.db").exists());
}

#[test]
fn wrong_settings_say_what_to_do() {
    let home = Home::new();
    for (words, code, part) in [
        (&["--listen", "0.0.0.0"][..], 1, "--behind-proxy"),
        (
            &["--allow", "conversation:read"],
            2,
            "--allow: \"conversation\" is not a resource",
        ),
        (
            &["--recipients", "Ada"],
            2,
            "--recipients: recipient 1 is neither",
        ),
        (&["--recipients", "@missing.txt"], 2, "missing.txt"),
        (&["--keep-keys", "1"], 2, "such as 30s, 5m or 24h"),
        (&["--keep-keys", "1m"], 1, "at least 10 minutes"),
        (&["--read-only", "--allow", "tags:read"], 2, "--allow"),
        (&["--tls-cert", "a.pem"], 2, "--tls-key"),
        (&["--tls-cert", "a.pem", "--tls-key", "b.pem"], 1, "a.pem"),
        (&["--dry-run"], 2, "do not apply"),
    ] {
        let words = [&["gateway", "--sandbox", "--port", "0"], words].concat();
        let outcome = home.run(&words);
        assert_eq!(outcome.code, Some(code), "{words:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(part),
            "{words:?}: {}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("Ada"), "{}", outcome.stderr);
    }
}

#[test]
fn a_gateway_does_not_call_itself() {
    for (server, words) in [
        ("http://127.0.0.1:8787", &[][..]),
        ("http://localhost:8787/", &[]),
        ("http://[::1]:9000", &["--listen", "::1", "--port", "9000"]),
        (
            "http://127.0.0.1:9000",
            &[
                "--listen",
                "0.0.0.0",
                "--port",
                "9000",
                "--behind-proxy",
                "gateway.example.com",
            ],
        ),
        (
            "https://Gateway.example.com",
            &["--behind-proxy", "gateway.example.com"],
        ),
        (
            "https://hooks.example.com",
            &["--host", "hooks.example.com"],
        ),
    ] {
        let home = Home::new()
            .with("HEYMARKET_API_KEY", "canary-key")
            .with("HEYMARKET_BASE_URL", server);
        // A gateway that started in spite of it would end by this one.
        let wrong = ["gateway", "--recipients", "Ada"];
        let outcome = home.run(&[&wrong, words].concat());
        assert_eq!(outcome.code, Some(2), "{server}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("the gateway would call itself"),
            "{server}: {}",
            outcome.stderr
        );
    }
    // Another server on this machine is allowed.
    let live = Live::start();
    let (other, _) = gateway(&home(&live), &[]);
    assert_eq!(other.interrupt().code, Some(0));
}

#[test]
fn a_webhook_is_forwarded_to_a_program() {
    let live = Live::start();
    let home = home(&live).with("HEYMARKET_WEBHOOK_TOKEN", "canary-webhook-token");
    let receiver = crate::support::Server::answering(200, "{}");
    let url = receiver.url();
    let (gateway, own) = gateway(&home, &["--forward-to", &url]);
    live.tell(&format!("{own}/webhooks"), "canary-webhook-token");
    live.sandbox()
        .inbound(41001, PHONE, "canary text")
        .expect("a message");
    gateway.says(" POST webhooks 200 done");
    while receiver.received().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let outcome = gateway.interrupt();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
}
