//! The memory of events on every store.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::webhook::ClaimOutcome::{Claimed, Committed, InProgress};
use heymarket_api::webhook::{Claim, Deduplicator, Event, EventKey, SeenEvents, Verifier};
use heymarket_stores::{PostgresSeenEvents, SqliteSeenEvents};
use heymarket_test_services as services;

/// A lease that ends in the test, and longer than a busy machine takes for a flush.
pub(crate) const SHORT: Duration = Duration::from_millis(1500);
const LONG: Duration = Duration::from_secs(60);

pub(crate) fn event(event_type: &str, data: &str) -> Event {
    let body = format!(r#"{{"type":"{event_type}","token":"secret","event_data":{data}}}"#);
    let event = Verifier::new("secret").verify(body.as_bytes());
    event.expect("a delivery").into_inner()
}

pub(crate) fn closed(id: u32) -> Event {
    event(
        "chat_closed",
        &format!(r#"{{"id":{id},"updated":"2026-11-01T10:00:00Z"}}"#),
    )
}

fn key(event_type: &str, id: u32) -> EventKey {
    EventKey::of(&event(event_type, &format!(r#"{{"id":{id}}}"#)))
}

async fn claimed<S: SeenEvents<Error: Debug>>(store: &S, key: &EventKey, lease: Duration) -> i64 {
    match store.claim(key, lease).await.expect("a store") {
        Claimed { token } => token,
        other => panic!("{}: {other:?}", key.as_str()),
    }
}

/// What `SeenEvents` documents, by a real clock.
async fn keeps_the_contract<S: SeenEvents<Error: Debug + Send> + 'static>(store: S) {
    let store = Arc::new(store);
    let one = key("chat_closed", 1);
    let late = claimed(&*store, &one, SHORT).await;
    assert_eq!(store.claim(&one, SHORT).await.expect("a store"), InProgress);
    tokio::time::sleep(SHORT).await;
    let new = claimed(&*store, &one, LONG).await;
    assert_ne!(late, new);
    assert!(!store.commit(&one, late, LONG).await.expect("a store"));
    store.release(&one, late).await.expect("a store");
    assert_eq!(store.claim(&one, SHORT).await.expect("a store"), InProgress);
    assert!(store.commit(&one, new, SHORT).await.expect("a store"));
    store.release(&one, new).await.expect("a store");
    assert_eq!(store.claim(&one, SHORT).await.expect("a store"), Committed);
    tokio::time::sleep(SHORT).await;
    let again = claimed(&*store, &one, LONG).await;
    store.release(&one, again).await.expect("a store");
    let released = claimed(&*store, &one, LONG).await;
    assert!(store.commit(&one, released, LONG).await.expect("a store"));

    // A new state forgets the others of its subject, and those alone.
    let other = key("chat_closed", 2);
    let token = claimed(&*store, &other, LONG).await;
    assert!(store.commit(&other, token, LONG).await.expect("a store"));
    let opened = claimed(&*store, &key("chat_opened", 1), LONG).await;
    claimed(&*store, &one, LONG).await;
    let superseded = store.commit(&key("chat_opened", 1), opened, LONG).await;
    assert!(!superseded.expect("a store"));
    assert_eq!(store.claim(&other, LONG).await.expect("a store"), Committed);

    let claims: Vec<_> = (0..100)
        .map(|number| {
            let (store, key) = (Arc::clone(&store), key("chat_closed", 100 + number % 10));
            tokio::spawn(async move { store.claim(&key, LONG).await.expect("a store") })
        })
        .collect();
    let mut tokens = BTreeSet::new();
    for claim in claims {
        match claim.await.expect("no panic") {
            Claimed { token } => assert!(tokens.insert(token), "a token came twice"),
            other => assert_eq!(other, InProgress),
        }
    }
    assert_eq!(tokens.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_in_sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteSeenEvents::open(folder.path().join("seen.db"));
    keeps_the_contract(store.expect("a store")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_in_postgres_keeps_the_contract() {
    let Some(database) = services::postgres() else {
        return;
    };
    let store = PostgresSeenEvents::connect(&database.url()).await;
    keeps_the_contract(store.expect("a store")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_claim_is_released_in_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || SqliteSeenEvents::open(folder.path().join("seen.db")).expect("a store");
    let (one, other) = (
        Deduplicator::with_store(open()),
        Deduplicator::with_store(open()),
    );
    let claim = one.claim(&closed(1)).await.expect("a store");
    assert!(matches!(claim, Claim::New(_)));
    assert!(matches!(
        other.claim(&closed(1)).await,
        Ok(Claim::InProgress)
    ));
    drop(claim);
    for _ in 0..100 {
        if let Ok(Claim::New(claimed)) = other.claim(&closed(1)).await {
            assert!(claimed.commit().await.expect("a store"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it is never released");
}
