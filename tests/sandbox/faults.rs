//! Faults that bulk sending meets: lag, caps, quiet hours, slow bodies, busy
//! limits and a fast clock.

use std::time::{Duration, Instant};

use heymarket_sandbox::{Deduplication, Fault, Rule, Sandbox};
use jiff::civil::time as hour;
use serde_json::{Value, json};

use super::{
    CUSTOMER, OWNER, STRANGER, SUPPORT, call, in_each_dialect, messages_that_say, sandbox, until,
};
use crate::support::time;

fn text(to: &str, text: &str) -> Value {
    json!({"inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": to, "text": text})
}

async fn send(sandbox: &Sandbox, body: &Value) -> super::Response {
    call(sandbox, "POST /v1/message/send")
        .json(body)
        .send()
        .await
}

/// Returns the texts of the history of a number, latest first.
async fn history(sandbox: &Sandbox, phone: &str) -> Vec<String> {
    let line = format!("GET /v1/messages?inboxID={SUPPORT}&phoneNumber={phone}");
    let messages = call(sandbox, &line).send().await.body;
    let messages = messages.as_array().expect("messages").iter();
    messages
        .map(|message| message["text"].as_str().expect("a text").to_owned())
        .collect()
}

async fn list_texts(sandbox: &Sandbox, order: &str, ascending: bool) -> Vec<String> {
    let body = json!({"order": order, "ascending": ascending, "limit": 1000});
    let messages = call(sandbox, "POST /v1/messages/all")
        .json(&body)
        .send()
        .await;
    let messages = messages.body.as_array().expect("messages").clone();
    messages
        .iter()
        .map(|message| message["text"].as_str().expect("a text").to_owned())
        .collect()
}

#[tokio::test]
async fn a_history_lags_by_as_many_seconds_as_its_rule_says() {
    let rule = Rule::new(Fault::HistoryLag).lag_seconds(60);
    let sandbox = sandbox().rule(rule).start().await.expect("a sandbox");
    sandbox.freeze(time("2026-11-02T12:00:00Z"));
    assert_eq!(send(&sandbox, &text(STRANGER, "Late.")).await.status, 200);
    sandbox.advance(Duration::from_secs(60));
    assert_eq!(history(&sandbox, STRANGER).await, [] as [&str; 0]);
    let hidden = |texts: Vec<String>| !texts.contains(&"Late.".to_owned());
    for order in ["created_at", "updated_at"] {
        for ascending in [false, true] {
            assert!(hidden(list_texts(&sandbox, order, ascending).await));
        }
    }
    let count = call(&sandbox, "POST /v1/messages/all/count").json(&json!({}));
    let before = count.send().await.body;
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(history(&sandbox, STRANGER).await, ["Late."]);
    for order in ["created_at", "updated_at"] {
        for ascending in [false, true] {
            assert!(!hidden(list_texts(&sandbox, order, ascending).await));
        }
    }
    let count = call(&sandbox, "POST /v1/messages/all/count").json(&json!({}));
    let after = count.send().await.body;
    let number = |count: &Value| count.as_str().expect("a string").parse::<u64>();
    assert_eq!(
        number(&before).expect("a count") + 1,
        number(&after).expect("a count")
    );
}

#[tokio::test]
async fn a_page_is_capped_whatever_is_asked_for() {
    let rule = Rule::new(Fault::PageCap).max_items(7);
    let sandbox = sandbox().rule(rule).start().await.expect("a sandbox");
    for (line, body) in [
        ("POST /v1/contacts", json!({"limit": 50})),
        ("POST /v1/messages/all", json!({})),
        ("POST /v2/contacts/list", json!({"limit": 8})),
    ] {
        let page = call(&sandbox, line).json(&body).send().await;
        assert_eq!(page.body.as_array().expect(line).len(), 7, "{line}");
    }
    assert_eq!(history(&sandbox, CUSTOMER).await.len(), 7);
    let second = json!({"limit": 50, "page": 1});
    let second = call(&sandbox, "POST /v2/contacts/list")
        .json(&second)
        .send()
        .await;
    let first = call(&sandbox, "POST /v2/contacts/list").json(&json!({"limit": 50}));
    let first = first.send().await;
    let ids = |page: &Value| -> Vec<i64> {
        let items = page.as_array().expect("a page").iter();
        items
            .map(|item| item["id"].as_i64().expect("an id"))
            .collect()
    };
    let both: std::collections::BTreeSet<_> = ids(&first.body)
        .into_iter()
        .chain(ids(&second.body))
        .collect();
    assert_eq!(both.len(), 14, "capped pages follow each other");
}

