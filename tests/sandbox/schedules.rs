//! Scheduled messages, and the clock that sends them.

use std::time::Duration;

use heymarket_api::Client;
use heymarket_api::types::{
    ContactStatusChange, CreateScheduledMessage, NewScheduledContent, SetContactStatus,
    UpdateScheduledMessage,
};
use heymarket_sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    CUSTOMER, OWNER, STRANGER, SUPPORT, builder, in_each_dialect, messages_that_say, sandbox, until,
};
use crate::support::time;

const NOON: &str = "2026-05-07T12:00:00Z";
const QUARTER: Duration = Duration::from_secs(15 * 60);

fn content() -> NewScheduledContent {
    NewScheduledContent::new().text("Later.")
}

/// Returns a client that leaves the check of the time to the server.
fn trusting(sandbox: &Sandbox) -> Client {
    let client = builder(sandbox).check_requests(false).build();
    client.expect("a client")
}

async fn schedule(client: &Client, phone: &str, at: Timestamp) -> Result<i64, String> {
    let request = CreateScheduledMessage::new(SUPPORT, at, content()).to_phone(phone);
    let made = client.create_scheduled_message(&request).await;
    made.map(|made| made.id).map_err(|error| {
        assert!(error.is_bad_request(), "{error}");
        error.message().unwrap_or_default().to_owned()
    })
}

#[tokio::test]
async fn a_schedule_must_be_a_future_quarter_hour() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    sandbox.freeze(time(NOON));
    let client = trusting(&sandbox);
    for (at, problem) in [
        ("2026-05-07T12:20:00Z", "quarter hour"),
        ("2026-05-07T12:30:01Z", "quarter hour"),
        ("2026-05-07T12:30:00.5Z", "quarter hour"),
        ("2026-05-07T12:00:00Z", "15 minutes ahead"),
        ("2026-05-07T11:00:00Z", "15 minutes ahead"),
    ] {
        let refused = schedule(&client, CUSTOMER, time(at)).await.expect_err(at);
        assert!(
            refused.contains("execute_at") && refused.contains(problem),
            "{refused}"
        );
    }
    sandbox.advance(Duration::from_secs(1));
    let soon = schedule(&client, CUSTOMER, time("2026-05-07T12:15:00Z")).await;
    assert!(soon.expect_err("too soon").contains("15 minutes"));
    sandbox.freeze(time(NOON));
    schedule(&client, CUSTOMER, time("2026-05-07T12:15:00Z"))
        .await
        .expect("in time");
    // A quarter hour in another offset.
    schedule(&client, CUSTOMER, time("2026-05-07T18:00:00+05:30"))
        .await
        .expect("in time");
}

#[tokio::test]
async fn a_scheduled_message_is_sent_when_it_is_due() {
    in_each_dialect(async |sandbox, _| {
        let client = trusting(sandbox);
        sandbox.freeze(time(NOON));
        let at = time("2026-05-07T12:30:00Z");
        let id = schedule(&client, STRANGER, at).await.expect("scheduled");
        sandbox.advance(QUARTER);
        client.get_scheduled_message(id).await.expect("still there");
        assert_eq!(messages_that_say(sandbox, "Later.").len(), 0);
        sandbox.advance(2 * QUARTER);
        let gone = client.get_scheduled_message(id).await;
        assert!(gone.expect_err("sent").is_not_found());
        let history = client.list_messages(SUPPORT, STRANGER, None).await;
        let history = history.expect("a history");
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].text.as_deref(), Some("Later."));
        assert_eq!(
            (history[0].creator_id, history[0].date),
            (Some(OWNER), Some(at))
        );
        sandbox.advance(2 * QUARTER);
        assert_eq!(messages_that_say(sandbox, "Later.").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_message_needs_no_request() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let at = time("2026-05-07T12:30:00Z");
    sandbox.set_time(time(NOON));
    schedule(&trusting(&sandbox), STRANGER, at)
        .await
        .expect("scheduled");
    sandbox.set_time(at - SignedDuration::from_millis(300));
    assert_eq!(messages_that_say(&sandbox, "Later.").len(), 0);
    // Reading the state sends nothing.
    until("it is sent", || {
        messages_that_say(&sandbox, "Later.").len() == 1
    })
    .await;
    assert!(sandbox.now() >= at);
}

#[tokio::test]
async fn a_scheduled_message_is_moved_and_deleted() {
    in_each_dialect(async |sandbox, _| {
        let client = trusting(sandbox);
        sandbox.freeze(time(NOON));
        let at = time("2026-05-07T12:30:00Z");
        let id = schedule(&client, STRANGER, at).await.expect("scheduled");
        let later = time("2026-05-07T13:30:00Z");
        let content = NewScheduledContent::new().text("Even later.");
        let update = UpdateScheduledMessage::new(SUPPORT, later, content).to_phone(CUSTOMER);
        client
            .update_scheduled_message(id, &update)
            .await
            .expect("moved");
        let now = client
            .get_scheduled_message(id)
            .await
            .expect("it")
            .into_inner();
        assert_eq!(now.execute_at, Some(later));
        sandbox.advance(3 * QUARTER);
        assert_eq!(messages_that_say(sandbox, "Later.").len(), 0);
        let other = time("2026-05-07T14:00:00Z");
        let other = schedule(&client, STRANGER, other).await.expect("scheduled");
        client
            .delete_scheduled_message(other)
            .await
            .expect("taken back");
        let again = client.delete_scheduled_message(other).await;
        assert!(again.expect_err("gone").is_not_found());
        sandbox.advance(12 * QUARTER);
        assert_eq!(messages_that_say(sandbox, "Later.").len(), 0);
        assert_eq!(messages_that_say(sandbox, "Even later.").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_rejected_scheduled_message_becomes_a_failed_one() {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = trusting(&sandbox);
    sandbox.freeze(time(NOON));
    let at = time("2026-05-07T12:30:00Z");
    schedule(&client, CUSTOMER, at).await.expect("scheduled");
    let gone = SetContactStatus::new(ContactStatusChange::Unsubscribed).phone(CUSTOMER);
    client.set_contact_status(&gone).await.expect("set");
    sandbox.advance(2 * QUARTER);
    let messages = messages_that_say(&sandbox, "Later.");
    let status: Vec<&Value> = messages.iter().map(|message| &message["status"]).collect();
    assert_eq!(status, ["failed"]);
    assert!(
        messages[0]["raw_error"]
            .as_str()
            .is_some_and(|error| !error.is_empty())
    );
}
