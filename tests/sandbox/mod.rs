//! The sandbox end to end: through the generated client, and over plain HTTP.

mod bad_input;
mod bodies;
mod browser;
mod contacts;
mod control;
mod conversations;
mod cost;
mod faults;
mod journal;
mod lists_and_templates;

mod paging;
mod protocol;
mod schedules;
mod sends;
mod slow;
mod state_file;
mod walks;
mod web_pages;
mod webhooks;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use heymarket_api::types::{ConversationId, InboxId, MemberId};
use heymarket_api::{Client, ClientBuilder, RateLimit};
use heymarket_sandbox::{API_KEY, Dialect, Sandbox, SandboxBuilder};
use http::HeaderMap;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::ImpatientClock;

/// Inboxes and their members in the demo data.
const SUPPORT: InboxId = InboxId(41001);
const ORDERS: InboxId = InboxId(41002);
const TOLL_FREE: InboxId = InboxId(41003);
const OWNER: MemberId = MemberId(50001);
const AGENT_OF_BOTH: MemberId = MemberId(50003);
const AGENT_OF_ORDERS: MemberId = MemberId(50004);

/// The first conversation of the demo data, in `SUPPORT`.
const CUSTOMER: &str = "15550100101";
const CONVERSATION: ConversationId = ConversationId(9920);

/// A number that the demo data does not have.
const STRANGER: &str = "15550107777";

const DIALECTS: [Dialect; 3] = [Dialect::Observed, Dialect::Documented, Dialect::Mixed];

/// Returns a builder with demo data and no rate limit.
fn sandbox() -> SandboxBuilder {
    Sandbox::builder().rate_limit(None)
}

/// Returns a builder for a client without a rate limit, whose waits take no
/// time.
fn builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder(sandbox.credentials())
        .base_url(sandbox.url())
        .rate_limit(RateLimit::off())
        .clock(ImpatientClock::default())
        .random_seed(1)
}

fn client(sandbox: &Sandbox) -> Client {
    builder(sandbox).build().expect("a client")
}

/// Runs a test in each dialect.
async fn in_each_dialect(test: impl AsyncFn(&Sandbox, &Client)) {
    for dialect in DIALECTS {
        let sandbox = sandbox().dialect(dialect).start().await.expect("a sandbox");
        test(&sandbox, &client(&sandbox)).await;
    }
}

/// A response, read without the client.
#[derive(Debug)]
struct Response {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the message of an error.
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// A request over plain HTTP, with the team's API key by default.
struct Request {
    request: reqwest::RequestBuilder,
}

/// It pools no connections, since each test has its own runtime.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0);
    builder.build().expect("a client")
});

/// Starts a request from a line such as `GET /v1/inboxes`.
fn call(sandbox: &Sandbox, line: &str) -> Request {
    call_at(sandbox.url(), line)
}

fn call_at(url: &str, line: &str) -> Request {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let method = method.parse().expect("a method");
    Request {
        request: CLIENT.request(method, format!("{url}{path}")),
    }
    .header("authorization", &format!("Bearer {API_KEY}"))
}

impl Request {
    /// Sets a header.
    fn header(mut self, name: &str, value: &str) -> Self {
        let name: http::HeaderName = name.parse().expect("a name");
        let value = value.parse().expect("a value");
        let headers = HeaderMap::from_iter([(name, value)]);
        self.request = self.request.headers(headers);
        self
    }

    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .bytes(body.to_string())
    }

    fn bytes(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    async fn send(self) -> Response {
        let response = self.request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        let text = || Value::from(String::from_utf8_lossy(&bytes).into_owned());
        Response {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()),
        }
    }
}

/// Sends bytes, and returns everything received until the sandbox closes the
/// connection.
async fn exchange(sandbox: &Sandbox, request: &str) -> String {
    let mut stream = connect(sandbox).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

async fn connect(sandbox: &Sandbox) -> TcpStream {
    let address = sandbox.url().trim_start_matches("http://");
    TcpStream::connect(address).await.expect("a connection")
}

/// Returns the stored records of a kind, by ID.
fn remembered(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    let state = sandbox.state().expect("the state");
    let records = state["store"][kind].as_array().expect(kind);
    records.clone()
}

/// Returns the stored messages with a text.
fn messages_that_say(sandbox: &Sandbox, text: &str) -> Vec<Value> {
    let mut messages = remembered(sandbox, "messages");
    messages.retain(|message| message["text"] == text);
    messages
}

/// Waits for a condition, up to 20 seconds.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
