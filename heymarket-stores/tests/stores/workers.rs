//! Worker processes that are killed at random while their store fails.
//!
//! A worker is this test binary with [`WORKER`] set: it runs one test, which sends until it
//! is killed.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use heymarket_api::Client;
use heymarket_stores::LimitOptions;
use heymarket_test_services::{self as services, Proxy};

use crate::support::{Api, Limit, client};

/// The URLs of the store and of the server that counts.
const WORKER: &str = "HEYMARKET_TEST_WORKER";

const LIMIT: u32 = 40;
const PERIOD: Duration = Duration::from_secs(2);
/// Rounds of a second on average, of which the last leaves the store reachable.
const ROUNDS: u32 = 15;
const WORKERS: usize = 8;

fn options() -> LimitOptions {
    LimitOptions::per_minute(LIMIT).period(PERIOD)
}

/// Sends without an end, and gives up some requests at random moments.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_sends_until_it_is_killed() {
    let Ok(urls) = std::env::var(WORKER) else {
        return;
    };
    let (store, api) = urls.split_once(' ').expect("two URLs");
    // The launcher runs this program as a child of its own, which its end does not end.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let limit = loop {
        match Limit::connect(store, options()).await {
            Ok(limit) => break limit,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let client = client(api, limit);
    let senders: Vec<_> = (0..12)
        .map(|_| tokio::spawn(send(client.clone())))
        .collect();
    for sender in senders {
        sender.await.expect("no panic");
    }
}

async fn send(client: Client) {
    loop {
        let patience = match fastrand::u32(0..10) {
            0 => Duration::from_millis(fastrand::u64(0..20)),
            _ => Duration::from_secs(60),
        };
        let _ = tokio::time::timeout(patience, client.list_inboxes()).await;
    }
}

struct Worker(Child);

impl Worker {
    fn start(launcher: &[&str], store: &str, api: &Api) -> Self {
        let own = std::env::current_exe().expect("the test's own path");
        let mut command = match launcher {
            [] => Command::new(own),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(own);
                command
            }
        };
        let child = command
            .args(["--exact", "workers::a_worker_sends_until_it_is_killed"])
            .env(WORKER, format!("{store} {}", api.url()))
            // Waiting for a lock would take an hour as well.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            // It ends with this process, or when it is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("a worker"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the command that starts one worker with its clock an hour ahead.
fn an_hour_ahead() -> Option<&'static [&'static str]> {
    let found = Command::new("faketime").arg("--version").output();
    if found.is_err() {
        services::left_out("faketime is not installed");
        return None;
    }
    Some(&["faketime", "-f", "+1h"])
}

/// Runs workers for a while, with `trouble` in the middle of it.
async fn workers_keep_the_limit(store: &str, mut trouble: impl AsyncFnMut(u32)) {
    let api = Api::start().await;
    api.counted.is_unreliable.store(true, Ordering::Relaxed);
    let launcher = an_hour_ahead().unwrap_or(&[]);
    let mut workers: Vec<Worker> = (0..WORKERS)
        .map(|number| Worker::start(if number == 0 { launcher } else { &[] }, store, &api))
        .collect();
    for round in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(500..1500))).await;
        trouble(round).await;
        let killed = fastrand::usize(1..WORKERS);
        workers[killed] = Worker::start(&[], store, &api);
        if fastrand::u32(0..10) == 0 {
            api.counted.refuses.store(true, Ordering::Relaxed);
        }
    }
    // How much was sent in between depends on when the store failed.
    let sent = api.arrivals().len();
    let end = Instant::now() + Duration::from_secs(20);
    while api.arrivals().len() == sent {
        assert!(Instant::now() < end, "no request after the last failure");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(workers);
    let limit = usize::try_from(LIMIT).expect("a small number");
    api.assert_limit(limit, PERIOD);
    let sent = api.arrivals().len();
    assert!(sent > limit, "{sent} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_keep_the_limit_of_a_failing_postgres() {
    let Some(mut server) = services::private_postgres() else {
        return;
    };
    let proxy = Proxy::start(server.port()).expect("a proxy");
    let url = server
        .url()
        .replace(&server.port().to_string(), &proxy.port().to_string());
    workers_keep_the_limit(&url, async |round| match round % 8 {
        2 => {
            server.stop_immediately();
            server.start_again().expect("it recovers");
        }
        5 => proxy.cut(),
        6 => proxy.mend(),
        _ => {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_keep_the_limit_of_a_failing_redis() {
    let Some(mut server) = services::private_redis() else {
        return;
    };
    let proxy = Proxy::start(server.port()).expect("a proxy");
    let direct = server.url();
    let url = direct.replace(&server.port().to_string(), &proxy.port().to_string());
    workers_keep_the_limit(&url, async |round| match round {
        3 => {
            let client = redis::Client::open(&*direct).expect("a URL");
            let mut connection = client.get_multiplexed_async_connection().await.expect("it");
            let flush = redis::cmd("FLUSHALL")
                .query_async::<()>(&mut connection)
                .await;
            flush.expect("a flush");
        }
        6 => {
            server.kill();
            server.start_again().expect("it starts");
        }
        9 => proxy.silence(),
        10 => proxy.mend(),
        _ => {}
    })
    .await;
}
