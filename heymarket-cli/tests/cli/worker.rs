//! `heymarket bulk worker`: several at once, stopped, and watched.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use heymarket_sandbox::{Deduplication, Fault, Rule, Sandbox};
use serde_json::Value;

use crate::support::{Home, Live, Pty, Running};

fn live() -> Live {
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(20);
    Live::of(
        Sandbox::builder()
            .rate_limit(None)
            .deduplication(Deduplication::None)
            .rule(slow),
    )
}

fn plan(home: &Home, count: usize) {
    let mut csv = "phone\n".to_owned();
    for index in 0..count {
        csv.push_str(&format!("1555010{index:04}\n"));
    }
    std::fs::write(home.path().join("people.csv"), csv).expect("a file");
    let plan = "bulk plan people.csv --batch july --inbox Support --as robin@example.com --text Hi";
    let words: Vec<&str> = plan.split(' ').collect();
    home.run(&words).done();
}

fn wait_for(home: &Home, count: u64) {
    let start = Instant::now();
    loop {
        let status = home.run(&["bulk", "status", "july", "--json"]).done();
        let json: Value = serde_json::from_str(&status).expect("JSON");
        if json["states"]["sent"].as_u64() >= Some(count) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{status}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The status and the body of a GET request.
fn get(worker: &Running, path: &str) -> (String, String) {
    let line = worker.says("health and metrics at http://");
    let address = line.rsplit("http://").next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    let (head, body) = response.split_once("\r\n\r\n").expect("a response");
    let status = head.split(' ').nth(1).expect("a status");
    (status.to_owned(), body.to_owned())
}

#[test]
fn a_worker_sends_what_is_planned_until_it_is_stopped() {
    let live = live();
    let home = Home::of(&live);
    let worker = home.begin(&["bulk", "worker", "--health", "127.0.0.1:0"]);
    let (status, body) = get(&worker, "/health");
    assert_eq!((&*status, &*body), ("200", r#"{"status":"ok"}"#));
    plan(&home, 30);
    wait_for(&home, 30);
    let (_, metrics) = get(&worker, "/metrics");
    for line in [
        "heymarket_outbox_sent_total 30",
        "heymarket_outbox_queue_size 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{metrics}");
    }
    worker.signal("TERM");
    let outcome = worker.end();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("requests in flight are answered"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn workers_of_a_database_share_a_batch_and_its_end() {
    let Some(database) = heymarket_test_services::postgres() else {
        return;
    };
    let live = live();
    let home = Home::of(&live).with("HEYMARKET_OUTBOX", &database.url());
    plan(&home, 150);
    let first = home.begin(&["bulk", "worker"]);
    let second = home.begin(&["bulk", "worker", "--health", "127.0.0.1:0"]);
    assert_eq!(get(&second, "/health").0, "200");
    wait_for(&home, 20);
    // What is in flight ends, and the other one goes on.
    first.signal("TERM");
    assert_eq!(first.end().code, Some(0));
    wait_for(&home, 150);
    assert_eq!(second.interrupt().code, Some(0));
    assert_eq!(live.sandbox().sent().len(), 150);
}

#[test]
fn a_password_of_a_database_is_never_shown() {
    let home = Home::new();
    let url = "postgres://robin:canary@127.0.0.1:1/texts";
    let outcome = home.run(&["bulk", "status", "--database", url]);
    assert_ne!(outcome.code, Some(0));
    let text = outcome.stderr;
    assert!(
        text.contains("the database \"texts\" at 127.0.0.1:1"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn a_long_wait_for_the_rate_limit_is_said_on_a_terminal() {
    let live = live();
    let home = Home::of(&live);
    plan(&home, 3);
    let data = home.path().join(".local/share/heymarket/outbox.db");
    let (data, url) = (data.to_str().expect("a path"), live.url().to_owned());
    let variables = [
        ("HEYMARKET_API_SECRET_ID", heymarket_sandbox::SECRET_ID),
        ("HEYMARKET_API_SECRET_KEY", heymarket_sandbox::SECRET_KEY),
        ("HEYMARKET_BASE_URL", &url),
        ("HEYMARKET_OUTBOX", data),
    ];
    let words = ["bulk", "worker", "--requests-per-minute", "1"];
    let mut terminal = Pty::run_with(&variables, 100, &words);
    terminal.wait_for("waiting for the rate limit");
    terminal.type_keys("\u{3}");
    terminal.wait_for("stopping");
    terminal.type_keys("\u{3}");
    terminal.end();
}
