//! Claims on events: guards, leases and commits.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use heymarket_api::webhook::{
    Claim, Claimed, Deduplicator, Envelope, Event, SeenEvents, Verified, Verifier,
};
use serde_json::json;

use super::Receipt::{Duplicate, Handled, InProgress};
use super::store::TableStore;
use super::{TOKEN, deduplicator, delivery, receive, verify};
use crate::support::JumpingClock;

/// The default lease, which is documented.
const LEASE: Duration = Duration::from_secs(5 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn event() -> Event {
    let data = json!({ "id": 7, "status": "received" });
    verify(&delivery("message_recieved", data)).expect("an event")
}

async fn claim<S: SeenEvents<Error: std::fmt::Debug>>(
    seen: &Deduplicator<S>,
    event: &Event,
) -> Claimed<S> {
    match seen.claim(event).await.expect("a store") {
        Claim::New(claimed) => claimed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_in_the_works_is_neither_new_nor_a_duplicate() {
    let (seen, _) = deduplicator();
    let claimed = claim(&seen, &event()).await;
    assert_eq!(receive(&seen, &event()).await, InProgress);
    assert!(claimed.commit().await.expect("memory"));
    assert_eq!(receive(&seen, &event()).await, Duplicate);
}

#[tokio::test]
async fn a_claim_that_is_dropped_or_released_is_new_again() {
    let (seen, _) = deduplicator();
    drop(claim(&seen, &event()).await);
    claim(&seen, &event())
        .await
        .release()
        .await
        .expect("memory");
    assert_eq!(receive(&seen, &event()).await, Handled);
}

#[tokio::test]
async fn a_handler_that_panics_or_is_aborted_releases_its_claim() {
    let (seen, _) = deduplicator();
    for is_aborted in [false, true] {
        let its_own = seen.clone();
        let handler = tokio::spawn(async move {
            let _claimed = claim(&its_own, &event()).await;
            if is_aborted {
                std::future::pending::<()>().await;
            }
            resume_unwind(Box::new("a handler panics"));
        });
        tokio::task::yield_now().await;
        handler.abort();
        let error = handler.await.expect_err("it does not end well");
        assert_eq!(error.is_cancelled(), is_aborted);
        drop(claim(&seen, &event()).await);
    }
    assert_eq!(receive(&seen, &event()).await, Handled);
}

#[tokio::test]
async fn a_process_that_dies_keeps_its_claim_until_the_lease_ends() {
    let (seen, clock) = deduplicator();
    std::mem::forget(claim(&seen, &event()).await);
    clock.jump(LEASE - SECOND);
    assert_eq!(receive(&seen, &event()).await, InProgress);
    clock.jump(SECOND);
    assert_eq!(receive(&seen, &event()).await, Handled);
}

#[tokio::test]
async fn a_late_claimant_cannot_touch_the_claim_of_a_newer_one() {
    let (seen, clock) = deduplicator();
    let seen = seen.lease(60 * SECOND);
    for is_committed in [true, false] {
        let late = claim(&seen, &event()).await;
        clock.jump(60 * SECOND);
        let newer = claim(&seen, &event()).await;
        if is_committed {
            assert!(!late.commit().await.expect("memory"));
        } else {
            drop(late);
        }
        assert_eq!(receive(&seen, &event()).await, InProgress);
        drop(newer);
    }
    assert_eq!(receive(&seen, &event()).await, Handled);
}

#[tokio::test]
async fn a_store_that_must_wait_leaves_a_dropped_claim_to_its_lease() {
    let clock = JumpingClock::default();
    let seen = Deduplicator::with_store(TableStore::new(&clock));
    drop(claim(&seen, &event()).await);
    assert_eq!(receive(&seen, &event()).await, InProgress);
    clock.jump(LEASE);
    claim(&seen, &event())
        .await
        .release()
        .await
        .expect("a table");
    assert_eq!(receive(&seen, &event()).await, Handled);
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_event() {
    let seen = Deduplicator::new();
    let claims: Vec<_> = (0..100)
        .map(|_| {
            let seen = seen.clone();
            tokio::spawn(async move { seen.claim(&event()).await.expect("memory") })
        })
        .collect();
    let mut new = Vec::new();
    for claim in claims {
        match claim.await.expect("a claim") {
            Claim::New(claimed) => new.push(claimed),
            Claim::InProgress => {}
            Claim::Duplicate => panic!("nothing was committed"),
        }
    }
    assert_eq!(new.len(), 1);
}

/// An event of a message's status, from a webhook and from the history.
fn from_both() -> [Event; 2] {
    let data = json!({ "id": 7, "status": "sent", "updated": "2026-05-07T12:00:00Z" });
    let by_webhook = verify(&delivery("message_sent", data)).expect("an event");
    let mut by_history = by_webhook.clone();
    by_history.envelope = Envelope::History;
    [by_webhook, by_history]
}

#[tokio::test]
async fn the_history_and_a_webhook_do_not_handle_an_event_at_once() {
    let events = from_both();
    for (first, second) in [(0, 1), (1, 0)] {
        let (seen, _) = deduplicator();
        let claimed = claim(&seen, &events[first]).await;
        assert_eq!(receive(&seen, &events[second]).await, InProgress);
        drop(claimed);
        let claimed = claim(&seen, &events[first]).await;
        assert!(claimed.commit().await.expect("memory"));
        assert_eq!(receive(&seen, &events[second]).await, Duplicate);
    }
}

#[tokio::test]
async fn a_refused_event_of_the_history_leaves_no_claim() {
    let [by_webhook, mut by_history] = from_both();
    let untimed = delivery("message_sent", json!({ "id": 7, "status": "sent" }));
    let untimed = verify(&untimed).expect("an event");
    let (seen, _) = deduplicator();
    let claimed = claim(&seen, &untimed).await;
    // Its own time is free, the status is not.
    assert_eq!(receive(&seen, &by_history).await, InProgress);
    assert_eq!(receive(&seen, &by_webhook).await, Handled);
    drop(claimed);
    by_history.envelope = Envelope::Current;
    assert_eq!(receive(&seen, &by_history).await, Duplicate);
}

#[tokio::test]
async fn a_superseded_claim_does_not_change_the_last_status() {
    let (seen, _) = deduplicator();
    let status = |status: &str, updated: &str| {
        let data = json!({ "id": 7, "status": status, "updated": updated });
        verify(&delivery("message_sent", data)).expect("an event")
    };
    let noon = "2026-05-07T12:00:00Z";
    let late = claim(&seen, &status("sent", noon)).await;
    assert_eq!(receive(&seen, &status("delivered", noon)).await, Handled);
    assert!(!late.commit().await.expect("memory"));
    let mut moved = status("delivered", "2026-05-07T12:30:00Z");
    moved.envelope = Envelope::History;
    assert_eq!(receive(&seen, &moved).await, Duplicate);
}

/// A receiver whose handler fails in a new way each time, until it succeeds.
#[derive(Clone)]
struct Failing {
    seen: Deduplicator,
    attempts: Arc<AtomicUsize>,
    handled: Arc<AtomicUsize>,
}

impl FromRef<Failing> for Verifier {
    fn from_ref(_: &Failing) -> Self {
        Self::new(TOKEN)
    }
}

async fn fail(State(receiver): State<Failing>, event: Verified<Event>) -> StatusCode {
    let claimed = match receiver.seen.claim(&event).await.expect("memory") {
        Claim::New(claimed) => claimed,
        Claim::Duplicate => return StatusCode::OK,
        Claim::InProgress => return StatusCode::SERVICE_UNAVAILABLE,
    };
    match receiver.attempts.fetch_add(1, Ordering::Relaxed) {
        0 => resume_unwind(Box::new("the handler panics")),
        1 => std::future::pending().await,
        2 => return StatusCode::INTERNAL_SERVER_ERROR,
        _ => {}
    }
    receiver.handled.fetch_add(1, Ordering::Relaxed);
    claimed.commit().await.expect("memory");
    StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_handled_once_however_the_receiver_failed() {
    let receiver = Failing {
        seen: Deduplicator::new(),
        attempts: Arc::default(),
        handled: Arc::default(),
    };
    let router = axum::Router::new()
        .route("/", post(fail))
        .with_state(receiver.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let body = delivery("incoming_call", json!({ "id": 7 })).to_string();
    let mut answers = Vec::new();
    while answers.len() < 20 && answers.iter().filter(|code| **code == Some(200)).count() < 2 {
        // The sender hangs up on a handler that takes too long.
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_millis(300));
        let sent = http
            .build()
            .expect("a client")
            .post(&url)
            .body(body.clone());
        let answer = sent.send().await.ok();
        answers.push(answer.map(|answer| answer.status().as_u16()));
    }
    let handled = receiver.handled.load(Ordering::Relaxed);
    assert_eq!(handled, 1, "{answers:?}");
    assert!(
        answers.contains(&None) && answers.contains(&Some(500)),
        "{answers:?}"
    );
    assert_eq!(answers[answers.len() - 2..], [Some(200); 2], "{answers:?}");
}

#[tokio::test]
async fn a_claim_shows_nothing_of_its_event() {
    let data = json!({ "phone": "15550100101", "text": "canary" });
    let event = verify(&delivery("target_opt_out", data)).expect("an event");
    let seen = Deduplicator::new();
    let claim = seen.claim(&event).await.expect("memory");
    let shown = format!("{claim:?} {seen:?}");
    assert!(
        !shown.contains("555010") && !shown.contains("canary"),
        "{shown}"
    );
}
