//! The examples that do a whole job, as processes against a sandbox.

use std::fmt::Write as _;
use std::process::{Command, Output};

use heymarket_api::types::CountContacts;
use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox};

use crate::example::binary;

const PHONE: &str = "15550100301";

fn run(example: &str, arguments: &[&str], sandbox: &Sandbox) -> Output {
    Command::new(binary(example))
        .args(arguments)
        .env_clear()
        .env("HEYMARKET_API_SECRET_ID", SECRET_ID)
        .env("HEYMARKET_API_SECRET_KEY", SECRET_KEY)
        .env("HEYMARKET_BASE_URL", sandbox.url())
        .output()
        .expect("the example runs")
}

/// What an example prints when it succeeds.
fn printed(example: &str, arguments: &[&str], sandbox: &Sandbox) -> String {
    let output = run(example, arguments, sandbox);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_job_changes_nothing_until_it_is_applied() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    sandbox.inbound(41001, PHONE, "Hello").expect("an inbox");
    let before = sandbox.state().expect("its state");

    let plan = printed("nightly", &["robin@example.com"], &sandbox);
    assert_eq!(plan.lines().count(), 3, "{plan}");
    assert!(plan.contains("Support: would assign 1, close "), "{plan}");
    assert_eq!(sandbox.state().expect("its state"), before);

    let report = printed("nightly", &["Robin@example.com", "--apply"], &sandbox);
    assert_eq!(report, plan.replace("would", "did"));
    let client = sandbox.client();
    let messages = client.list_messages(41001, PHONE, None).await;
    let conversation = messages.expect("a history")[0].conversation.clone();
    let id = conversation.expect("its conversation").id;
    let conversation = client.get_conversation(id).await.expect("it");
    let owner = conversation.assigned.as_ref().map(|member| member.id);
    assert_eq!(owner, Some(50001.into()));

    let again = printed("nightly", &["robin@example.com", "--apply"], &sandbox);
    for line in again.lines() {
        assert!(line.ends_with("did assign 0, close 0"), "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_job_names_what_is_wrong() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let unknown = run("nightly", &["nobody@example.com"], &sandbox);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(said.trim(), "no member has this email address");
    let usage = run("nightly", &["--apply"], &sandbox);
    assert_eq!(
        usage.status.code(),
        Some(1),
        "an address is wanted: {usage:?}"
    );
    assert_eq!(run("nightly", &[], &sandbox).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_of_10_000_contacts_writes_what_differs() {
    let sandbox = Sandbox::builder().empty().rate_limit(None).start().await;
    let sandbox = sandbox.expect("a sandbox");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("contacts.csv");
    let path = file.to_str().expect("UTF-8");
    let mut lines = String::new();
    for number in 0..10_000 {
        let _ = writeln!(lines, "1555010{number:04},Invented,Person {number}");
    }

    std::fs::write(&file, &lines).expect("a file");
    let first = printed("contact_sync", &[path], &sandbox);
    assert_eq!(first, "10000 written, 0 unchanged, 0 failed\n");
    let second = printed("contact_sync", &[path], &sandbox);
    assert_eq!(second, "0 written, 10000 unchanged, 0 failed\n");

    let renamed = lines.replacen("Person 7\n", "Customer 7\n", 1);
    std::fs::write(&file, renamed).expect("a file");
    let third = printed("contact_sync", &[path], &sandbox);
    assert_eq!(third, "1 written, 9999 unchanged, 0 failed\n");
    let count = sandbox.client().count_contacts(&CountContacts::new()).await;
    assert_eq!(count.expect("a count").value(), Some(10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_names_the_line_that_it_cannot_read() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("contacts.csv");
    std::fs::write(&file, "15550100001,A,B\n15550100002,A\n").expect("a file");
    let output = run("contact_sync", &[file.to_str().expect("UTF-8")], &sandbox);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("contacts.csv:2: expected PHONE,FIRST,LAST"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_each_operation_by_its_outcome() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let text = printed("metrics", &[], &sandbox);
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    let labels = r#"{operation="get_conversation",outcome="Status"}"#;
    assert_eq!(value(&format!("heymarket_operations_total{labels}")), 1.0);
    let labels = r#"{operation="list_contacts",outcome="ok"}"#;
    assert!(value(&format!("heymarket_operations_total{labels}")) >= 2.0);
    assert_eq!(value(&format!("heymarket_retries_total{labels}")), 0.0);
    assert!(value(&format!("heymarket_operation_seconds_total{labels}")) > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_async_calls_and_walks() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let text = printed("blocking", &[], &sandbox);
    let lines: Vec<&str> = text.lines().collect();
    let inboxes = ["41001 Support", "41002 Orders", "41003 Announcements"];
    assert_eq!(lines, [&inboxes[..], &["72 contacts"]].concat());
}
