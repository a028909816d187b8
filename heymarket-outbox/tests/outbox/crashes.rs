use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use heymarket_outbox::{Batch, Counts, Event, Reason, State, Unknown};
use heymarket_sandbox::{Fault, Rule};
use tokio::process::Command;

use crate::support::{
    self, FastClock, Fixture, Place, batch, builder, client, open, recipients, seed,
};

/// A batch that may send again what it does not find.
fn resending(id: &str) -> Batch {
    batch(id).unknown(Unknown::ResendAfter(Duration::from_secs(61)))
}

/// A rough network: answers that are lost after and before the processing.
fn rough(seed: u64) -> [Rule; 4] {
    let rule = |fault| Rule::new(fault).operation("send_message").seed(seed);
    [
        rule(Fault::CloseAfter).probability(0.03),
        rule(Fault::CutOff).probability(0.03),
        rule(Fault::CloseBefore).probability(0.03),
        rule(Fault::Delay).delay_ms(3).probability(0.5),
    ]
}

fn assert_each_once(received: &BTreeMap<String, usize>, counts: &Counts, count: usize) {
    let doubled = received.values().filter(|count| **count > 1).count();
    assert_eq!(doubled, 0, "doubled; {counts}");
    assert_eq!(received.len(), count, "{counts}");
    assert_eq!(counts.of(State::Sent), count as u64, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_dropped_at_any_moment_sends_nothing_twice() {
    const COUNT: usize = 400;
    let mut builder = builder();
    for rule in rough(seed()) {
        builder = builder.rule(rule);
    }
    let fixture = Fixture::with(builder).await;
    fixture.plan(&resending("a"), recipients(COUNT)).await;
    // 1 to 40 milliseconds, by a generator that is the same each time.
    let mut random = seed();
    let mut drops = 0;
    loop {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let patience = Duration::from_millis(1 + (random >> 33) % 40);
        // Each begins as another process would: from the file alone.
        let outbox = fixture.open().await.clock(fixture.clock.clone());
        let mut run = outbox.run(&fixture.client);
        let until = tokio::time::Instant::now() + patience;
        let is_over = loop {
            // The last run may take as long as it needs.
            let next = if drops < 60 {
                tokio::time::timeout_at(until, run.next()).await
            } else {
                Ok(run.next().await)
            };
            match next {
                Ok(Some(event)) => drop(event.expect("an event")),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        if is_over {
            break;
        }
        drops += 1;
    }
    assert!(drops >= 20, "{drops} drops");
    assert_each_once(&fixture.received(), &fixture.counts("a").await, COUNT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_flight_at_a_crash_is_looked_up() {
    // The first one is alone; then as many as may be are in flight.
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .from(2)
        .delay_ms(20_000);
    let fixture = Fixture::with(builder().rule(slow)).await;
    fixture.plan(&batch("a"), recipients(40)).await;
    let mut run = fixture.outbox.run(&fixture.client);
    run.next().await.expect("an event").expect("no error");
    while fixture.counts("a").await.of(State::Attempting) < 32 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(run);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Attempting), 32, "{counts}");
    fixture.sandbox.clear_rules();
    let events = fixture.run().await;
    let waits = events
        .iter()
        .filter(|event| matches!(event, Event::Waiting { .. }))
        .count();
    assert!(waits > 0, "{events:?}");
    let counts = fixture.counts("a").await;
    // The sandbox drops what waits in it along with its connection.
    let found = counts.of_reason(State::Sent, Reason::FoundInHistory);
    assert_eq!(found + counts.of(State::NeedsReview), 32, "{counts}");
    let received = fixture.received();
    assert_eq!(received.len() as u64, counts.of(State::Sent));
    assert!(received.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_waits_for_the_settle_time_whatever_the_clock_says() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(2)).await;
    let rule = Rule::new(Fault::CloseAfter)
        .operation("send_message")
        .nth(1);
    fixture.sandbox.add_rule(rule).expect("a rule");
    // A clock that is set ahead by a day, and one that is set back.
    for start in ["2026-07-02T16:00:00Z", "2026-06-30T16:00:00Z"] {
        let clock = FastClock::new(start, 100);
        let outbox = fixture.open().await.clock(clock.clone());
        let client = client(fixture.sandbox.url(), clock);
        let begun = tokio::time::Instant::now();
        let mut run = outbox.run(&client);
        let mut was_unknown = false;
        let mut found = None;
        while let Some(event) = run.next().await {
            match event.expect("an event") {
                Event::Unknown(_) => was_unknown = true,
                Event::Sent(row) if row.reason == Some(Reason::FoundInHistory) => {
                    found = Some(begun.elapsed());
                    break;
                }
                // Killed before it is looked up.
                Event::Waiting { .. } if start.starts_with("2026-07-02") => break,
                _ => {}
            }
        }
        if start.starts_with("2026-07-02") {
            assert!(was_unknown);
        } else {
            // 60 seconds are 600 milliseconds here.
            assert!(found.expect("found") >= Duration::from_millis(600));
        }
    }
    assert_each_once(&fixture.received(), &fixture.counts("a").await, 2);
}

/// The environment of the process that is killed.
const CHILD: &str = "OUTBOX_CHILD";

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_at_any_moment_sends_nothing_twice() {
    const COUNT: usize = 600;
    let mut builder = builder();
    for rule in rough(seed()) {
        builder = builder.rule(rule);
    }
    let sandbox = builder.start().await.expect("a sandbox");
    let place = Place::new();
    let outbox = open(&place.name()).await;
    outbox
        .plan(&resending("a"), recipients(COUNT))
        .await
        .expect("a plan");
    let mut random = seed();
    let mut kills = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "crashes::the_process_that_is_killed",
                "--ignored",
            ])
            .env(CHILD, format!("{} {}", sandbox.url(), place.name()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let patience = Duration::from_millis(20 + (random >> 33) % 120);
        let ended = if kills < 25 {
            tokio::time::timeout(patience, child.wait()).await
        } else {
            Ok(child.wait().await)
        };
        match ended {
            Ok(status) => {
                assert!(status.expect("a status").success());
                break;
            }
            Err(_) => {
                // SIGKILL.
                child.kill().await.expect("a kill");
                kills += 1;
            }
        }
    }
    assert!(kills >= 5, "{kills} kills");
    let counts = outbox.status("a").await.expect("a batch").counts;
    assert_each_once(&support::received(&sandbox), &counts, COUNT);
}

/// Not a test: what the one above runs and kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is a process of another test"]
async fn the_process_that_is_killed() {
    let Ok(child) = std::env::var(CHILD) else {
        return;
    };
    let (url, path) = child.split_once(' ').expect("a URL and a path");
    let clock = FastClock::new("2026-07-01T16:00:00Z", 100);
    let outbox = open(path).await.clock(clock.clone());
    let mut run = outbox.run(&client(url, clock));
    while let Some(event) = run.next().await {
        event.expect("an event");
    }
}
