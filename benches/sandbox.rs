//! Measures the sandbox: `cargo bench -p heymarket-benches --bench sandbox`.
//!
//! First, requests a second and memory while 100,000 messages go to 10,000
//! conversations, over HTTP with every check. Then the time of a page of
//! conversations among 1,000 and among 100,000, in alternation. Then requests a
//! second with the journal and without, in alternation, and memory after a million
//! requests with the journal.

#![expect(
    clippy::print_stdout,
    reason = "the result of a benchmark is its output"
)]

use std::time::{Duration, Instant};

use heymarket_sandbox::{API_KEY, Sandbox};
use serde_json::{Value, json};

const MESSAGES: usize = 100_000;
const CONVERSATIONS: usize = 10_000;
const CONNECTIONS: usize = 16;
const PAGES: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parts: Vec<_> = std::env::args().skip(1).collect();
    let is_wanted = |part| {
        parts
            .iter()
            .all(|named| named.starts_with('-') || named == part)
    };
    if is_wanted("send") {
        send().await?;
    }
    if is_wanted("list") {
        list().await?;
    }
    if is_wanted("journal") {
        journal().await?;
    }
    if is_wanted("million") {
        million().await?;
    }
    Ok(())
}

/// Rounds of the journal, and the requests of each.
const ROUNDS: usize = 10;
const ROUND: usize = 10_000;

/// Compares requests a second with the journal and without.
async fn journal() -> Result<(), Box<dyn std::error::Error>> {
    let with = empty().await?;
    let without = Sandbox::builder().empty().rate_limit(None).journal(0);
    let without = without.start().await?;
    let mut rates = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (sandbox, rates) in [&with, &without].into_iter().zip(&mut rates) {
            let start = Instant::now();
            requests(sandbox, ROUND).await?;
            rates.push(ROUND as f64 / start.elapsed().as_secs_f64());
        }
    }
    let [with, without] = rates.each_mut().map(|rates| {
        rates.sort_by(f64::total_cmp);
        rates[ROUNDS / 2]
    });
    println!(
        "{with:.0} sends a second with the journal, {without:.0} without, {:.2} times",
        with / without
    );
    Ok(())
}

/// Measures the memory that a million requests leave in the journal.
async fn million() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = empty().await?;
    requests(&sandbox, 10_000).await?;
    let before = resident_kib();
    for _ in 0..99 {
        reads(&sandbox, 10_000).await?;
    }
    let after = resident_kib();
    println!(
        "{} MiB before and {} MiB after 990,000 further requests, {} in the journal",
        before / 1024,
        after / 1024,
        sandbox.requests().len()
    );
    Ok(())
}

/// Sends messages to one conversation for each connection.
async fn requests(sandbox: &Sandbox, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let body = |task: usize| {
        json!({
            "inbox_id": 41001, "creator_id": 50001, "phone_number": phone(task),
            "text": "Your order is ready, come and get it.",
        })
    };
    on_connections(sandbox, "/v1/message/send", count, body).await
}

/// Reads a page of conversations.
async fn reads(sandbox: &Sandbox, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let body = |_| json!({"id": 0, "filters": {"inboxes": [41001]}});
    on_connections(sandbox, "/v1/conversations", count, body).await
}

async fn on_connections(
    sandbox: &Sandbox,
    path: &str,
    count: usize,
    body: impl Fn(usize) -> Value,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut tasks = Vec::new();
    for task in 0..CONNECTIONS {
        let url = format!("{}{path}", sandbox.url());
        let client = reqwest::Client::builder().no_proxy().build()?;
        let body = body(task);
        tasks.push(tokio::spawn(async move {
            for _ in (task..count).step_by(CONNECTIONS) {
                post(&client, &url, &body).await;
            }
        }));
    }
    for task in tasks {
        task.await?;
    }
    Ok(())
}

async fn empty() -> Result<Sandbox, heymarket_sandbox::Error> {
    Sandbox::builder().empty().rate_limit(None).start().await
}

fn phone(index: usize) -> String {
    format!("1555010{index:06}")
}

