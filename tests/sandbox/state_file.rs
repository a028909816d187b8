//! The state file.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use heymarket_api::types::{CreateScheduledMessage, NewScheduledContent, SendMessage};
use heymarket_sandbox::{Sandbox, Webhook};
use serde_json::{Map, Value, json};

use super::{
    CUSTOMER, OWNER, STRANGER, SUPPORT, builder, call, client, messages_that_say, remembered,
    sandbox, until,
};
use crate::support::time;

async fn with_file(path: &Path) -> Sandbox {
    let sandbox = sandbox().state_file(path).start().await;
    sandbox.expect("a sandbox")
}

fn saved(path: &Path) -> Value {
    let bytes = std::fs::read(path).expect("the file");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn the_state_survives_a_stop_and_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let first = with_file(&path).await;
    let message = SendMessage::new(SUPPORT, OWNER)
        .text("Remember me.")
        .local_id("key");
    let message = message.to_phone(STRANGER);
    let sent = client(&first)
        .send_message(&message)
        .await
        .expect("sent")
        .id;
    first.freeze(time("2026-05-07T12:00:00Z"));
    let trusting = builder(&first)
        .check_requests(false)
        .build()
        .expect("a client");
    let at = time("2026-05-07T12:30:00Z");
    let content = NewScheduledContent::new().text("Later.");
    let request = CreateScheduledMessage::new(SUPPORT, at, content).to_phone(CUSTOMER);
    trusting
        .create_scheduled_message(&request)
        .await
        .expect("scheduled");
    let state = first.state().expect("the state");
    first.stop().await.expect("saved");

    let second = with_file(&path).await;
    assert_eq!(second.state().expect("the state"), state);
    // The indexes are rebuilt.
    let client = client(&second);
    let again = client.send_message(&message).await.expect("taken");
    assert_eq!(again.id, sent);
    let history = client
        .list_messages(SUPPORT, STRANGER, None)
        .await
        .expect("a history");
    assert_eq!(history.len(), 1);
    let next = SendMessage::new(SUPPORT, OWNER)
        .text("Next.")
        .to_phone(STRANGER);
    let next = client.send_message(&next).await.expect("sent").id;
    assert!(next > sent);
    second.advance(Duration::from_secs(3600));
    assert_eq!(messages_that_say(&second, "Later.").len(), 1);
}

#[tokio::test]
async fn keys_of_older_state_files_are_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let message = SendMessage::new(SUPPORT, OWNER)
        .text("Once.")
        .local_id("a:key");
    let message = message.to_phone(STRANGER);
    let first = with_file(&path).await;
    let sent = client(&first).send_message(&message).await.expect("sent");
    first.stop().await.expect("saved");
    let mut state = saved(&path);
    let keys = state["store"]["local_ids"].as_object_mut().expect("keys");
    let (_, value) = keys.iter().next().expect("a key");
    *keys = Map::from_iter([("message:a:key".to_owned(), value.clone())]);
    std::fs::write(&path, state.to_string()).expect("written");

    let second = with_file(&path).await;
    let again = client(&second).send_message(&message).await.expect("taken");
    assert_eq!(again.id, sent.id);
    assert_eq!(messages_that_say(&second, "Once.").len(), 1);
}

#[tokio::test]
async fn a_change_is_saved_soon() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let sandbox = with_file(&path).await;
    assert!(
        path.exists(),
        "that it cannot be written is told at the start"
    );
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Save me.")
        .expect("received");
    until("it is saved", || {
        saved(&path).to_string().contains("Save me.")
    })
    .await;
    // A running save ends soon.
    until("only the lock is beside it", || {
        let entries = std::fs::read_dir(folder.path()).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names: BTreeSet<_> = names.collect();
        names == BTreeSet::from(["state.json".into(), "state.json.lock".into()])
    })
    .await;
}

