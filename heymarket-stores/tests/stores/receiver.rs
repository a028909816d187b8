//! The receiver of the examples, killed at random.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use heymarket_api::webhook::Verifier;
use heymarket_outbox::Outbox;
use heymarket_stores::Inbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const EVENTS: u32 = 300;

/// The receiver as a process, in a folder of its own.
struct Receiver(Child);

impl Receiver {
    fn start(port: u16, folder: &Path) -> Self {
        let test = std::env::current_exe().expect("the test's own path");
        let target = test.ancestors().nth(2).expect("the target directory");
        let name = format!("inbox_receiver{}", std::env::consts::EXE_SUFFIX);
        let child = Command::new(target.join("examples").join(name))
            .arg(port.to_string())
            .arg(folder)
            .env("HEYMARKET_WEBHOOK_TOKEN", "secret")
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the example; `cargo test -p heymarket-stores` builds it"))
    }

    fn kill(&mut self) {
        self.0.kill().expect("a running receiver");
        self.0.wait().expect("a killed receiver");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Posts a delivery, and returns whether the response is a 200.
async fn post(port: u16, body: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.starts_with("HTTP/1.1 200 "))
}

/// The delivery of an event. Every tenth is an opt-out.
fn body(number: u32) -> String {
    let (event_type, data) = if number.is_multiple_of(10) {
        (
            "target_opt_out",
            format!(r#"{{"phone":"1555010{number:04}"}}"#),
        )
    } else {
        (
            "message_recieved",
            format!(r#"{{"id":{number},"status":"received","text":"Hi"}}"#),
        )
    };
    format!(r#"{{"type":"{event_type}","token":"secret","event_data":{data}}}"#)
}

/// The key under which the receiver notes that it handled an event.
fn key(number: u32) -> String {
    let event = Verifier::new("secret").verify(body(number).as_bytes());
    event.expect("a delivery").dedupe_key()
}

/// Delivers each event until it gets a 200, as the API may, and some of them again.
async fn deliver(port: u16, next: Arc<AtomicU32>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number > EVENTS {
            return;
        }
        while !post(port, &body(number)).await.unwrap_or(false) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if number.is_multiple_of(3) {
            let _ = post(port, &body(number)).await;
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_receiver_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("its address").port()
    };
    let mut receiver = Receiver::start(port, folder.path());
    let next = Arc::new(AtomicU32::new(1));
    let senders: Vec<_> = (0..4)
        .map(|_| tokio::spawn(deliver(port, Arc::clone(&next))))
        .collect();
    let mut kills = 0;
    // Sometimes long enough for slow work: an event whose process dies 10 times is set aside.
    while senders.iter().any(|sender| !sender.is_finished()) {
        let lifetime = fastrand::u64(50..1500);
        tokio::time::sleep(Duration::from_millis(lifetime)).await;
        receiver.kill();
        kills += 1;
        receiver = Receiver::start(port, folder.path());
    }
    assert!(kills >= 4, "{kills}");
    let inbox = Inbox::open(folder.path().join("inbox.db")).expect("an inbox");
    let start = Instant::now();
    while inbox.waiting().await.expect("a store") > 0 {
        assert!(start.elapsed() < Duration::from_secs(30), "events are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    receiver.kill();

    let handled = rusqlite::Connection::open(folder.path().join("handled.db")).expect("a file");
    let mut statement = handled
        .prepare("SELECT event FROM handled")
        .expect("a table");
    let mut times = BTreeMap::new();
    for event in statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("rows")
    {
        *times.entry(event.expect("a row")).or_insert(0) += 1;
    }
    let doubled: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    assert_eq!(inbox.set_aside().await.expect("a store"), []);
    let lost: Vec<_> = (1..=EVENTS)
        .filter(|number| !times.contains_key(&key(*number)))
        .collect();
    assert!(lost.is_empty(), "{lost:?} of {times:?}");

    let outbox = Outbox::open(folder.path().join("outbox.db")).expect("an outbox");
    let suppressions = outbox.suppressions().await.expect("suppressions");
    assert_eq!(suppressions.len(), EVENTS as usize / 10);
}