#[tokio::test]
async fn a_sparse_list_lacks_what_a_single_read_has() {
    in_each_dialect(async |sandbox, client| {
        sandbox
            .add_rule(Rule::new(Fault::SparseLists))
            .expect("a rule");
        let page = call(sandbox, "POST /v1/contacts").json(&json!({"limit": 72}));
        let page = page.send().await.body;
        for contact in page.as_array().expect("contacts") {
            assert!(contact.get("custom").is_none() && contact.get("tags").is_none());
            assert!(contact["id"].is_i64() && contact["phone"].is_string());
        }
        let ids = page.as_array().expect("contacts").iter();
        let mut tagged = 0;
        for id in ids.map(|contact| contact["id"].as_i64().expect("an id")) {
            let contact = client.get_contact(id).await.expect("a contact");
            tagged += usize::from(contact.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
        }
        assert!(tagged > 5, "{tagged}");
    })
    .await;
}

#[tokio::test]
async fn quiet_hours_hold_messages_until_they_end() {
    let rule = Rule::new(Fault::QuietHours).quiet_hours(hour(21, 0, 0, 0), hour(8, 0, 0, 0));
    let sandbox = sandbox().rule(rule).start().await.expect("a sandbox");
    sandbox.freeze(time("2026-11-02T22:00:00Z"));
    let sent = send(&sandbox, &text(STRANGER, "Held.")).await;
    assert_eq!(sent.status, 200);
    let comment = json!({
        "inbox_id": SUPPORT, "creator_id": OWNER, "phone_number": STRANGER,
        "text": "A comment.", "private": true,
    });
    assert_eq!(send(&sandbox, &comment).await.status, 200);
    assert_eq!(history(&sandbox, STRANGER).await, ["A comment."]);
    sandbox.assert_sent([] as [(&str, &str); 0]);
    let inboxes = call(&sandbox, "GET /v1/inboxes").send().await.body;
    assert_eq!(inboxes[0]["is_quiet_hours"], true);
    assert_eq!(inboxes[0]["business_hours"]["weekday_start_hour"], 8);

    sandbox.freeze(time("2026-11-03T07:59:59Z"));
    assert_eq!(messages_that_say(&sandbox, "Held.").len(), 0);
    sandbox.freeze(time("2026-11-03T08:00:00Z"));
    assert_eq!(history(&sandbox, STRANGER).await, ["Held.", "A comment."]);
    let message = &messages_that_say(&sandbox, "Held.")[0];
    assert_eq!(message["id"], sent.body["id"]);
    assert_eq!(message["date"], "2026-11-03T08:00:00Z");
    assert_eq!(send(&sandbox, &text(STRANGER, "By day.")).await.status, 200);
    sandbox.assert_sent([(STRANGER, "Held."), (STRANGER, "By day.")]);
}

#[tokio::test]
async fn held_messages_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let rule = Rule::new(Fault::QuietHours).quiet_hours(hour(0, 0, 0, 0), hour(23, 59, 0, 0));
    let first = sandbox().state_file(&path).rule(rule).start().await;
    let first = first.expect("a sandbox");
    first.freeze(time("2026-11-02T12:00:00Z"));
    assert_eq!(send(&first, &text(STRANGER, "Held.")).await.status, 200);
    first.stop().await.expect("stopped");
    let second = sandbox()
        .state_file(&path)
        .start()
        .await
        .expect("the state");
    assert_eq!(messages_that_say(&second, "Held.").len(), 0);
    second.freeze(time("2026-11-03T00:00:00Z"));
    assert_eq!(history(&second, STRANGER).await, ["Held."]);
}

