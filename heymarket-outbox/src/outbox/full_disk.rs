//! A full disk: the file may have no further page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::types::{InboxId, MemberId};
use heymarket_api::{Client, Credentials};
use heymarket_sandbox::{API_KEY, Deduplication, Sandbox};

use super::{Outbox, engine};
use crate::batch::{Batch, Unknown};
use crate::error::{Error, ErrorKind};
use crate::recipient::Recipient;
use crate::state::State;
use crate::store::Sqlite;

const COUNT: usize = 400;

/// As many pages as fit on a disk with room.
const ROOM: i64 = 1 << 30;

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

fn is_of_a_full_disk(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    assert!(error.to_string().contains("disk"), "{error}");
}

#[tokio::test]
async fn a_plan_on_a_full_disk_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (outbox, store) = outbox(&folder);
    store.limit_pages(1).await.expect("a limit");
    let error = outbox.plan(&batch(), recipients()).await;
    is_of_a_full_disk(&error.expect_err("a full disk"));
    assert!(outbox.status("a").await.is_err());
    store.limit_pages(ROOM).await.expect("a limit");
    let plan = outbox.plan(&batch(), recipients()).await.expect("a plan");
    assert!(!plan.is_repeated);
    assert_eq!(plan.planned, COUNT as u64);
}

#[tokio::test]
async fn a_send_on_a_full_disk_goes_on_later_and_repeats_nothing() {
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
    store.limit_pages(1).await.expect("a limit");
    let error = run(&outbox, &client).await;
    is_of_a_full_disk(&error.expect("a full disk"));
    let before = sandbox.sent().len();
    assert!(before < COUNT, "{before} were sent");
    store.limit_pages(ROOM).await.expect("a limit");
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
