//! The server: a thread for each connection, and prepared responses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use heymarket_benches::items;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) const SERVE: &str = "--serve";

/// The number of items in the list that is walked.
pub(crate) const WALKED: i64 = 1_000_000;

/// The server, in a process of its own.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg(SERVE)
            .stdin(Stdio::piped())
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

/// Pins this process to a processor. Returns whether that worked.
#[cfg(target_os = "linux")]
pub(crate) fn pin(processor: usize) -> bool {
    let mut set = nix::sched::CpuSet::new();
    let this = nix::unistd::Pid::from_raw(0);
    set.set(processor).is_ok() && nix::sched::sched_setaffinity(this, &set).is_ok()
}

/// Pins this process to a processor. Returns whether that worked.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_processor: usize) -> bool {
    false
}

#[expect(clippy::print_stdout, reason = "the parent reads the address")]
pub(crate) fn serve() {
    pin(1);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    // The server ends with its parent, even if the parent is killed.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let responses = Arc::new(Responses::new());
    for stream in listener.incoming().flatten() {
        let responses = Arc::clone(&responses);
        std::thread::spawn(move || converse(stream, &responses));
    }
}

fn converse(mut stream: TcpStream, responses: &Responses) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut received = Vec::with_capacity(4096);
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        received.extend_from_slice(&chunk[..read]);
        let Some(end) = received.windows(4).position(|at| at == b"\r\n\r\n") else {
            continue;
        };
        let body = end + 4;
        if received.len() < body + content_length(&received[..end]) {
            continue;
        }
        responses.write(&received[..end], &received[body..], &mut stream)?;
        received.clear();
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    head.split(|byte| *byte == b'\n')
        .find(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME))
        .and_then(|line| std::str::from_utf8(&line[NAME.len()..]).ok())
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or_default()
}

struct Responses {
    conversation: Vec<u8>,
    page: Vec<u8>,
    sent: Vec<u8>,
}

impl Responses {
    fn new() -> Self {
        let conversation = items::conversation(1).to_string();
        let sent = json!({
            "id": 700_100_201, "convo_id": 90_010_011, "queued": true,
            "date": "2026-05-07T12:00:00.021462Z", "compliance_results": {},
        });
        Self {
            conversation: response(conversation.as_bytes()),
            page: response(&items::page(items::conversation)),
            sent: response(sent.to_string().as_bytes()),
        }
    }

    fn write(&self, head: &[u8], body: &[u8], stream: &mut TcpStream) -> Option<()> {
        let walked;
        let response = if head.starts_with(b"GET /v1/conversations/") {
            &self.conversation
        } else if head.starts_with(b"POST /v1/conversations ") {
            &self.page
        } else if head.starts_with(b"POST /v1/message/send ") {
            &self.sent
        } else if head.starts_with(b"POST /v1/contacts ") {
            walked = response(&walked_page(&serde_json::from_slice(body).ok()?)?);
            &walked
        } else {
            return None;
        };
        stream.write_all(response).ok()
    }
}

fn response(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: request-1\r\n\
         date: Thu, 07 May 2026 12:00:00 GMT\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Returns a page of contacts, the latest first and a second apart.
fn walked_page(request: &Value) -> Option<Vec<u8>> {
    let newest: Timestamp = "2026-05-07T12:00:00Z".parse().ok()?;
    let first = match request["date"].as_str() {
        None => 0,
        Some(date) => {
            let age = newest.duration_since(date.parse().ok()?);
            // The cursor itself is not in the page.
            age.as_millis().div_euclid(1000) as i64 + 1
        }
    };
    let limit = request["limit"].as_i64().unwrap_or(30);
    let contacts = (first..(first + limit).min(WALKED)).map(|n| {
        let mut contact = items::contact(usize::try_from(n).unwrap_or_default());
        contact["updated"] = json!((newest - SignedDuration::from_secs(n)).to_string());
        contact
    });
    serde_json::to_vec(&contacts.collect::<Vec<_>>()).ok()
}
