use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use heymarket_api::{Client, Clock, Credentials, RateLimit, Sleep};
use heymarket_outbox::{Batch, Counts, Event, Outbox, Recipient, ReportRow};
use heymarket_sandbox::{API_KEY, Deduplication, Sandbox, SandboxBuilder};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const INBOX: i64 = 41001;
pub(crate) const SENDER: i64 = 50001;

/// Time that goes many times as fast, from a given moment on.
#[derive(Clone)]
pub(crate) struct FastClock {
    start: Timestamp,
    begun: Instant,
    factor: u32,
}

impl FastClock {
    pub(crate) fn new(start: &str, factor: u32) -> Self {
        Self {
            start: start.parse().expect("a time"),
            begun: Instant::now(),
            factor,
        }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.elapsed()).expect("a short test")
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed() * self.factor
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration / self.factor))
    }
}

/// A sandbox, and an outbox in a folder of its own.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: TempDir,
    pub(crate) outbox: Outbox,
    pub(crate) client: Client,
    pub(crate) clock: FastClock,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(builder()).await
    }

    /// Time goes a hundred times as fast for outbox and client.
    pub(crate) async fn with(builder: SandboxBuilder) -> Self {
        // From the time of the sandbox on.
        let clock = FastClock::new(&Timestamp::now().to_string(), 100);
        Self::at(builder, clock).await
    }

    pub(crate) async fn at(builder: SandboxBuilder, clock: FastClock) -> Self {
        let sandbox = builder.start().await.expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = open(&folder.path().join("outbox.db")).clock(clock.clone());
        Self {
            client: client(sandbox.url(), clock.clone()),
            sandbox,
            folder,
            outbox,
            clock,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("outbox.db")
    }

    pub(crate) async fn plan(&self, batch: &Batch, recipients: Vec<Recipient>) {
        let plan = self.outbox.plan(batch, recipients).await.expect("a plan");
        assert!(!plan.is_repeated);
    }

    /// Runs to the end, without an error.
    pub(crate) async fn run(&self) -> Vec<Event> {
        let (events, error) = run(&self.outbox, &self.client).await;
        assert!(error.is_none(), "{error:?}");
        events
    }

    pub(crate) async fn counts(&self, batch: &str) -> Counts {
        self.outbox.status(batch).await.expect("a batch").counts
    }

    pub(crate) async fn rows(&self, batch: &str) -> Vec<ReportRow> {
        let report = self.outbox.report(batch).await.expect("a batch");
        report.collect().await.expect("rows")
    }

    /// How many messages each number has, by the sandbox.
    pub(crate) fn received(&self) -> BTreeMap<String, usize> {
        received(&self.sandbox)
    }
}

pub(crate) fn builder() -> SandboxBuilder {
    // A repeated `local_id` sends again, so that nothing hides a double message.
    Sandbox::builder()
        .empty()
        .rate_limit(None)
        .deduplication(Deduplication::None)
}

pub(crate) fn open(path: &Path) -> Outbox {
    Outbox::open(path).expect("an outbox")
}

pub(crate) fn client(url: &str, clock: FastClock) -> Client {
    Client::builder(Credentials::api_key(API_KEY))
        .base_url(url)
        .rate_limit(RateLimit::off())
        .clock(clock)
        .build()
        .expect("a client")
}

/// Runs to the end, or to an error.
pub(crate) async fn run(
    outbox: &Outbox,
    client: &Client,
) -> (Vec<Event>, Option<heymarket_outbox::Error>) {
    let mut run = outbox.run(client);
    let mut events = Vec::new();
    while let Some(event) = run.next().await {
        match event {
            Ok(event) => events.push(event),
            Err(error) => return (events, Some(error)),
        }
    }
    (events, None)
}

/// How many messages each number has, by the sandbox.
pub(crate) fn received(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut received = BTreeMap::new();
    for message in sandbox.sent() {
        *received.entry(message.address).or_default() += 1;
    }
    received
}

/// The nth invented number.
pub(crate) fn phone(index: usize) -> String {
    format!("1555010{index:04}")
}

pub(crate) fn recipients(count: usize) -> Vec<Recipient> {
    (0..count)
        .map(|index| Recipient::new(phone(index)))
        .collect()
}

pub(crate) fn batch(id: &str) -> Batch {
    Batch::new(id, INBOX, SENDER).text("Hello")
}

/// The time of the process, so that seeds differ between runs that fail.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let given = std::env::var("OUTBOX_SEED").ok();
        given.and_then(|seed| seed.parse().ok()).unwrap_or(1)
    })
}
