//! A server that fails by a script, and counts the requests it acted on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Closes the connection, and does not act on the request.
    CloseUnread,
    /// Acts on it, and closes the connection without an answer.
    CloseAfterRequest,
    HalfHeader,
    HalfBody,
    /// Announces more than it sends.
    WrongContentLength,
    /// Acts on it, and answers after every timeout.
    StallBeforeHeaders,
    StallInBody,
    /// Acts on it, and answers with bytes that are not HTTP.
    Garbage,
    /// Acts on it, and answers with a web page and a 200.
    Html,
    /// Acts on it if it is a 5xx, a 302 or a 303, and refuses it otherwise.
    Status(u16),
    /// Refuses it with a 429 whose body does not end.
    EndlessRefusal,
}

/// A request that the server read, whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
    /// Whether the server acted on it.
    pub(crate) is_processed: bool,
}

/// A server over plain TCP that fails by a script and counts the requests that it
/// acted on. Each request belongs to a run: the first number in its path, query or
/// body. The faults of a run apply one after the other; later requests succeed.
#[derive(Clone)]
pub(crate) struct ScriptedServer {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    scripts: BTreeMap<i64, VecDeque<Fault>>,
    requests: BTreeMap<i64, Vec<Request>>,
    headers: String,
    connections: Connections,
}

/// The number of connections, and how many of them the client has not closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connections {
    pub(crate) accepted: usize,
    pub(crate) open: usize,
}

/// Longer than the timeout of every test.
const STALL: Duration = Duration::from_secs(600);

impl ScriptedServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::on(listener)
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("an address");
        let server = Self {
            url: format!("http://{address}"),
            state: Arc::default(),
        };
        let state = Arc::clone(&server.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                state.lock().expect("the state").connections.accepted += 1;
                state.lock().expect("the state").connections.open += 1;
                tokio::spawn(async move {
                    // A client that gives up closes the connection.
                    let _ = serve(stream, &state).await;
                    state.lock().expect("the state").connections.open -= 1;
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn script(&self, run: i64, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.state.lock().expect("the state");
        state.scripts.insert(run, faults.into_iter().collect());
    }

    /// Adds header lines to every answer.
    pub(crate) fn with_headers(&self, lines: &str) {
        self.state.lock().expect("the state").headers = lines.to_owned();
    }

    pub(crate) fn connections(&self) -> Connections {
        self.state.lock().expect("the state").connections
    }

    pub(crate) fn requests(&self, run: i64) -> Vec<Request> {
        let state = self.state.lock().expect("the state");
        state.requests.get(&run).cloned().unwrap_or_default()
    }

    /// Returns how many requests of a run the server acted on.
    pub(crate) fn processed(&self, run: i64) -> usize {
        let requests = self.requests(run);
        requests
            .iter()
            .filter(|request| request.is_processed)
            .count()
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut received = Vec::new();
    while let Some((head, body)) = read(&mut stream, &mut received).await? {
        let request = parse(&head, &body);
        let run = run_of(&request);
        let (fault, headers) = {
            let mut state = state.lock().expect("the state");
            let fault = state.scripts.entry(run).or_default().pop_front();
            let is_processed = match fault {
                None => true,
                Some(Fault::CloseUnread | Fault::EndlessRefusal) => false,
                Some(Fault::Status(status)) => status >= 500 || matches!(status, 302 | 303),
                Some(_) => true,
            };
            let request = Request {
                is_processed,
                ..request.clone()
            };
            state.requests.entry(run).or_default().push(request);
            (fault, state.headers.clone())
        };
        let answer = answer(&request);
        match fault {
            None => send(&mut stream, 200, &headers, &answer).await?,
            Some(Fault::Html) => {
                send(&mut stream, 200, &headers, "<html>please log in</html>").await?;
            }
            Some(Fault::Status(status)) => {
                send(&mut stream, status, &headers, r#"{"message":"scripted"}"#).await?;
            }
            Some(Fault::EndlessRefusal) => {
                let head =
                    format!("HTTP/1.1 429 Scripted\r\n{headers}content-length: 100\r\n\r\n{{");
                stream.write_all(head.as_bytes()).await?;
                tokio::time::sleep(STALL).await;
            }
            Some(fault) => return break_off(stream, fault, &answer).await,
        }
    }
    Ok(())
}

/// Reads the head and the body of the next request; `None` at the end.
async fn read(
    stream: &mut TcpStream,
    received: &mut Vec<u8>,
) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let end = loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or(0);
    while received.len() < end + length {
        if stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    }
    let body = received[end..end + length].to_vec();
    received.drain(..end + length);
    Ok(Some((head, body)))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn parse(head: &str, body: &[u8]) -> Request {
    Request {
        line: head.lines().next().unwrap_or_default().to_owned(),
        authorization: header(head, "authorization").unwrap_or_default().to_owned(),
        body: serde_json::from_slice(body).unwrap_or_default(),
        is_processed: false,
    }
}

/// Returns the number of the run: an inbox's ID in a body or a query, else the ID
/// in the path.
fn run_of(request: &Request) -> i64 {
    let of_body = ["inbox_id", "inbox", "conversation_id"]
        .iter()
        .find_map(|member| request.body.get(member)?.as_i64());
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let of_path = path
        .split(['/', '=', '&', '?'])
        .find_map(|part| part.parse().ok());
    of_body.or(of_path).unwrap_or(0)
}

fn answer(request: &Request) -> String {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    if path.contains("/send") {
        r#"{"id":700100201}"#.to_owned()
    } else if path.starts_with("/v1/conversations/") && request.line.starts_with("GET") {
        r#"{"id":9920}"#.to_owned()
    } else {
        "\"ok\"".to_owned()
    }
}

async fn send(
    stream: &mut TcpStream,
    status: u16,
    headers: &str,
    body: &str,
) -> std::io::Result<()> {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n{headers}\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await
}

async fn break_off(mut stream: TcpStream, fault: Fault, answer: &str) -> std::io::Result<()> {
    let length = answer.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    match fault {
        Fault::HalfHeader => stream.write_all(&head.as_bytes()[..head.len() / 2]).await?,
        Fault::HalfBody | Fault::StallInBody => {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&answer.as_bytes()[..length / 2]).await?;
        }
        Fault::WrongContentLength => {
            let longer = length + 10;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {longer}\r\n\r\n{answer}");
            stream.write_all(head.as_bytes()).await?;
        }
        Fault::Garbage => {
            stream
                .write_all(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
                .await?
        }
        _ => {}
    }
    if matches!(fault, Fault::StallBeforeHeaders | Fault::StallInBody) {
        tokio::time::sleep(STALL).await;
    }
    stream.shutdown().await
}
