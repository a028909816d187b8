//! The cost of the gateway: a read through it, compared with the same read by the library,
//! both to a server on loopback that answers at once.
//!
//! `cargo bench -p heymarket-gateway`. The gateway and the server run in processes of
//! their own, as they do for a caller.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use heymarket_api::{Client, Credentials, RawRequest, reqwest};
use heymarket_gateway::{Gateway, Token};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::de::IgnoredAny;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TOKEN: &str = "a-token-of-the-benchmark";
const PATH: &str = "/v1/inboxes";
/// The pairs of a read by the library and one through the gateway.
const PAIRS: usize = 20_000;
const WARM_UP: usize = 2_000;
const IN_FLIGHT: usize = 64;
const THROUGHPUT_TIME: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 1_000;

/// Three inboxes, as long as those of the sandbox.
const ANSWER: &str = r#"[{"id":41001,"name":"Support","phone":"15550100001","created":"2026-01-05T09:00:00Z"},{"id":41002,"name":"Orders","phone":"15550100002","created":"2026-01-05T09:00:00Z"},{"id":41003,"name":"Announcements","phone":"15550100003","created":"2026-01-05T09:00:00Z"}]"#;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("serve") => runtime.block_on(serve()),
        Some("gateway") => {
            let upstream = arguments.get(2).ok_or("no URL of the server")?;
            runtime.block_on(gateway(upstream))
        }
        _ => runtime.block_on(measure()),
    }
}

/// Runs the server until standard input ends.
async fn serve() -> Result<(), AnyError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.to_string())?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let answer = service_fn(|_| async {
                let body = Full::new(Bytes::from_static(ANSWER.as_bytes()));
                let mut response = http::Response::new(body);
                let json = http::HeaderValue::from_static("application/json");
                response
                    .headers_mut()
                    .insert(http::header::CONTENT_TYPE, json);
                Ok::<_, std::convert::Infallible>(response)
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

/// Runs the gateway until the process is ended.
async fn gateway(upstream: &str) -> Result<(), AnyError> {
    let gateway = Gateway::builder(client(upstream)?, Token::new(TOKEN)?)
        .read_timeout(Duration::from_secs(60))
        .max_connections(CONNECTIONS + 100)
        .start("127.0.0.1:0".parse()?)
        .await?;
    say(&gateway.address().to_string())?;
    std::future::pending().await
}

/// A client without a rate limit, which would end the benchmark after 500 requests.
fn client(upstream: &str) -> Result<Client, AnyError> {
    let client = Client::builder(Credentials::api_secret("id", "key")).base_url(upstream);
    let client = client.build()?;
    Ok(client.with_options(heymarket_api::Options::without_rate_limit))
}

/// Prints a line for the process that started this one.
fn say(line: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// A process of this program.
struct Part {
    child: Child,
    address: SocketAddr,
}

impl Part {
    fn start(arguments: &[&str]) -> Result<Self, AnyError> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self {
            child,
            address: line.trim().parse()?,
        })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the resident memory in KiB.
    fn memory(&self) -> Result<u64, AnyError> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        Ok(number.ok_or("no VmRSS")?)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What reads the inboxes.
#[derive(Clone)]
enum Reader {
    Library(Client, RawRequest),
    Gateway(reqwest::Client, String),
}

impl Reader {
    async fn read(&self) -> Result<(), AnyError> {
        let length = match self {
            Self::Library(client, request) => {
                client.execute_as::<IgnoredAny>(request).await?.body().len()
            }
            Self::Gateway(http, url) => {
                let request = http.get(url).bearer_auth(TOKEN);
                let response = request.send().await?.error_for_status()?;
                response.bytes().await?.len()
            }
        };
        if length == ANSWER.len() {
            return Ok(());
        }
        Err(format!("a body of {length} bytes").into())
    }
}

async fn measure() -> Result<(), AnyError> {
    raise_limits()?;
    let upstream = Part::start(&["serve"])?;
    let gateway = Part::start(&["gateway", &upstream.url()])?;
    let library = Reader::Library(
        client(&upstream.url())?,
        RawRequest::new(http::Method::GET, PATH),
    );
    let http = reqwest::Client::builder().no_proxy().build()?;
    let through = Reader::Gateway(http, format!("{}{PATH}", gateway.url()));

    let [direct, proxied] = latencies(&library, &through).await?;
    let difference = |at: f64| (percentile(&proxied, at) - percentile(&direct, at)) * 1000.0;
    say("| | library | gateway | added |")?;
    say("|---|---:|---:|---:|")?;
    for (name, at) in [("p50", 0.5), ("p99", 0.99)] {
        say(&format!(
            "| {name} | {:.3} ms | {:.3} ms | {:.3} ms |",
            percentile(&direct, at) * 1000.0,
            percentile(&proxied, at) * 1000.0,
            difference(at)
        ))?;
    }
    let (direct, proxied) = (throughput(&library).await?, throughput(&through).await?);
    say(&format!(
        "| {IN_FLIGHT} in flight | {direct:.0}/s | {proxied:.0}/s | |"
    ))?;
    let before = gateway.memory()?;
    let held = connections(gateway.address).await?;
    let after = gateway.memory()?;
    say(&format!(
        "| memory with {} connections | | {:.1} MiB | {:.1} KiB a connection |",
        held.len(),
        after as f64 / 1024.0,
        after.saturating_sub(before) as f64 / held.len() as f64
    ))?;
    Ok(())
}

/// Measures both in turn, so that other load of the machine falls on both. Returns sorted
/// seconds.
async fn latencies(library: &Reader, gateway: &Reader) -> Result<[Vec<f64>; 2], AnyError> {
    let mut seconds = [Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS)];
    for index in 0..WARM_UP + PAIRS {
        for (reader, seconds) in [library, gateway].into_iter().zip(&mut seconds) {
            let begun = Instant::now();
            reader.read().await?;
            if index >= WARM_UP {
                seconds.push(begun.elapsed().as_secs_f64());
            }
        }
    }
    seconds
        .iter_mut()
        .for_each(|seconds| seconds.sort_by(f64::total_cmp));
    Ok(seconds)
}

fn percentile(sorted: &[f64], at: f64) -> f64 {
    let index = (sorted.len() as f64 * at) as usize;
    sorted[index.min(sorted.len() - 1)]
}

/// Returns reads a second with many in flight.
async fn throughput(reader: &Reader) -> Result<f64, AnyError> {
    let mut tasks = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..IN_FLIGHT {
        let reader = reader.clone();
        tasks.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < THROUGHPUT_TIME {
                reader.read().await?;
                count += 1;
            }
            Ok::<_, AnyError>(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = tasks.join_next().await {
        count += ended??;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Opens connections that each read once and stay open.
async fn connections(address: SocketAddr) -> Result<Vec<TcpStream>, AnyError> {
    let request =
        format!("GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    let request = Arc::new(request);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = Arc::clone(&request);
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut bytes = Vec::new();
            while !bytes.ends_with(ANSWER.as_bytes()) {
                if stream.read_buf(&mut bytes).await? == 0 {
                    return Err("the gateway closed a connection".into());
                }
            }
            Ok::<_, AnyError>(stream)
        });
    }
    let mut held = Vec::with_capacity(CONNECTIONS);
    while let Some(ended) = tasks.join_next().await {
        held.push(ended??);
    }
    Ok(held)
}

/// Allows as many open files as the system does.
fn raise_limits() -> Result<(), AnyError> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(())
}
