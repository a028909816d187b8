//! `heymarket bulk`: planned, sent, killed, sent on.

use heymarket_sandbox::{Deduplication, Fault, Rule, Sandbox};
use serde_json::Value;

use crate::support::{Home, Live, Outcome};

const TEXT: &str = "Hi {{first}}, see you {{time}}.";

fn file(home: &Home, count: usize) {
    let mut csv = "phone,first,time\n".to_owned();
    for index in 0..count {
        csv.push_str(&format!(
            "+1 (555) 010-{index:04},Robin,{}:30\n",
            9 + index % 8
        ));
    }
    std::fs::write(home.path().join("reminders.csv"), csv).expect("a file");
}

fn plan(home: &Home, text: &str, more: &[&str]) -> Outcome {
    let mut words = vec![
        "bulk",
        "plan",
        "reminders.csv",
        "--batch",
        "july",
        "--inbox",
        "Support",
        "--as",
        "robin@example.com",
        "--text",
        text,
        "--country",
        "US",
    ];
    words.extend(more);
    home.run(&words)
}

fn json(outcome: Outcome) -> Value {
    serde_json::from_str(&outcome.done()).expect("JSON")
}

fn live() -> Live {
    Live::of(
        Sandbox::builder()
            .rate_limit(None)
            .deduplication(Deduplication::None),
    )
}

