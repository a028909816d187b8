use std::time::Duration;

use heymarket_api::types::{CreateTemplate, NewTemplateContent};
use heymarket_outbox::{Batch, Event, State, WaitCause};
use heymarket_sandbox::{Fault, Rule};
use jiff::civil::time;
use jiff::{SignedDuration, Timestamp};

use crate::support::{FastClock, Fixture, INBOX, SENDER, batch, builder, recipients};

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_sent_and_filled_by_the_server() {
    let fixture = Fixture::new().await;
    let template = CreateTemplate::new("Invented", NewTemplateContent::new("See you soon."));
    let template = fixture.client.create_template(&template).await;
    let template = template.expect("a template").id;
    let plan = Batch::new("a", INBOX, SENDER).template(template);
    fixture.plan(&plan, recipients(5)).await;
    fixture.run().await;
    let sent = fixture.sandbox.sent();
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|message| message.text == "See you soon."));
    assert_eq!(fixture.counts("a").await.of(State::Sent), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_is_sent_with_and_without_a_text() {
    const PICTURE: &str = "https://example.com/map.png";
    let fixture = Fixture::new().await;
    let alone = Batch::new("alone", INBOX, SENDER).media(PICTURE);
    fixture.plan(&alone, recipients(3)).await;
    let both = batch("both").text("Here is the map.").media(PICTURE);
    fixture.plan(&both, recipients(3)).await;
    fixture.run().await;
    let sent = fixture.sandbox.sent();
    assert!(sent.iter().all(|message| message.media == PICTURE));
    let texts = |text: &str| sent.iter().filter(|message| message.text == text).count();
    assert_eq!((texts(""), texts("Here is the map.")), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quiet_hours_of_the_inbox_hold_a_batch() {
    const SCALE: u32 = 600;
    let start: Timestamp = "2026-11-02T07:50:00Z".parse().expect("a time");
    let quiet = Rule::new(Fault::QuietHours).quiet_hours(time(21, 0, 0, 0), time(8, 0, 0, 0));
    let builder = builder().time_scale(SCALE).rule(quiet);
    let clock = FastClock::new(&start.to_string(), SCALE);
    let fixture = Fixture::at(builder, clock).await;
    fixture.sandbox.set_time(start);
    fixture.plan(&batch("a"), recipients(20)).await;
    let events = tokio::time::timeout(Duration::from_secs(30), fixture.run());
    let events = events.await.expect("an end");
    let waited = events.iter().any(|event| {
        matches!(
            event,
            Event::Waiting {
                cause: WaitCause::QuietHours,
                ..
            }
        )
    });
    assert!(waited, "{events:?}");
    let opens = start + SignedDuration::from_mins(10);
    for row in fixture.rows("a").await {
        assert_eq!(row.state, State::Sent);
        // The inbox is asked every five minutes.
        let attempted = row.attempted.expect("a time");
        assert!(attempted >= opens, "{attempted}");
    }
}
