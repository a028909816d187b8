use std::process::Stdio;
use std::time::Duration;

use heymarket_api::Clock as _;
use heymarket_outbox::{Batch, ErrorKind, Event, Reason, Recipient, State, Unknown};
use heymarket_sandbox::{Fault, Rule};
use jiff::{SignedDuration, Timestamp};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::servers::execute;
use crate::support::{
    FastClock, Fixture, batch, builder, client, open, phone, recipients, run, seed,
};

/// A batch that may send again what it does not find.
pub(crate) fn resending(id: &str) -> Batch {
    batch(id).unknown(Unknown::ResendAfter(Duration::from_secs(61)))
}

pub(crate) fn assert_once(fixture: &Fixture, count: usize) {
    let received = fixture.received();
    let doubled = received.values().filter(|count| **count > 1).count();
    assert_eq!((doubled, received.len()), (0, count));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_a_batch_and_send_each_message_once() {
    const COUNT: usize = 1500;
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(2);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(COUNT)).await;
    let mut outboxes = Vec::new();
    for _ in 0..4 {
        let outbox = fixture.open().await.clock(fixture.clock.clone());
        // None is taken for dead, however slow the machine is.
        outboxes.push(outbox.lease(Duration::from_secs(60)));
    }
    let mut workers = JoinSet::new();
    for outbox in outboxes {
        let client = fixture.client.clone();
        workers.spawn(async move {
            let (events, error) = run(&outbox, &client).await;
            assert!(error.is_none(), "{error:?}");
            let is_sent = |event: &&Event| matches!(event, Event::Sent(_));
            events.iter().filter(is_sent).count()
        });
    }
    let mut shares = Vec::new();
    while let Some(share) = workers.join_next().await {
        shares.push(share.expect("a worker"));
    }
    assert_eq!(shares.iter().sum::<usize>(), COUNT, "{shares:?}");
    // One may start when nothing is left.
    let working = shares.iter().filter(|share| **share > 0).count();
    assert!(working > 1, "{shares:?}");
    assert_once(&fixture, COUNT);
    let rows = fixture.rows("a").await;
    assert!(
        rows.iter()
            .all(|row| (row.state, row.attempts) == (State::Sent, 1))
    );
}

/// The environment of the processes that are killed.
const CHILD: &str = "OUTBOX_WORKER";

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_at_any_moment_send_nothing_twice() {
    const COUNT: usize = 800;
    let rule = |fault| Rule::new(fault).operation("send_message").seed(seed());
    let builder = builder()
        .rule(rule(Fault::CloseAfter).probability(0.03))
        .rule(rule(Fault::CutOff).probability(0.03))
        .rule(rule(Fault::Delay).delay_ms(20));
    let fixture = Fixture::with(builder).await;
    fixture.plan(&resending("a"), recipients(COUNT)).await;
    let start = || {
        Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "workers::the_process_that_works", "--ignored"])
            .env(
                CHILD,
                format!(
                    "{} {} {}",
                    fixture.sandbox.url(),
                    fixture.clock.now(),
                    fixture.place.name()
                ),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process")
    };
    let mut random = seed();
    let mut workers = [start(), start(), start()];
    for kill in 0..12 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        tokio::time::sleep(Duration::from_millis(100 + (random >> 33) % 200)).await;
        let victim = &mut workers[kill % 3];
        victim.kill().await.expect("a kill");
        *victim = start();
    }
    for worker in &mut workers {
        assert!(worker.wait().await.expect("a status").success());
    }
    assert_once(&fixture, COUNT);
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Sent), COUNT as u64, "{counts}");
    let found = counts.of_reason(State::Sent, Reason::FoundInHistory);
    assert!(found > 0, "{counts}");
}

