use heymarket_api::types::InboxId;
use heymarket_outbox::{Batch, ErrorKind, Reason, Recipient, Recipients, State};

use crate::support::{Fixture, INBOX, SENDER, batch, phone, recipients};

fn reminders() -> Batch {
    Batch::new("july", INBOX, SENDER).text("Hi {{first}}, see you {{time}}.")
}

fn csv(text: &str) -> Recipients<&[u8]> {
    Recipients::read(text.as_bytes()).expect("a header")
}

#[tokio::test]
async fn a_plan_that_is_declined_leaves_the_id_free() {
    let fixture = Fixture::new().await;
    let declined = batch("july").text("Hi").zone("America/Denver");
    let shown = fixture
        .outbox
        .plan_if(&declined, recipients(3), async |plan| {
            assert_eq!(plan.planned, 3);
            assert!(plan.to_string().contains("America/Denver"), "{plan}");
            false
        });
    assert!(shown.await.expect("no error").is_none());
    assert!(fixture.outbox.status("july").await.is_err());
    let accepted = batch("july").text("Bye");
    let kept = fixture
        .outbox
        .plan_if(&accepted, recipients(2), async |_| true);
    assert!(kept.await.expect("no error").is_some());
    // A batch that is there stays, whatever is answered.
    let again = fixture
        .outbox
        .plan_if(&accepted, recipients(2), async |_| false);
    assert!(again.await.expect("no error").is_none());
    assert_eq!(fixture.counts("july").await.of(State::Planned), 2);
}

#[tokio::test]
async fn a_plan_shows_who_gets_what_and_for_how_long() {
    let fixture = Fixture::new().await;
    let file = "phone,first,time\n15550100001,Robin,9:30\n15550100002,Sam,9:45\n15550100001,Ann,1\n123,Bo,2\n";
    let plan = fixture
        .outbox
        .plan(&reminders(), csv(file))
        .await
        .expect("a plan");
    assert_eq!((plan.recipients, plan.planned, plan.requests), (4, 2, 2));
    assert_eq!(plan.refused[&Reason::Duplicate], 1);
    assert_eq!(plan.refused[&Reason::InvalidNumber], 1);
    assert_eq!(
        plan.samples,
        ["Hi Robin, see you 9:30.", "Hi Sam, see you 9:45."]
    );
    assert_eq!(plan.segments, 2);
    let shown = plan.to_string();
    for expected in ["recipients  4", "to text     2", "1 duplicate", "> Hi Sam"] {
        assert!(shown.contains(expected), "{shown}");
    }
    assert!(!format!("{plan:?}").contains("Robin"));
    let rows = fixture.rows("july").await;
    let states: Vec<_> = rows
        .iter()
        .map(|row| (row.line, row.state, row.reason))
        .collect();
    let expected = [
        (2, State::Planned, None),
        (3, State::Planned, None),
        (4, State::Refused, Some(Reason::Duplicate)),
        (5, State::Refused, Some(Reason::InvalidNumber)),
    ];
    assert_eq!(states, expected);
}

#[tokio::test]
async fn planning_the_same_batch_again_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(30)).await;
    let before = fixture.rows("a").await;
    let again = fixture
        .outbox
        .plan(&batch("a"), recipients(30))
        .await
        .expect("the same");
    assert!(again.is_repeated);
    assert_eq!(
        (again.recipients, again.planned, again.segments),
        (30, 30, 30)
    );
    assert_eq!(fixture.rows("a").await, before);
    fixture.run().await;
    let sent = fixture
        .outbox
        .plan(&batch("a"), recipients(30))
        .await
        .expect("the same");
    assert_eq!((sent.recipients, sent.planned), (30, 0));
    fixture.run().await;
    assert!(fixture.received().values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_batch_that_changed_is_refused() {
    let fixture = Fixture::new().await;
    fixture.plan(&batch("a"), recipients(3)).await;
    let before = fixture.rows("a").await;
    let mut swapped = recipients(3);
    swapped.swap(1, 2);
    let cases = [
        (batch("a").text("Bye"), recipients(3), "another text"),
        (
            batch("a").media("https://example.com/a.png"),
            recipients(3),
            "another media",
        ),
        (
            Batch::new("a", InboxId(41002), SENDER).text("Hello"),
            recipients(3),
            "another inbox",
        ),
        (batch("a"), recipients(4), "line 4"),
        (batch("a"), recipients(2), "3 recipients, not 2"),
        (batch("a"), swapped, "line 2"),
    ];
    for (changed, recipients, expected) in cases {
        let error = fixture
            .outbox
            .plan(&changed, recipients)
            .await
            .expect_err("changed");
        assert_eq!(error.kind(), ErrorKind::Changed);
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("1555"), "{error}");
    }
    assert_eq!(fixture.rows("a").await, before);
}