#[tokio::test]
async fn a_dropped_sandbox_saves_and_releases_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let sandbox = with_file(&path).await;
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Save me.")
        .expect("received");
    drop(sandbox);
    assert!(saved(&path).to_string().contains("Save me."));
    let next = super::sandbox()
        .state_file(&path)
        .state_wait(Duration::ZERO);
    next.start().await.expect("the file is free at once");
}

#[tokio::test]
async fn an_initial_webhook_is_not_added_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    for _ in 0..3 {
        let webhook = Webhook::new("http://127.0.0.1:9/", "x");
        let sandbox = sandbox().state_file(&path).webhook(webhook).start().await;
        let sandbox = sandbox.expect("a sandbox");
        let webhooks = call(&sandbox, "GET /_sandbox/webhooks").send().await.body;
        assert_eq!(webhooks.as_array().map(Vec::len), Some(1));
        sandbox.stop().await.expect("saved");
    }
    // A webhook that was added meanwhile is kept.
    let kept = with_file(&path).await;
    let webhooks = call(&kept, "GET /_sandbox/webhooks").send().await.body;
    assert_eq!(webhooks[0]["url"], "http://127.0.0.1:9/");
}

#[tokio::test]
async fn a_state_file_in_use_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let first = with_file(&path).await;
    let second = sandbox().state_file(&path).state_wait(Duration::ZERO);
    let error = second.start().await.expect_err("held").to_string();
    for part in ["state.json", "stop it", "choose another file"] {
        assert!(error.contains(part), "{error}");
    }
    first.inbound(SUPPORT, CUSTOMER, "Kept.").expect("received");
    first.stop().await.expect("saved");
    let third = with_file(&path).await;
    assert_eq!(messages_that_say(&third, "Kept.").len(), 1);
}

#[tokio::test]
async fn a_sandbox_waits_until_another_releases_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let first = with_file(&path).await;
    first.inbound(SUPPORT, CUSTOMER, "Kept.").expect("received");
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(first);
    };
    let (second, ()) = tokio::join!(with_file(&path), later);
    assert_eq!(messages_that_say(&second, "Kept.").len(), 1);
}

