use std::time::Duration;

use heymarket_outbox::{Decision, ErrorKind, Reason, State};
use heymarket_sandbox::{Fault, Rule};

use crate::support::{Fixture, batch, builder, phone, recipients};

/// A batch of 10 of which the second and third need a review.
async fn in_review() -> Fixture {
    let lost = Rule::new(Fault::CloseBefore).operation("send_message");
    let fixture = Fixture::with(builder().rule(lost.clone().nth(2)).rule(lost.nth(4))).await;
    fixture.plan(&batch("a"), recipients(10)).await;
    fixture.run().await;
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_about_what_was_not_found() {
    let fixture = in_review().await;
    let review = fixture.outbox.review("a").await.expect("a batch");
    let rows = review.collect().await.expect("rows");
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .all(|row| row.state == State::NeedsReview && row.phone.is_some())
    );
    let outbox = &fixture.outbox;
    let first = Some(vec![rows[0].position]);
    assert_eq!(
        outbox
            .decide("a", first, Decision::Resend)
            .await
            .expect("decided"),
        1
    );
    assert_eq!(
        outbox
            .decide("a", None, Decision::WasSent)
            .await
            .expect("decided"),
        1
    );
    assert_eq!(
        outbox
            .decide("a", None, Decision::GiveUp)
            .await
            .expect("decided"),
        0
    );
    fixture.run().await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), 10);
    assert_eq!(counts.of_reason(State::Sent, Reason::Reviewed), 1);
    let after = fixture.rows("a").await;
    let resent = &after[rows[0].position as usize - 1];
    assert_eq!((resent.attempts, &resent.local_id), (2, &rows[0].local_id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_forgets_numbers_and_texts_and_keeps_states() {
    let fixture = in_review().await;
    let secret = "Your parcel is with the neighbour";
    fixture
        .plan(
            &batch("b").text(format!("{secret}, {{{{phone}}}}")),
            recipients(5),
        )
        .await;
    fixture.run().await;
    let before = fixture.rows("a").await;
    assert_eq!(
        fixture
            .outbox
            .purge(Duration::from_secs(3600))
            .await
            .expect("a purge"),
        0
    );
    tokio::time::sleep(Duration::from_millis(50)).await;
    let purged = fixture
        .outbox
        .purge(Duration::from_secs(1))
        .await
        .expect("a purge");
    // What needs a review keeps its number.
    assert_eq!(purged, 13);
    for (row, before) in fixture.rows("a").await.into_iter().zip(before) {
        assert_eq!(row.phone.is_some(), row.state == State::NeedsReview);
        assert_eq!((row.state, row.reason), (before.state, before.reason));
        assert_eq!(
            (row.local_id, row.message_id),
            (before.local_id, before.message_id)
        );
    }
    let review = fixture.outbox.review("a").await.expect("a batch");
    let review = review.collect().await.expect("rows");
    let kept: Vec<_> = review.into_iter().filter_map(|row| row.phone).collect();
    assert_eq!(kept.len(), 2);
    assert_files_forgot(&fixture, secret, &kept);
    let error = fixture
        .outbox
        .plan(&batch("b"), recipients(5))
        .await
        .expect_err("purged");
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.to_string().contains("purged"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_leaves_out_what_was_purged() {
    let refused = Rule::new(Fault::Status).operation("send_message");
    let fixture = Fixture::with(builder().rule(refused.status(400).nth(2))).await;
    fixture.plan(&batch("a"), recipients(3)).await;
    fixture.run().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let outbox = &fixture.outbox;
    assert_eq!(outbox.purge(Duration::ZERO).await.expect("a purge"), 3);
    assert_eq!(outbox.retry_failed("a").await.expect("a retry"), 0);
    fixture.run().await;
    assert_eq!(fixture.counts("a").await.of(State::Refused), 1);
}

/// A file holds nothing of what was purged. A server frees its pages in its own
/// time.
fn assert_files_forgot(fixture: &Fixture, secret: &str, kept: &[String]) {
    if crate::IS_POSTGRES {
        return;
    }
    let path = fixture.place.name();
    let mut bytes = std::fs::read(&path).expect("a file");
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|found| found == text.as_bytes())
    };
    assert!(!holds(secret));
    for index in 0..10 {
        let is_kept = kept.contains(&phone(index));
        assert_eq!(holds(&phone(index)), is_kept, "{index}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_shows_a_number_or_a_text() {
    let fixture = in_review().await;
    let rows = fixture.rows("a").await;
    let plan = fixture
        .outbox
        .plan(&batch("a"), recipients(10))
        .await
        .expect("a plan");
    let shown = [
        format!("{rows:?}"),
        format!("{plan:?}"),
        format!("{:?}", batch("a")),
        format!("{:?}", recipients(3)),
        format!("{:?}", fixture.outbox),
        format!("{:?}", fixture.run().await),
        format!("{:?}", fixture.outbox.batches().await.expect("batches")),
    ];
    for shown in shown {
        assert!(
            !shown.contains("1555") && !shown.contains("Hello"),
            "{shown}"
        );
    }
}
