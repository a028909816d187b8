use std::time::Duration;

use heymarket_api::Clock as _;
use heymarket_outbox::{Event, Reason, Recipient, State, WaitCause, Window};
use heymarket_sandbox::{Fault, Rule};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::support::{FastClock, Fixture, Place, batch, builder, phone, recipients, run};

fn window(text: &str) -> Window {
    text.parse().expect("a window")
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Recipients of which one half is in New York and one in Los Angeles.
fn coasts(count: usize) -> Vec<Recipient> {
    let zones = ["America/New_York", "America/Los_Angeles"];
    (0..count)
        .map(|index| Recipient::new(phone(index)).zone(zones[index % 2]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_is_texted_in_its_own_hours() {
    // One in the morning in New York. An hour takes 180 ms.
    let clock = FastClock::new("2026-07-01T05:00:00Z", 20_000);
    let fixture = Fixture::at(builder(), clock).await;
    fixture
        .plan(&batch("a").window(window("09:00-20:00")), coasts(40))
        .await;
    let events = fixture.run().await;
    let causes: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { until, cause, .. } => Some((*cause, *until)),
            _ => None,
        })
        .collect();
    let expected = [
        (WaitCause::Window, time("2026-07-01T13:00:00Z")),
        (WaitCause::Window, time("2026-07-01T16:00:00Z")),
    ];
    assert_eq!(causes, expected);
    for (index, row) in fixture.rows("a").await.into_iter().enumerate() {
        assert_eq!(row.state, State::Sent);
        let zone = TimeZone::get(["America/New_York", "America/Los_Angeles"][index % 2]);
        let hour = zone
            .expect("a zone")
            .to_datetime(row.attempted.expect("a time"))
            .hour();
        assert!((9..20).contains(&hour), "{hour}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closes_moves_the_rest_to_the_next_day() {
    // How many are sent before the window closes depends on the machine.
    for _ in 0..20 {
        if days_of_a_batch_before_midnight().await >= 2 {
            return;
        }
    }
    panic!("no batch was parted by the end of its window");
}

/// Sends a batch that begins two minutes before midnight, and returns on how many
/// days its messages left. The window closes for half a minute before midnight.
async fn days_of_a_batch_before_midnight() -> usize {
    let clock = FastClock::new("2026-07-02T03:58:00Z", 200);
    let fixture = Fixture::at(builder(), clock).await;
    let only = window("00:00-24:00");
    let late = batch("a").window(only).zone("America/New_York");
    fixture.plan(&late, recipients(400)).await;
    let outbox = fixture.outbox.clone().concurrency(1);
    let mut run = outbox.run(&fixture.client);
    while let Some(event) = run.next().await {
        event.expect("an event");
    }
    let zone = TimeZone::get("America/New_York").expect("a zone");
    let mut days = std::collections::BTreeSet::new();
    for row in fixture.rows("a").await {
        assert_eq!(row.state, State::Sent);
        let local = zone.to_datetime(row.attempted.expect("a time"));
        let time = (local.hour(), local.minute(), local.second());
        assert!(time < (23, 59, 30), "{local}");
        days.insert(local.date());
    }
    days.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_is_the_columns_the_numbers_or_the_batchs() {
    let clock = FastClock::new("2026-07-01T12:00:00Z", 50_000);
    let fixture = Fixture::at(builder(), clock).await;
    let people = vec![
        // The column, though the number is of New York.
        Recipient::new("+1 212 555 0123").zone("America/Chicago"),
        Recipient::new("+1 212 555 0124"),
        Recipient::new(phone(1)),
    ];
    let plan = batch("a")
        .window(window("09:00-09:30"))
        .zone("America/Denver");
    fixture.plan(&plan, people).await;
    fixture.run().await;
    let rows = fixture.rows("a").await;
    for (row, hour) in rows.iter().zip([14, 13, 15]) {
        let at = TimeZone::UTC.to_datetime(row.attempted.expect("a time"));
        assert_eq!(at.hour(), hour, "{row:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_expires_and_is_never_late() {
    let clock = FastClock::new("2026-07-01T12:00:00Z", 100);
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(3);
    let fixture = Fixture::at(builder().rule(slow), clock).await;
    let end = time("2026-07-01T12:06:40Z");
    let start = time("2026-07-01T12:01:40Z");
    fixture
        .plan(
            &batch("a").not_before(start).not_after(end),
            recipients(3000),
        )
        .await;
    let outbox = fixture.outbox.clone().concurrency(1);
    let mut run = outbox.run(&fixture.client);
    let mut expired = 0;
    while let Some(event) = run.next().await {
        if let Event::Expired { recipients, .. } = event.expect("an event") {
            expired += recipients;
        }
    }
    let counts = fixture.counts("a").await;
    assert!(expired > 0 && counts.of(State::Sent) > 0, "{counts}");
    assert_eq!(counts.of_reason(State::Expired, Reason::TooLate), expired);
    assert_eq!(counts.of(State::Sent) + expired, 3000);
    for row in fixture.rows("a").await {
        if let Some(attempted) = row.attempted {
            assert!((start..end).contains(&attempted), "{attempted}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_never_opens_expires() {
    let fixture = Fixture::new().await;
    let never = window("09:00-20:00").weekdays([]);
    fixture.plan(&batch("a").window(never), recipients(5)).await;
    fixture.run().await;
    assert_eq!(
        fixture
            .counts("a")
            .await
            .of_reason(State::Expired, Reason::NoWindow),
        5
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_this_machine_does_not_know_is_not_texted() {
    let fixture = Fixture::new().await;
    let always = window("00:00-24:00");
    let plan = batch("a").window(always).zone("America/Denver");
    fixture.plan(&plan, recipients(3)).await;
    // As another machine with newer data would have it.
    match &fixture.place {
        Place::File(folder) => {
            let path = folder.path().join("outbox.db");
            let file = rusqlite::Connection::open(path).expect("a file");
            let sql = "UPDATE zones SET name = 'Mars/Olympus_Mons'";
            file.execute(sql, []).expect("an update");
        }
        #[cfg(feature = "postgres")]
        Place::Database(database) => {
            let sql = "UPDATE heymarket_outbox.zones SET name = 'Mars/Olympus_Mons'";
            database.execute(sql).expect("an update");
        }
    }
    let (_, error) = run(&fixture.outbox, &fixture.client).await;
    let error = error.expect("an unknown zone").to_string();
    assert!(error.contains("Mars/Olympus_Mons"), "{error}");
    assert!(fixture.received().is_empty());
    assert_eq!(fixture.counts("a").await.of(State::Planned), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_takes_long_sends_nothing_after_a_window() {
    const SCALE: u32 = 200;
    // Twenty minutes before the window closes: six seconds here.
    let start = "2026-07-01T19:40:00Z";
    let builder = builder().time_scale(SCALE);
    let fixture = Fixture::at(builder, FastClock::new(start, SCALE)).await;
    fixture.sandbox.set_time(time(start));
    let day = batch("a").window(window("09:00-20:00")).zone("UTC");
    fixture.plan(&day, recipients(3000)).await;
    let mut run = fixture.outbox.run(&fixture.client);
    for _ in 0..50 {
        run.next().await.expect("an event").expect("no error");
    }
    let running = tokio::spawn(async move {
        while let Some(event) = run.next().await {
            event.expect("no error");
        }
    });
    // Some of the messages wait for the ledger.
    let closes = time("2026-07-01T20:00:00Z");
    let left = closes.duration_since(fixture.clock.now()) / i32::try_from(SCALE).expect("small");
    let left = Duration::try_from(left).expect("a machine that is fast enough");
    tokio::task::block_in_place(|| fixture.place.hold(left + Duration::from_millis(50)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.abort();
    let texted = fixture.sandbox.sent();
    assert!(texted.len() < 3000);
    for message in texted {
        assert!(message.date < closes, "{}", message.date);
    }
    assert_eq!(fixture.counts("a").await.of(State::Refused), 0);
}
