use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use heymarket_api::types::{InboxId, MemberId};
use heymarket_api::{Client, Clock, Credentials, RateLimit, Sleep};
use heymarket_outbox::{Batch, Counts, Event, Outbox, Recipient, ReportRow};
use heymarket_sandbox::{API_KEY, Deduplication, Sandbox, SandboxBuilder};
#[cfg(feature = "postgres")]
use heymarket_test_services::Database;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const INBOX: InboxId = InboxId(41001);
pub(crate) const SENDER: MemberId = MemberId(50001);

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

    /// The function by which a database has this time.
    #[cfg(feature = "postgres")]
    pub(crate) fn as_sql(&self) -> String {
        let (now, begun, factor) = (self.now(), Timestamp::now(), self.factor);
        format!(
            "CREATE OR REPLACE FUNCTION heymarket_outbox.now() RETURNS timestamptz
             LANGUAGE sql AS $$ SELECT '{now}'::timestamptz
                 + (clock_timestamp() - '{begun}'::timestamptz) * {factor} $$"
        )
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

/// Where an outbox is kept, for as long as the value lives.
pub(crate) enum Place {
    File(TempDir),
    #[cfg(feature = "postgres")]
    Database(Database),
}

impl Place {
    /// A file in a folder of its own, or an empty database.
    pub(crate) fn new() -> Self {
        #[cfg(feature = "postgres")]
        if crate::IS_POSTGRES {
            return match heymarket_test_services::postgres() {
                Some(database) => Self::Database(database),
                // All tests of this program need one, and the first has said so.
                None => std::process::exit(0),
            };
        }
        Self::File(tempfile::tempdir().expect("a folder"))
    }

    /// The path or the URL.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(folder) => folder.path().join("outbox.db").display().to_string(),
            #[cfg(feature = "postgres")]
            Self::Database(database) => database.url(),
        }
    }

    /// Lets nothing be written for a while, as another process may.
    pub(crate) fn hold(&self, duration: Duration) {
        match self {
            Self::File(_) => {
                let file = rusqlite::Connection::open(self.name()).expect("a file");
                file.execute_batch("BEGIN IMMEDIATE").expect("a lock");
                std::thread::sleep(duration);
            }
            #[cfg(feature = "postgres")]
            Self::Database(database) => {
                let lock = "LOCK TABLE heymarket_outbox.recipients IN EXCLUSIVE MODE";
                let seconds = duration.as_secs_f64();
                let held = database.execute(&format!("{lock}; SELECT pg_sleep({seconds})"));
                held.expect("a lock");
            }
        }
    }

    /// Makes the time of a database that has an outbox that of a clock.
    pub(crate) fn set_clock(&self, clock: &FastClock) {
        #[cfg(feature = "postgres")]
        if let Self::Database(database) = self {
            let sql = clock.as_sql();
            database.execute(&sql).expect("a clock");
        }
        // A file has no time of its own.
        let _ = clock;
    }
}

/// A sandbox, and an outbox in a place of its own.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) place: Place,
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
        let place = Place::new();
        let outbox = open(&place.name()).await;
        // Making a database takes a while.
        let clock = FastClock {
            begun: Instant::now(),
            ..clock
        };
        let outbox = outbox.clock(clock.clone());
        place.set_clock(&clock);
        Self {
            client: client(sandbox.url(), clock.clone()),
            sandbox,
            place,
            outbox,
            clock,
        }
    }

    /// Opens the outbox once more, as another process would.
    pub(crate) async fn open(&self) -> Outbox {
        open(&self.place.name()).await
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

/// Opens an outbox by its path or URL.
pub(crate) async fn open(name: &str) -> Outbox {
    #[cfg(feature = "postgres")]
    if crate::IS_POSTGRES {
        // Tests do not wait for a dead worker as long as users do.
        let outbox = Outbox::connect(name).await.expect("an outbox");
        return outbox.lease(Duration::from_secs(1));
    }
    Outbox::open(name).expect("an outbox")
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