#[tokio::test]
async fn a_changed_value_of_a_placeholder_is_a_changed_recipient() {
    let fixture = Fixture::new().await;
    let file = |time| format!("phone,first,time\n15550100001,Robin,{time}\n");
    let first = file("9:30");
    fixture
        .outbox
        .plan(&reminders(), csv(&first))
        .await
        .expect("a plan");
    let second = file("9:31");
    let error = fixture
        .outbox
        .plan(&reminders(), csv(&second))
        .await
        .expect_err("changed");
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[tokio::test]
async fn missing_values_refuse_the_plan_with_their_lines() {
    let fixture = Fixture::new().await;
    let file = "phone,first,time\n15550100001,Robin,9:30\n15550100002,,9:45\n15550100003,Ann,\n";
    let error = fixture
        .outbox
        .plan(&reminders(), csv(file))
        .await
        .expect_err("a gap");
    assert_eq!(error.kind(), ErrorKind::Input);
    let text = error.to_string();
    assert!(
        text.contains("2 lines: line 3 (first), line 4 (time)"),
        "{text}"
    );
    let status = fixture.outbox.status("july").await.expect_err("no batch");
    assert_eq!(status.kind(), ErrorKind::NoBatch);
    // What was written until then is gone, so the mended file is a new plan.
    let mended = "phone,first,time\n15550100001,Robin,9:30\n";
    let plan = fixture
        .outbox
        .plan(&reminders(), csv(mended))
        .await
        .expect("a plan");
    assert!(!plan.is_repeated);
    assert_eq!(plan.recipients, 1);
}

#[tokio::test]
async fn a_zone_that_is_none_names_the_line_and_not_the_value() {
    let fixture = Fixture::new().await;
    let file = "phone,zone\nUTC,15550100001\n";
    let day = batch("a").window("09:00-20:00".parse().expect("a window"));
    let error = fixture.outbox.plan(&day, csv(file)).await;
    let error = error.expect_err("no zone").to_string();
    assert!(
        error.contains("line 2") && !error.contains("1555"),
        "{error}"
    );
}

#[tokio::test]
async fn a_plan_that_was_interrupted_is_made_anew() {
    let fixture = Fixture::new().await;
    let broken = (0..5000).map(|index| {
        if index == 4500 {
            return Err(heymarket_outbox::Recipients::read("x\n".as_bytes()).expect_err("no phone"));
        }
        Ok(Recipient::new(phone(index)))
    });
    fixture
        .outbox
        .plan(&batch("a"), broken)
        .await
        .expect_err("broken");
    {
        let long = batch("a");
        let planning = fixture.outbox.plan(&long, recipients(9000));
        let cut = tokio::time::timeout(std::time::Duration::from_millis(30), planning);
        let _ = cut.await;
    }
    let plan = fixture.outbox.plan(&batch("a"), recipients(100)).await;
    // Either the one that was cut off was whole by then, or it left nothing.
    match plan {
        Ok(plan) => assert_eq!((plan.recipients, plan.planned), (100, 100)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Changed),
    }
}

#[tokio::test]
async fn an_allow_list_refuses_everyone_else() {
    let fixture = Fixture::new().await;
    let trial = batch("a").country("US").allow_only(["+1 555 010 0001"]);
    fixture.plan(&trial, recipients(5)).await;
    let counts = fixture.counts("a").await;
    assert_eq!(counts.of(State::Planned), 1);
    assert_eq!(counts.of_reason(State::Refused, Reason::NotAllowed), 4);
    fixture.run().await;
    assert_eq!(
        fixture.received().into_keys().collect::<Vec<_>>(),
        [phone(1)]
    );
}

#[tokio::test]
async fn another_allow_list_is_another_plan() {
    let fixture = Fixture::new().await;
    let trial = |numbers: &[&str]| batch("a").country("US").allow_only(numbers.iter().copied());
    fixture.plan(&batch("a").country("US"), recipients(3)).await;
    for numbers in [&["+15550100001"][..], &[]] {
        let again = fixture.outbox.plan(&trial(numbers), recipients(3)).await;
        let error = again.expect_err("planned for all").to_string();
        assert!(error.contains("another allow-list"), "{error}");
    }
    let fixture = Fixture::new().await;
    fixture.plan(&trial(&["+15550100001"]), recipients(3)).await;
    let same = trial(&["555-010-0001"]);
    let again = fixture.outbox.plan(&same, recipients(3)).await;
    assert!(again.expect("the same number").is_repeated);
    let all = batch("a").country("US");
    let again = fixture.outbox.plan(&all, recipients(3)).await;
    let error = again.expect_err("planned for one").to_string();
    assert!(error.contains("another allow-list"), "{error}");
}

#[tokio::test]
async fn a_batch_that_cannot_be_right_is_refused() {
    let fixture = Fixture::new().await;
    let cases = [
        (Batch::new("", INBOX, SENDER).text("Hi"), "an ID"),
        (Batch::new("a", INBOX, SENDER), "nothing to send"),
        (batch("a").text("Hi {{first"), "not closed"),
        (batch("a").country("America"), "two letters"),
        (batch("a").zone("Mars"), "time zone"),
        (batch("a").allow_only(["1"]), "allow-list"),
    ];
    for (wrong, expected) in cases {
        let error = fixture
            .outbox
            .plan(&wrong, recipients(1))
            .await
            .expect_err("wrong");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = fixture
        .outbox
        .plan(&batch("a"), recipients(0))
        .await
        .expect_err("nobody");
    assert!(error.to_string().contains("no recipients"), "{error}");
}

#[tokio::test]
async fn a_character_that_doubles_the_cost_is_warned_of() {
    let fixture = Fixture::new().await;
    let text = format!("It{{{{apostrophe}}}}s {}", "a".repeat(90));
    let file = "phone,apostrophe\n15550100001,'\n15550100002,’\n";
    let plan = fixture
        .outbox
        .plan(&batch("a").text(text), csv(file))
        .await
        .expect("a plan");
    assert_eq!(plan.segments, 3);
    assert_eq!(plan.warning_count, 1);
    assert_eq!(
        plan.warnings[0].to_string(),
        "line 3: “’” makes it 2 segments"
    );
}