/// Not a test: what the one above runs and kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is a process of another test"]
async fn the_process_that_works() {
    let Ok(child) = std::env::var(CHILD) else {
        return;
    };
    let parts: Vec<&str> = child.splitn(3, ' ').collect();
    let clock = FastClock::new(parts[1], 100);
    let outbox = open(parts[2]).await.clock(clock.clone());
    let (_, error) = run(&outbox, &client(parts[0], clock)).await;
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_attempted_is_looked_up() {
    // The first one is alone; then as many as may be are in flight.
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .from(2)
        .delay_ms(20_000);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(60)).await;
    let first = fixture.open().await.clock(fixture.clock.clone());
    let mut dying = first.run(&fixture.client);
    dying.next().await.expect("an event").expect("no error");
    while fixture.counts("a").await.of(State::Attempting) < 32 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(dying);
    fixture.sandbox.clear_rules();
    let begun = Instant::now();
    let mut rest = fixture.outbox.run(&fixture.client);
    while let Some(event) = rest.next().await {
        let event = event.expect("an event");
        let is_found =
            matches!(&event, Event::Sent(row) if row.reason == Some(Reason::FoundInHistory));
        if is_found || matches!(event, Event::NeedsReview(_)) {
            // A settle time of 60 seconds.
            assert!(begun.elapsed() >= Duration::from_millis(600));
        }
    }
    let counts = fixture.counts("a").await;
    // The sandbox drops what waits in it along with its connection.
    let found = counts.of_reason(State::Sent, Reason::FoundInHistory);
    let looked_up = found + counts.of(State::NeedsReview);
    assert_eq!(looked_up, 32, "{counts}");
    let received = fixture.received();
    assert_eq!(received.len() as u64, counts.of(State::Sent));
    assert!(received.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_knows_its_own_after_its_lease_ended() {
    const COUNT: usize = 30;
    // In flight for longer than a lease.
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(1500);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&resending("a"), recipients(COUNT)).await;
    let watching = async {
        while fixture.counts("a").await.of(State::Attempting) < 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // As for a worker that could not renew its lease for an hour.
        let lapse = "DO $$ BEGIN FOR i IN 1..50 LOOP
            UPDATE heymarket_outbox.workers SET seen = seen - interval '1 hour';
            COMMIT; PERFORM pg_sleep(0.02);
        END LOOP; END $$";
        tokio::task::block_in_place(|| execute(&fixture.place, lapse));
    };
    let (outbox, client) = (fixture.outbox.clone(), fixture.client.clone());
    let running = tokio::spawn(async move { run(&outbox, &client).await });
    watching.await;
    let (events, error) = running.await.expect("a run");
    assert!(error.is_none(), "{error:?}");
    let sent = events
        .iter()
        .filter(|event| matches!(event, Event::Sent(_)));
    assert_eq!(sent.count(), COUNT, "{events:?}");
    let is_looked_up = |event: &Event| {
        matches!(
            event,
            Event::Unknown(_) | Event::Resending(_) | Event::NeedsReview(_)
        )
    };
    assert!(!events.iter().any(is_looked_up), "{events:?}");
    assert_once(&fixture, COUNT);
    let rows = fixture.rows("a").await;
    let reasons = rows.iter().map(|row| (row.attempts, row.reason));
    assert!(
        reasons
            .clone()
            .all(|row| row == (1, Some(Reason::Accepted))),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_living_worker_has_is_not_touched() {
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(2500);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(20)).await;
    let first = fixture.open().await.clock(fixture.clock.clone());
    let client = fixture.client.clone();
    let working = tokio::spawn(async move { run(&first, &client).await });
    // Longer than a lease, and much longer than a settle time.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (events, error) = run(&fixture.outbox, &fixture.client).await;
    assert!(error.is_none(), "{error:?}");
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Waiting { .. } | Event::NeedsReview(_))),
        "{events:?}"
    );
    let (_, error) = working.await.expect("a worker");
    assert!(error.is_none(), "{error:?}");
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of_reason(State::Sent, Reason::Accepted), 20);
    assert_once(&fixture, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_worker_sends_the_message_to_a_list() {
    let slow = Rule::new(Fault::Delay)
        .operation("create_list")
        .delay_ms(100);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(30)).await;
    fixture.outbox.send_as_list("a").await.expect("a list");
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let outbox = fixture.open().await.clock(fixture.clock.clone());
        let client = fixture.client.clone();
        workers.spawn(async move { run(&outbox, &client).await.1 });
    }
    while let Some(error) = workers.join_next().await {
        assert!(error.expect("a worker").is_none());
    }
    assert_eq!(fixture.counts("a").await.of(State::Sent), 30);
    assert_once(&fixture, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stays_for_what_is_planned_later() {
    let fixture = Fixture::new().await;
    let mut work = fixture.outbox.work(&fixture.client);
    let stop = work.stopper();
    let planner = fixture.open().await.clock(fixture.clock.clone());
    let planned = tokio::spawn(async move {
        for id in ["a", "b"] {
            tokio::time::sleep(Duration::from_millis(200)).await;
            planner
                .plan(&batch(id), recipients(5))
                .await
                .expect("a plan");
        }
    });
    let mut finished = 0;
    while let Some(event) = work.next().await {
        if let Event::Finished { .. } = event.expect("an event") {
            finished += 1;
            if finished == 2 {
                stop();
            }
        }
    }
    planned.await.expect("plans");
    assert_eq!(fixture.received().len(), 5);
    for id in ["a", "b"] {
        assert_eq!(fixture.counts(id).await.of(State::Sent), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_texts_no_one_outside_of_a_window() {
    // Half an hour after the window closed, by the time of the database.
    let clock = FastClock::new("2026-07-01T20:30:00Z", 100);
    let fixture = Fixture::at(builder(), clock).await;
    let window = "09:00-20:00".parse().expect("a window");
    let zoned = (0..20).map(|index| Recipient::new(phone(index)).zone("Africa/Abidjan"));
    let zoned: Vec<_> = zoned.collect();
    fixture.plan(&batch("a").window(window), zoned).await;
    // An hour slow: it would send.
    let slow = FastClock::new("2026-07-01T19:30:00Z", 100);
    let outbox = fixture.open().await.clock(slow.clone());
    let mut work = outbox.run(&client(fixture.sandbox.url(), slow));
    let event = work.next().await.expect("an event").expect("no error");
    let Event::Waiting { until, .. } = event else {
        panic!("{event}");
    };
    let opens: Timestamp = "2026-07-02T09:00:00Z".parse().expect("a time");
    assert_eq!(until, opens);
    drop(work);
    assert!(fixture.received().is_empty());
}

#[tokio::test]
async fn one_outbox_value_is_one_worker() {
    let fixture = Fixture::new().await;
    let waits = batch("a").not_before(Timestamp::now() + SignedDuration::from_hours(1000));
    fixture.plan(&waits, recipients(3)).await;
    let mut first = fixture.outbox.run(&fixture.client);
    first.next().await.expect("an event").expect("no error");
    let (_, error) = run(&fixture.outbox, &fixture.client).await;
    assert_eq!(error.expect("in use").kind(), ErrorKind::InUse);
}

#[tokio::test]
async fn the_ledger_has_the_time_of_its_database() {
    let fixture = Fixture::new().await;
    // A machine whose clock is a day slow.
    let slow = fixture.clock.now() - SignedDuration::from_hours(24);
    let outbox = fixture.open().await;
    let outbox = outbox.clock(FastClock::new(&slow.to_string(), 100));
    let list = format!("phone\n{}\n", phone(1));
    let imported = outbox.import_suppressions(list.as_bytes(), None).await;
    assert_eq!(imported.expect("a list"), 1);
    let listed = outbox.suppressions().await.expect("a list");
    let off = listed[0].since.duration_since(fixture.clock.now()).abs();
    assert!(off < SignedDuration::from_hours(1), "{off}");
    let batch = batch("a");
    let plan = outbox.plan_if(&batch, recipients(2), async |plan| {
        let off = plan.begins().duration_since(fixture.clock.now()).abs();
        assert!(off < SignedDuration::from_hours(1), "{off}");
        true
    });
    plan.await.expect("a plan").expect("accepted");
}