#[tokio::test]
async fn the_start_removes_what_a_killed_save_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let left = folder.path().join(".heymarket-sandbox-aB3dE6-state.json");
    let of_others = [
        ".heymarket-sandbox-aB3dE6-my-state.json",
        ".heymarket-sandbox-aB3dE6-state.json.bak",
        ".heymarket-sandbox-state.json",
    ];
    let of_others = of_others.map(|name| folder.path().join(name));
    for path in of_others.iter().chain([&left]) {
        std::fs::write(path, "{\"format\":").expect("written");
    }
    let sandbox = with_file(&path).await;
    assert!(!left.exists());
    for path in &of_others {
        assert!(path.exists(), "another sandbox may be writing {path:?}");
    }
    sandbox.stop().await.expect("saved");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let sandbox = with_file(&path).await;
    sandbox.inbound(SUPPORT, CUSTOMER, "Hi").expect("received");
    sandbox.stop().await.expect("saved");
    for name in ["state.json", "state.json.lock"] {
        let file = std::fs::metadata(folder.path().join(name)).expect("the file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_is_rejected_and_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("target.json");
    with_file(&target).await.stop().await.expect("saved");
    let before = std::fs::read(&target).expect("the file");
    let missing = folder.path().join("missing.json");
    for (name, target) in [
        ("link.json", &target),
        ("dangling.json", &missing),
        ("locked.json.lock", &missing),
    ] {
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(target, &link).expect("a link");
        let state = folder.path().join(name.trim_end_matches(".lock"));
        let error = sandbox().state_file(&state).start().await;
        let error = error.expect_err(name).to_string();
        assert!(error.contains("symbolic link"), "{error}");
        assert!(link.is_symlink() && !missing.exists(), "{name}");
    }
    assert_eq!(std::fs::read(&target).expect("the file"), before);
}

/// Returns a damaged state.
fn damaged(good: &Value, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = good.clone();
    change(&mut value);
    value.to_string().into_bytes()
}

#[tokio::test]
async fn a_file_that_is_not_a_state_is_left_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    with_file(&path).await.stop().await.expect("saved");
    let good = saved(&path);
    let text = good.to_string().into_bytes();
    let half = text[..text.len() / 2].to_vec();
    let cases: [(Vec<u8>, &str); 10] = [
        (Vec::new(), "ends too early"),
        (half, "ends too early"),
        (b"PK\x03\x04 not JSON".to_vec(), "not JSON"),
        (b"[]".to_vec(), "member is missing"),
        (b"{}".to_vec(), "member is missing"),
        (
            damaged(&good, |state| state["format"] = json!(2)),
            "format is 2",
        ),
        (damaged(&good, |state| state["more"] = json!(1)), "unknown"),
        (
            damaged(&good, |state| state["store"]["contacts"] = json!("none")),
            "another type",
        ),
        (
            damaged(&good, |state| state["store"]["conversations"] = json!([])),
            "which is not there",
        ),
        (
            damaged(&good, |state| {
                state["store"]["next_ids"]["message"] = json!(700_100_001)
            }),
            "which is taken",
        ),
    ];
    for (bytes, problem) in cases {
        std::fs::write(&path, &bytes).expect("written");
        let error = sandbox()
            .state_file(&path)
            .start()
            .await
            .expect_err(problem);
        let error = error.to_string();
        assert!(
            error.contains(problem) && error.contains("unchanged"),
            "{error}"
        );
        assert!(error.contains("state.json"), "{error}");
        assert_eq!(std::fs::read(&path).expect("the file"), bytes, "{problem}");
    }
    let webhooks = json!([{ "id": 7, "url": "nowhere", "token": "x" }]);
    let bytes = damaged(&good, |state| state["webhooks"] = webhooks);
    std::fs::write(&path, &bytes).expect("written");
    sandbox()
        .state_file(&path)
        .start()
        .await
        .expect_err("no webhook");
    assert_eq!(std::fs::read(&path).expect("the file"), bytes);
}

#[tokio::test]
async fn a_state_with_a_duplicate_id_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    with_file(&path).await.stop().await.expect("saved");
    let mut state = saved(&path);
    let tags = state["store"]["tags"].as_array_mut().expect("tags");
    tags.push(tags[0].clone());
    let bytes = state.to_string().into_bytes();
    std::fs::write(&path, &bytes).expect("written");
    let error = sandbox()
        .state_file(&path)
        .start()
        .await
        .expect_err("damaged");
    assert!(error.to_string().contains("twice"), "{error}");
    assert_eq!(std::fs::read(&path).expect("the file"), bytes);
}

#[tokio::test]
async fn an_inaccessible_file_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let unreadable = sandbox().state_file(folder.path()).start().await;
    let error = unreadable.expect_err("a folder").to_string();
    assert!(error.contains("cannot read the state"), "{error}");
    let nowhere = folder.path().join("no/such/folder/state.json");
    let error = sandbox().state_file(nowhere).start().await;
    let error = error.expect_err("no folder").to_string();
    assert!(error.contains("cannot open the lock file"), "{error}");
}

#[tokio::test]
async fn a_failed_save_keeps_the_previous_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("a folder");
    let path = inner.join("state.json");
    let sandbox = with_file(&path).await;
    let moved = folder.path().join("moved");
    std::fs::rename(&inner, &moved).expect("moved");
    let before = std::fs::read(moved.join("state.json")).expect("the file");
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Save me.")
        .expect("received");
    let error = sandbox.save().expect_err("no folder").to_string();
    assert!(error.contains("what was saved before is kept"), "{error}");
    assert_eq!(
        std::fs::read(moved.join("state.json")).expect("the file"),
        before
    );
    // The save is repeated.
    std::fs::rename(&moved, &inner).expect("moved back");
    sandbox.save().expect("saved");
    assert!(saved(&path).to_string().contains("Save me."));
    assert!(!remembered(&sandbox, "messages").is_empty());
}