#[tokio::test]
async fn a_slow_body_takes_as_long_as_its_rule_says() {
    let rule = Rule::new(Fault::SlowDrip).delay_ms(400);
    let sandbox = sandbox().rule(rule).start().await.expect("a sandbox");
    let start = Instant::now();
    let request = call(&sandbox, "GET /v1/team").request.send();
    let mut response = request.await.expect("a response");
    let head = start.elapsed();
    let mut pieces = Vec::new();
    while let Some(piece) = response.chunk().await.expect("a piece") {
        pieces.push(piece);
    }
    let whole = start.elapsed();
    assert!(whole >= Duration::from_millis(390), "{whole:?}");
    assert!(head < whole / 2, "{head:?} of {whole:?}");
    assert!(pieces.len() > 10, "{}", pieces.len());
    let body: Value = serde_json::from_slice(&pieces.concat()).expect("the whole body");
    assert_eq!(body["id"], 6001);
}

#[tokio::test]
async fn other_programs_use_up_the_limit() {
    let rule = Rule::new(Fault::BusyLimit).requests(60);
    let sandbox = Sandbox::builder().rate_limit(100).rule(rule);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let mut admitted = 0;
    // In the first half of a minute, others send 30 requests of 100.
    assert_eq!(call(&sandbox, "GET /v1/team").send().await.status, 200);
    sandbox.freeze(sandbox.now() + jiff::SignedDuration::from_secs(30));
    while call(&sandbox, "GET /v1/team").send().await.status == 200 {
        admitted += 1;
    }
    assert_eq!(admitted + 1, 70);
}

#[tokio::test]
async fn a_run_of_429s_in_the_middle_says_when_to_retry() {
    let rule = "fault=status,status=429,from=3,times=2,retry_after_seconds=2";
    let sandbox = sandbox().rule(rule.parse().expect("a rule"));
    let sandbox = sandbox.start().await.expect("a sandbox");
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let response = call(&sandbox, "GET /v1/team").send().await;
        let is_429 = response.status == 429;
        assert_eq!(response.header("retry-after"), is_429.then_some("2"));
        statuses.push(response.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429, 200, 200]);
}

#[tokio::test]
async fn a_fast_clock_drives_limit_schedule_and_time() {
    let sandbox = Sandbox::builder().rate_limit(5).time_scale(1000);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let start = sandbox.now();
    let mut refused = 0;
    for _ in 0..20 {
        let status = call(&sandbox, "GET /v1/team").send().await.status;
        refused += usize::from(status == 429);
        if status == 429 {
            // A minute is 60 milliseconds.
            tokio::time::sleep(Duration::from_millis(61)).await;
        }
    }
    assert!((1..10).contains(&refused), "{refused}");
    sandbox.set_time(time("2026-11-02T12:00:00Z"));
    let schedule = json!({
        "inbox_id": SUPPORT, "execute_at": "2026-11-02T13:00:00Z", "phone_number": STRANGER,
        "content": {"text": "On time."},
    });
    sandbox.advance(Duration::from_secs(60));
    let scheduled = call(&sandbox, "POST /v1/schedule")
        .json(&schedule)
        .send()
        .await;
    assert_eq!(scheduled.status, 200, "{:?}", scheduled.body);
    until("an hour is less than four seconds", || {
        messages_that_say(&sandbox, "On time.").len() == 1
    })
    .await;
    assert!(sandbox.now() > start || sandbox.now() > time("2026-11-02T13:00:00Z"));
}

#[tokio::test]
async fn a_local_id_is_kept_for_all_for_lists_or_for_none() {
    for (deduplication, texts, broadcasts) in [
        (Deduplication::All, 1, 1),
        (Deduplication::Lists, 2, 1),
        (Deduplication::None, 2, 2),
    ] {
        let sandbox = sandbox().deduplication(deduplication).start().await;
        let sandbox = sandbox.expect("a sandbox");
        let mut single = text(STRANGER, "One.");
        single["local_id"] = "one".into();
        let lists = super::remembered(&sandbox, "lists");
        let list = lists.iter().find(|list| list["name"] == "First ten");
        let list = &list.expect("a list of the demo data")["id"];
        let broadcast = json!({
            "inbox_id": SUPPORT, "creator_id": OWNER, "list_id": list, "local_id": "many",
            "text": "To all.",
        });
        for body in [&single, &single, &broadcast, &broadcast] {
            let response = send(&sandbox, body).await;
            assert_eq!(response.status, 200, "{:?}", response.body);
        }
        assert_eq!(
            messages_that_say(&sandbox, "One.").len(),
            texts,
            "{deduplication:?}"
        );
        assert_eq!(
            messages_that_say(&sandbox, "To all.").len(),
            10 * broadcasts,
            "{deduplication:?}"
        );
    }
}