#[test]
fn a_batch_is_planned_sent_and_reported() {
    let live = live();
    let home = Home::of(&live);
    file(&home, 30);
    let planned = json(plan(&home, TEXT, &["--window", "00:00-24:00", "--json"]));
    assert_eq!(
        (&planned["recipients"], &planned["planned"]),
        (&30.into(), &30.into())
    );
    assert_eq!(planned["samples"][0], "Hi Robin, see you 9:30.");
    let refused = home.run(&["bulk", "send", "july"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("Send 30 messages from Support"),
        "{}",
        refused.stderr
    );
    let sent = json(home.run(&["bulk", "send", "july", "--yes", "--json"]));
    assert_eq!(sent["states"]["sent"], 30);
    assert_eq!(live.sandbox().sent().len(), 30);
    // Again, there is nothing to do, and nothing is done.
    home.run(&["bulk", "send", "july", "--yes"]).done();
    assert_eq!(live.sandbox().sent().len(), 30);
    let report = home
        .run(&["bulk", "report", "july", "--format", "csv"])
        .done();
    assert_eq!(report.lines().count(), 31);
    assert!(report.starts_with("line,phone,state,reason"), "{report}");
    let status = json(home.run(&["bulk", "status", "july", "--json"]));
    assert_eq!(status["state"], "done");
}

/// Plans and sends in one command.
fn send(home: &Home, text: &str, more: &[&str]) -> Outcome {
    let mut words = vec!["bulk", "send", "reminders.csv", "--batch", "july"];
    words.extend(["--inbox", "Support", "--as", "robin@example.com"]);
    words.extend(["--text", text, "--country", "US"]);
    words.extend(more);
    home.run(&words)
}

#[test]
fn one_command_plans_asks_and_sends() {
    let live = live();
    let home = Home::of(&live);
    file(&home, 20);
    // Shown, and not kept: there is no terminal to ask on.
    let asked = send(&home, "Hi {{first}}", &["--zone", "America/Chicago"]);
    assert_eq!(asked.code, Some(2), "{}", asked.stderr);
    for expected in [
        "\n  > Hi Robin",
        "America/Chicago\n",
        "\nheymarket: Send 20 messages from Support",
    ] {
        assert!(asked.stderr.contains(expected), "{}", asked.stderr);
    }
    // The plan has a line for each of its parts.
    let is_sample = |line: &str| line.trim() == "> Hi Robin";
    assert!(asked.stderr.lines().any(is_sample), "{}", asked.stderr);
    let shown = send(&home, TEXT, &["--dry-run"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(
        shown.stderr.contains("nothing was planned or sent"),
        "{}",
        shown.stderr
    );
    assert_eq!(home.run(&["bulk", "status", "july"]).code, Some(2));
    // So the ID is free for another text.
    let sent = json(send(&home, TEXT, &["--yes", "--json"]));
    assert_eq!(sent["states"]["sent"], 20);
    // The same command again has nothing to do; another text is refused.
    send(&home, TEXT, &["--yes"]).done();
    assert_eq!(live.sandbox().sent().len(), 20);
    let changed = send(&home, "Bye", &["--yes"]);
    assert_eq!(changed.code, Some(2), "{}", changed.stderr);
    assert!(
        changed.stderr.contains("another text"),
        "{}",
        changed.stderr
    );
    assert_eq!(live.sandbox().sent().len(), 20);
}

#[test]
fn what_makes_a_batch_needs_the_batchs_id() {
    let live = live();
    let home = Home::of(&live);
    file(&home, 1);
    let without = home.run(&["bulk", "send", "reminders.csv", "--text", "Hi"]);
    assert_eq!(without.code, Some(2));
    assert!(without.stderr.contains("--batch"), "{}", without.stderr);
    let several = home.run(&["bulk", "send", "a.csv", "b.csv", "--batch", "july"]);
    assert_eq!(several.code, Some(2));
    assert!(
        several.stderr.contains("name one file"),
        "{}",
        several.stderr
    );
}

#[test]
fn a_send_that_is_killed_goes_on_and_repeats_nothing() {
    let live = live();
    let slow = Rule::new(Fault::Delay)
        .operation("send_message")
        .delay_ms(20);
    live.sandbox().add_rule(slow).expect("a rule");
    let home = Home::of(&live);
    file(&home, 60);
    plan(&home, TEXT, &[]).done();
    let running = home.begin(&["bulk", "send", "july", "--yes"]);
    while live.sandbox().sent().len() < 5 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.signal("KILL");
    assert_eq!(running.end().code, None);
    live.sandbox().clear_rules();
    let counts = json(home.run(&["bulk", "status", "july", "--json"]));
    assert!(
        counts["states"]["planned"].as_u64().expect("a count") > 0,
        "{counts}"
    );
    // What was in flight is looked up after a minute; the rest is sent at once.
    let running = home.begin(&["bulk", "send", "july", "--yes"]);
    let begun = std::time::Instant::now();
    loop {
        let counts = json(home.run(&["bulk", "status", "july", "--json"]));
        if counts["states"]["planned"].is_null() {
            break;
        }
        assert!(begun.elapsed().as_secs() < 50, "{counts}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let interrupted = running.interrupt();
    assert_eq!(interrupted.code, Some(130), "{}", interrupted.stderr);
    let mut addresses: Vec<_> = live
        .sandbox()
        .sent()
        .into_iter()
        .map(|message| message.address)
        .collect();
    let sent = addresses.len();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), sent);
    assert!(sent >= 25, "{sent}");
}

#[test]
fn what_is_refused_has_an_exit_code_of_its_own() {
    let live = live();
    let home = Home::of(&live);
    let csv = "phone,first,time\n5550100001,A,1\n5550100001,B,2\n12,C,3\n";
    std::fs::write(home.path().join("reminders.csv"), csv).expect("a file");
    let shown = plan(&home, TEXT, &["--format", "table"]).done();
    for line in ["recipients  3", "1 duplicate", "1 invalid number", "> Hi A"] {
        assert!(shown.contains(line), "{shown}");
    }
    let sent = home.run(&["bulk", "send", "july", "--yes"]);
    assert_eq!(sent.code, Some(8), "{}", sent.stderr);
    assert!(
        sent.stderr.contains("2 refused or expired"),
        "{}",
        sent.stderr
    );
    let changed = plan(&home, "Bye", &[]);
    assert_eq!(changed.code, Some(2));
    assert!(
        changed.stderr.contains("another text"),
        "{}",
        changed.stderr
    );
    let missing = plan(&home, "Hi {{last}}", &["--batch", "august"]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    let unknown = home.run(&["bulk", "send", "june", "--yes"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("no batch has the ID \"june\""),
        "{}",
        unknown.stderr
    );
}

#[test]
fn people_on_the_list_of_suppressions_are_not_texted() {
    let live = live();
    let home = Home::of(&live);
    file(&home, 3);
    home.run(&["bulk", "suppress", "add", "+1 555 010 0001"])
        .done();
    std::fs::write(home.path().join("stops.csv"), "phone\n5550100002\n").expect("a file");
    home.run(&["bulk", "suppress", "import", "stops.csv", "--country", "US"])
        .done();
    let listed = json(home.run(&["bulk", "suppress", "list", "--json"]));
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    plan(&home, TEXT, &[]).done();
    assert_eq!(home.run(&["bulk", "send", "july", "--yes"]).code, Some(8));
    assert_eq!(live.sandbox().sent().len(), 1);
}

#[test]
fn a_batch_is_paused_resumed_retried_reviewed_and_purged() {
    let live = live();
    let home = Home::of(&live);
    file(&home, 5);
    plan(&home, TEXT, &[]).done();
    home.run(&["bulk", "pause", "july"]).done();
    let paused = home.run(&["bulk", "send", "july", "--yes"]);
    assert_eq!(paused.code, Some(2));
    assert!(
        paused.stderr.contains("bulk resume july"),
        "{}",
        paused.stderr
    );
    home.run(&["bulk", "resume", "july"]).done();
    let refused = Rule::new(Fault::Status)
        .operation("send_message")
        .status(400)
        .nth(2);
    live.sandbox().add_rule(refused).expect("a rule");
    assert_eq!(home.run(&["bulk", "send", "july", "--yes"]).code, Some(8));
    home.run(&["bulk", "retry", "july", "--failed"]).done();
    home.run(&["bulk", "send", "july", "--yes"]).done();
    assert_eq!(live.sandbox().sent().len(), 5);
    let review = home.run(&["bulk", "review", "july"]).done();
    assert_eq!(review, "");
    home.run(&["bulk", "purge", "--older-than", "0d"]).done();
    let report = home
        .run(&["bulk", "report", "july", "--format", "jsonl"])
        .done();
    assert!(!report.contains("1555"), "{report}");
    home.run(&["bulk", "cancel", "july", "--yes"]).done();
    // The sandbox's batches are in a file of their own.
    let apart = home.run(&["bulk", "status", "july", "--sandbox"]);
    assert_eq!(apart.code, Some(2), "{}", apart.stderr);
}
