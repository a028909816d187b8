//! A gateway in front of a sandbox, requests to it, and a server that records bytes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use heymarket_api::reqwest;
use heymarket_api::{Client, Credentials};
use heymarket_gateway::{Gateway, GatewayBuilder, Token};
use heymarket_sandbox::{Deduplication, Sandbox};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TOKEN: &str = "canary-gateway-token-5d1e";
pub(crate) const PHONE: &str = "15550100101";
/// A conversation of the sandbox's demo data.
pub(crate) const CONVERSATION: i64 = 9920;

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway, what is behind it, and its log.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) log: Log,
}

/// The lines of a log.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(change: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Self {
        // An API that does not know keys sends what the gateway repeats.
        let sandbox = Sandbox::builder()
            .rate_limit(None)
            .deduplication(Deduplication::None);
        let sandbox = sandbox.start().await.expect("a sandbox");
        let client = sandbox.client();
        Self::of(sandbox, client, change).await
    }

    pub(crate) async fn of(
        sandbox: Sandbox,
        client: Client,
        change: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (builder, log) = builder(client);
        let builder = builder.ledger(folder.path().join("gateway.db"));
        let gateway = start(change(builder)).await;
        Self {
            sandbox,
            gateway,
            folder,
            log,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        request(&self.gateway, Method::GET, path, "", &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_with(path, &body.to_string(), &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        request(&self.gateway, Method::POST, path, body, headers).await
    }

    /// Sends a message with a key.
    pub(crate) async fn send(&self, key: &str, text: &str) -> Reply {
        let headers = [("idempotency-key", key)];
        self.post_with("/v1/message/send", &message(text).to_string(), &headers)
            .await
    }

    /// Returns the texts of the messages that the API sent.
    pub(crate) fn sent(&self) -> Vec<String> {
        let sent = self.sandbox.sent();
        sent.iter().map(|message| message.text.clone()).collect()
    }

    /// Writes bytes to the gateway, and reads until it closes the connection.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // A connection that is refused may be closed already.
        let _ = stream.write_all(bytes.as_ref()).await;
        read_to_end(&mut stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.gateway.address()).await;
        stream.expect("a connection")
    }

    /// Waits for a line of the log that has a text.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let lines = self.log.lock().expect("the log").clone();
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(start.elapsed() < PATIENCE, "no {text} in {lines:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A builder with a token and a log.
pub(crate) fn builder(client: Client) -> (GatewayBuilder, Log) {
    let log = Log::default();
    let lines = Arc::clone(&log);
    let token = Token::new(TOKEN).expect("a token");
    let builder = Gateway::builder(client, token).on_request(move |report| {
        lines.lock().expect("the log").push(report.to_string());
    });
    (builder, log)
}

pub(crate) async fn start(builder: GatewayBuilder) -> Gateway {
    let address = "127.0.0.1:0".parse().expect("an address");
    builder.start(address).await.expect("a gateway")
}

/// A client of a server that is not the sandbox.
pub(crate) fn client_of(url: &str) -> Client {
    let client = Client::builder(Credentials::api_key("canary-api-key"))
        .base_url(url)
        .timeout(Duration::from_secs(5));
    client.build().expect("a client")
}

pub(crate) fn message(text: &str) -> Value {
    json!({"inbox_id": 41001, "creator_id": 50001, "phone_number": PHONE, "text": text})
}

/// An answer of the gateway.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn outcome(&self) -> &str {
        self.header("x-heymarket-outcome").expect("an outcome")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Returns the code of a problem.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["outcome"], self.outcome());
        body["code"].as_str().expect("a code").to_owned()
    }
}

/// Sends a request with the token.
pub(crate) async fn request(
    gateway: &Gateway,
    method: Method,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("an HTTP client");
    let mut request = client
        .request(method, format!("{}{path}", gateway.url()))
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send().await.expect("an answer");
    let headers = std::mem::take(response.headers_mut());
    Reply {
        status: response.status().as_u16(),
        headers,
        body: response.bytes().await.expect("a body").to_vec(),
    }
}

/// Reads until the connection is closed, or nothing more comes.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection may be reset after the answer.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

/// A request with the token, as bytes.
pub(crate) fn bytes_of(line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

/// A server that answers each request with the same bytes, and records what it receives.
pub(crate) struct Upstream {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Upstream {
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&received), answer.into());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                tokio::spawn(async move {
                    let request = read_request(&mut stream).await;
                    kept.lock().expect("the requests").push(request);
                    let _ = stream.write_all(&answer).await;
                });
            }
        });
        Self {
            url,
            received,
            task,
        }
    }

    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().expect("the requests").clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads a request with a Content-Length, or none.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.parse::<usize>().expect("a length"))
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}
