//! What a call costs: the client with everything on, against hand-written
//! reqwest and serde_json with the same types, in one run.
//!
//! `cargo bench -p heymarket-tests --bench call` measures and prints a table;
//! without cargo's `--bench` it makes a few calls and prints nothing. The
//! server is this program again, in a process of its own, so that allocations
//! are the client's alone.

use std::alloc::System;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use heymarket_api::{Client, Credentials, RateLimit, types};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Runtime;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SERVE: &str = "--serve";
const PINNED: &str = "--pinned";
const WARM_UP: usize = 500;
const ROUNDS: usize = 20_000;

fn main() {
    let has = |argument: &str| std::env::args().any(|given| given == argument);
    if has(SERVE) {
        serve();
        return;
    }
    let is_measuring = has("--bench") && !has("--test");
    if is_measuring && !has(PINNED) && run_pinned() {
        return;
    }
    let (warm_up, rounds) = if is_measuring {
        (WARM_UP, ROUNDS)
    } else {
        (0, 1)
    };
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let ours = Ours::new(&server.url);
    let theirs = HandWritten::new(&server.url);
    let (mut our_costs, mut their_costs) = (Costs::default(), Costs::default());
    for round in 0..warm_up + rounds {
        // Whoever comes second finds the processor as the first left it.
        let (our, their) = if round % 2 == 0 {
            let our = measure(&runtime, || ours.call());
            (our, measure(&runtime, || theirs.call()))
        } else {
            let their = measure(&runtime, || theirs.call());
            (measure(&runtime, || ours.call()), their)
        };
        if round >= warm_up {
            our_costs.calls.push(our);
            their_costs.calls.push(their);
        }
    }
    if is_measuring {
        print(&our_costs, &their_costs);
    }
}

/// Runs this program again on one processor, with the server on another: where
/// the two happen to be decides more than anything else. Gives whether it did.
fn run_pinned() -> bool {
    let program = std::env::current_exe().expect("this program");
    let status = Command::new("taskset")
        .args(["-c", "0"])
        .arg(program)
        .args(["--bench", PINNED])
        .status();
    status.is_ok_and(|status| status.success())
}

/// The client with everything on; its limit is out of the way.
struct Ours(Client);

impl Ours {
    fn new(url: &str) -> Self {
        let client = Client::builder(Credentials::api_secret("id", "key"))
            .base_url(url)
            .rate_limit(RateLimit::per_minute(10_000_000))
            .build()
            .expect("a client");
        Self(client)
    }

    async fn call(&self) -> i64 {
        self.0.get_conversation(9920).await.expect("an answer").id
    }
}

/// What one writes by hand, without a limit, retries, spans or a ledger.
struct HandWritten {
    http: reqwest::Client,
    url: String,
}

impl HandWritten {
    fn new(url: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
        }
    }

    async fn call(&self) -> i64 {
        let url = format!("{}/v1/conversations/{}", self.url, 9920);
        let response = self
            .http
            .get(url)
            .bearer_auth(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJpZCIsImlhdCI6MH0.invented",
            )
            .header("accept", "application/json")
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .expect("an answer");
        let body = response.bytes().await.expect("a body");
        let conversation: types::Conversation = serde_json::from_slice(&body).expect("JSON");
        conversation.id
    }
}

/// What a call cost.
struct Cost {
    time: Duration,
    allocations: usize,
    bytes: usize,
}

fn measure<F: Future<Output = i64>>(runtime: &Runtime, call: impl Fn() -> F) -> Cost {
    runtime.block_on(async {
        let region = Region::new(GLOBAL);
        let start = Instant::now();
        black_box(call().await);
        let time = start.elapsed();
        let change = region.change();
        Cost {
            time,
            allocations: change.allocations,
            bytes: change.bytes_allocated,
        }
    })
}

#[derive(Default)]
struct Costs {
    calls: Vec<Cost>,
}

impl Costs {
    fn median(&self, of: impl Fn(&Cost) -> f64) -> f64 {
        let mut values: Vec<f64> = self.calls.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the table is what the benchmark is for"
)]
fn print(ours: &Costs, theirs: &Costs) {
    let calls = ours.calls.len();
    println!("One conversation over loopback, in turns; {calls} calls of each way");
    println!(
        "{:<14}{:>14}{:>14}{:>14}",
        "", "client", "by hand", "client/hand"
    );
    type Figure = (&'static str, fn(&Cost) -> f64);
    let figures: [Figure; 3] = [
        ("median us", |cost| cost.time.as_secs_f64() * 1e6),
        ("allocations", |cost| cost.allocations as f64),
        ("bytes", |cost| cost.bytes as f64),
    ];
    for (name, of) in figures {
        let (our, their) = (ours.median(of), theirs.median(of));
        println!("{name:<14}{our:>14.1}{their:>14.1}{:>14.2}", our / their);
    }
    println!("cargo bench -p heymarket-tests --bench call");
}

/// The server, in a process of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let is_pinned = std::env::args().any(|given| given == PINNED);
        let mut command = if is_pinned {
            let mut command = Command::new("taskset");
            command.args(["-c", "1"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let mut process = command
            .arg(SERVE)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = process.stdout.take().expect("its output");
        let mut address = String::new();
        BufReader::new(output)
            .read_line(&mut address)
            .expect("its address");
        Self {
            process,
            url: format!("http://{}", address.trim()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::print_stdout, reason = "so the parent learns the address")]
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(stream));
    }
}

const BODY: &str = r#"{"id":9920,"channel":"sms","status":"open","assigned":50001,"inbox":41001,"target":"15550100101","created":"2026-05-01T09:00:00.5Z","updated":"2026-05-07T12:00:00.021462Z","read":0,"replied":false,"blocked":false,"muted":false,"email_noti":false,"local_id":"c0c0a0a0-0000-4000-8000-000000000001","super":0,"unread":true,"unread_users":[50001]}"#;

fn answer(mut stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: request-1\r\n\
         content-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let _ = stream.set_nodelay(true);
    let mut received = [0; 4096];
    let mut length = 0;
    while let Ok(read) = stream.read(&mut received[length..]) {
        if read == 0 {
            return;
        }
        length += read;
        // The requests of this benchmark have no body.
        if received[..length].ends_with(b"\r\n\r\n") {
            length = 0;
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