async fn send() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = empty().await?;
    let before = resident_kib();
    let start = Instant::now();
    let mut tasks = Vec::new();
    for task in 0..CONNECTIONS {
        let url = format!("{}/v1/message/send", sandbox.url());
        let client = reqwest::Client::builder().no_proxy().build()?;
        tasks.push(tokio::spawn(async move {
            for index in (task..MESSAGES).step_by(CONNECTIONS) {
                let message = json!({
                    "inbox_id": 41001,
                    "creator_id": 50001,
                    "phone_number": phone(index % CONVERSATIONS),
                    "text": "Your order is ready, come and get it.",
                    "local_id": format!("message-{index}"),
                });
                post(&client, &url, &message).await;
            }
        }));
    }
    for task in tasks {
        task.await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let count = heymarket_api::types::CountTeamMessages::new();
    let count = sandbox.client().count_team_messages(&count).await?;
    println!("{MESSAGES} sends to {CONVERSATIONS} conversations, {CONNECTIONS} connections:");
    println!(
        "  {:.0} requests a second, client and server on one machine",
        MESSAGES as f64 / seconds
    );
    println!("  {:?} messages stored", count.into_inner());
    let grown = resident_kib().saturating_sub(before);
    println!(
        "  {} MiB more, {} bytes a message",
        grown / 1024,
        grown * 1024 / MESSAGES
    );
    Ok(())
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Vec<u8> {
    let request = client
        .post(url)
        .bearer_auth(API_KEY)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let bytes = answer.bytes().await.expect("a body").to_vec();
    assert!(status.is_success(), "{status}");
    bytes
}

/// Returns the resident memory of this process in KiB; 0 where it is unknown.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    size.unwrap_or(0)
}

async fn list() -> Result<(), Box<dyn std::error::Error>> {
    let sizes = [1_000, 100_000];
    let mut sandboxes = Vec::new();
    for size in sizes {
        let sandbox = empty().await?;
        for index in 0..size {
            sandbox.inbound(41001, &phone(index), "Is my order ready?")?;
        }
        let middle = conversations(&sandbox, &json!({})).await.1;
        sandboxes.push((sandbox, middle));
    }
    for (name, filters) in [
        ("the newest", json!({"inboxes": [41001]})),
        (
            "open and unread",
            json!({"inboxes": [41001, 41002], "closed": false, "unread": true}),
        ),
    ] {
        let mut times = [const { Vec::new() }; 2];
        for _ in 0..PAGES {
            for ((sandbox, _), times) in sandboxes.iter().zip(&mut times) {
                times.push(
                    conversations(sandbox, &json!({ "filters": filters }))
                        .await
                        .0,
                );
            }
        }
        report(name, &mut times);
    }
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..PAGES {
        for ((sandbox, date), times) in sandboxes.iter().zip(&mut times) {
            times.push(conversations(sandbox, &json!({ "date": date })).await.0);
        }
    }
    report("the second", &mut times);
    Ok(())
}

fn report(name: &str, times: &mut [Vec<Duration>; 2]) {
    let [small, large] = times.each_mut().map(|times| {
        times.sort();
        times[times.len() / 2]
    });
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    println!(
        "a page of 30, {name}: {small:?} among 1,000, {large:?} among 100,000, {ratio:.2} times"
    );
}

/// Returns the time that a page takes, and the `updated` of its last item.
async fn conversations(sandbox: &Sandbox, request: &Value) -> (Duration, Value) {
    thread_local! {
        static CLIENT: reqwest::Client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
    }
    let client = CLIENT.with(reqwest::Client::clone);
    let url = format!("{}/v1/conversations", sandbox.url());
    let mut body = json!({"id": 0, "filters": {"inboxes": [41001]}});
    for (name, value) in request.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let start = Instant::now();
    let answer = post(&client, &url, &body).await;
    let time = start.elapsed();
    let page: Vec<Value> = serde_json::from_slice(&answer).expect("a page");
    assert_eq!(page.len(), 30);
    (time, page[29]["updated"].clone())
}
