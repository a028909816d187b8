//! A ledger that cannot be written: the file may have no further page, as on a full
//! disk, or is read-only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::types::{InboxId, MemberId};
use heymarket_api::{Client, Credentials};
use heymarket_sandbox::{API_KEY, Deduplication, Sandbox};

use super::{Outbox, engine};
use crate::batch::Batch;
use crate::error::{Error, ErrorKind};
use crate::recipient::Recipient;
use crate::settings::Unknown;
use crate::state::State;
use crate::store::Sqlite;

const COUNT: usize = 400;

/// As many pages as fit on a disk with room.
const ROOM: i64 = 1 << 30;

/// Why nothing can be written.
#[derive(Clone, Copy)]
enum Obstacle {
    FullDisk,
    ReadOnly,
}

impl Obstacle {
    async fn begin(self, store: &Sqlite) {
        match self {
            Self::FullDisk => drop(store.limit_pages(1).await.expect("a limit")),
            Self::ReadOnly => store.set_read_only(true).await.expect("a setting"),
        }
    }

    async fn end(self, store: &Sqlite) {
        match self {
            Self::FullDisk => drop(store.limit_pages(ROOM).await.expect("a limit")),
            Self::ReadOnly => store.set_read_only(false).await.expect("a setting"),
        }
    }

    /// Checks that an error says what failed and what to do.
    fn is_told_by(self, error: &Error) {
        assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
        let text = error.to_string();
        let (cause, remedy) = match self {
            Self::FullDisk => ("disk", "run it again"),
            Self::ReadOnly => ("it is read-only", "writable and run it again"),
        };
        assert!(text.contains("outbox.db cannot be written"), "{text}");
        assert!(text.contains(cause) && text.contains(remedy), "{text}");
    }
}

fn recipients() -> impl Iterator<Item = Recipient> {
    (0..COUNT).map(|index| Recipient::new(format!("1555010{index:04}")))
}

fn batch() -> Batch {
    let resending = Unknown::ResendAfter(Duration::from_millis(1));
    Batch::new("a", InboxId(41001), MemberId(50001))
        .text("Hello, {{phone}}")
        .unknown(resending)
}

fn outbox(folder: &tempfile::TempDir) -> (Outbox, Arc<Sqlite>) {
    let store = Sqlite::open(&folder.path().join("outbox.db")).expect("a ledger");
    let store = Arc::new(store);
    let outbox = Outbox {
        engine: engine(Arc::clone(&store) as Arc<dyn crate::store::Store>),
    };
    // The sandbox's history does not lag.
    (outbox.settle_time(Duration::from_millis(1)), store)
}

async fn run(outbox: &Outbox, client: &Client) -> Option<Error> {
    let mut run = outbox.run(client);
    while let Some(event) = run.next().await {
        if let Err(error) = event {
            return Some(error);
        }
    }
    None
}

async fn a_plan_leaves_nothing(obstacle: Obstacle) {
    let folder = tempfile::tempdir().expect("a folder");
    let (outbox, store) = outbox(&folder);
    obstacle.begin(&store).await;
    let error = outbox.plan(&batch(), recipients()).await;
    obstacle.is_told_by(&error.expect_err("no plan"));
    assert!(outbox.status("a").await.is_err());
    obstacle.end(&store).await;
    let plan = outbox.plan(&batch(), recipients()).await.expect("a plan");
    assert!(!plan.is_repeated);
    assert_eq!(plan.planned, COUNT as u64);
}

#[tokio::test]
async fn a_plan_on_a_full_disk_leaves_nothing() {
    a_plan_leaves_nothing(Obstacle::FullDisk).await;
}

#[tokio::test]
async fn a_plan_in_a_read_only_file_leaves_nothing() {
    a_plan_leaves_nothing(Obstacle::ReadOnly).await;
}

/// Sends until `before` messages are sent, and goes on in spite of the obstacle.
async fn a_send_repeats_nothing(obstacle: Obstacle, before: usize) {
    let sandbox = Sandbox::builder()
        .empty()
        .rate_limit(None)
        .deduplication(Deduplication::None);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let client = Client::builder(Credentials::api_key(API_KEY))
        .base_url(sandbox.url())
        .build()
        .expect("a client");
    let folder = tempfile::tempdir().expect("a folder");
    let (outbox, store) = outbox(&folder);
    outbox.plan(&batch(), recipients()).await.expect("a plan");
    let mut running = outbox.run(&client);
    while before > 0 && sandbox.sent().len() < before {
        running.next().await.expect("an event").expect("no error");
    }
    obstacle.begin(&store).await;
    let error = loop {
        match running.next().await.expect("an error") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    obstacle.is_told_by(&error);
    assert!(sandbox.sent().len() < COUNT, "all were sent");
    obstacle.end(&store).await;
    assert!(run(&outbox, &client).await.is_none());
    let mut received = BTreeMap::<_, usize>::new();
    for message in sandbox.sent() {
        *received.entry(message.address).or_default() += 1;
    }
    assert_eq!(received.len(), COUNT);
    assert!(received.values().all(|count| *count == 1), "doubled");
    let counts = outbox.status("a").await.expect("a batch").counts;
    assert_eq!(counts.of(State::Sent), COUNT as u64, "{counts}");
}

#[tokio::test]
async fn a_send_on_a_full_disk_goes_on_later_and_repeats_nothing() {
    a_send_repeats_nothing(Obstacle::FullDisk, 0).await;
}

#[tokio::test]
async fn a_file_that_becomes_read_only_before_a_run_loses_nothing() {
    a_send_repeats_nothing(Obstacle::ReadOnly, 0).await;
}

#[tokio::test]
async fn a_file_that_becomes_read_only_in_a_run_loses_nothing() {
    a_send_repeats_nothing(Obstacle::ReadOnly, 50).await;
}
