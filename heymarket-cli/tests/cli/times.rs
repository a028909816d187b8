//! Times on the command line: spans from now, and the clock of the server.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::commands::commands;
use crate::support::{Home, Live, Operation, Server, run, spec};

/// Every flag that takes a time, after the words of its command.
fn time_flags() -> Vec<(Vec<String>, String)> {
    let commands = commands();
    let mut flags = Vec::new();
    for operation in Operation::all(&spec()) {
        let (words, help) = &commands[&(operation.method.clone(), operation.path.clone())];
        let taking = help.lines().filter(|line| line.ends_with("<TIME>"));
        for flag in taking.filter_map(|line| line.split_whitespace().next()) {
            flags.push((operation.words(words), flag.to_owned()));
        }
    }
    flags
}

/// The times in the body of a request that is only shown.
fn shown_times(words: &[String], flag: &str, value: &str) -> Vec<Timestamp> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let flag = format!("{flag}={value}");
    words.extend([flag.as_str(), "--dry-run"]);
    let shown = run(None, &words).done();
    let (_, body) = shown.split_once("\n\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let members = body.as_object().expect("an object").values();
    members
        .filter_map(|value| value.as_str()?.parse().ok())
        .collect()
}

fn is_about(time: Timestamp, hours: i64) -> bool {
    let expected = Timestamp::now() + SignedDuration::from_hours(hours);
    time.duration_since(expected).abs() < SignedDuration::from_mins(2)
}

#[track_caller]
fn assert_shown(words: &[String], flag: &str, value: &str, hours: i64) {
    let times = shown_times(words, flag, value);
    let is_there = times.iter().any(|time| is_about(*time, hours));
    assert!(is_there, "{words:?} {flag}={value}: {times:?}");
}

#[test]
fn a_span_is_in_the_past_whatever_the_command() {
    let flags = time_flags();
    let (schedules, others): (Vec<_>, Vec<_>) = flags.iter().partition(|(_, flag)| flag == "--at");
    assert!(schedules.len() >= 2 && others.len() >= 11, "{flags:?}");
    for (words, flag) in others {
        for span in ["2h", "2 hours", "PT2H", "2h ago", "-2h"] {
            assert_shown(words, flag, span, -2);
        }
        for (span, hours) in [
            ("5000h ago", -5000),
            ("5000h", -5000),
            ("in 5000h", 5000),
            ("+2h", 2),
        ] {
            assert_shown(words, flag, span, hours);
        }
    }
}

#[test]
fn a_span_to_a_schedule_is_ahead_and_taken() {
    let flags = time_flags();
    for (words, flag) in flags.iter().filter(|(_, flag)| flag == "--at") {
        for span in ["2h", "in 2h", "+2h", "2 hours"] {
            let least = Timestamp::now() + SignedDuration::from_hours(2);
            let most = least + SignedDuration::from_mins(16);
            let times = shown_times(words, flag, span);
            let is_there = times.iter().any(|time| (least..most).contains(time));
            assert!(is_there, "{words:?} {flag}={span}: {times:?}");
        }
    }
}

#[test]
fn a_schedule_does_not_take_what_is_past() {
    let flags = time_flags();
    let schedules: Vec<_> = flags.iter().filter(|(_, flag)| flag == "--at").collect();
    assert_eq!(schedules.len(), 2);
    for (words, _) in schedules {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = run(None, &[&words[..], &["--dry-run", "--at=2h ago"]].concat());
        assert_eq!(outcome.code, Some(2), "{words:?}: {}", outcome.stdout);
        assert!(outcome.stderr.contains("execute_at"), "{}", outcome.stderr);
    }
}

#[test]
fn an_invalid_time_is_refused_with_the_valid_forms() {
    for text in [
        "yesterday-ish",
        "in 2h ago",
        "in -2h",
        "-2h ago",
        "2h before",
        "ago",
        "in",
        "",
        "999999999h ago",
    ] {
        let flag = format!("--before={text}");
        let outcome = run(None, &["tags", "list", &flag, "--dry-run"]);
        assert_eq!(outcome.code, Some(2), "{text}: {}", outcome.stdout);
        assert!(outcome.stderr.contains("2h ago"), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("heymarket help times"),
            "{}",
            outcome.stderr
        );
    }
    let topic = run(None, &["help", "times"]).done();
    assert!(topic.contains("in 2h"), "{topic}");
}

#[test]
fn an_export_and_a_receiver_take_the_same_times() {
    let live = Live::start();
    let home = Home::of(&live).with("HEYMARKET_WEBHOOK_TOKEN", "token");
    for since in ["2h", "5000h ago", "2026-05-01", "2026-05-01 12:00", "now"] {
        let words = ["export", "messages", "--to=x.jsonl", "--since", since];
        home.run(&[&words[..], &["--force"]].concat()).done();
        let listener = home.begin(&["listen", "--port=0", "--since", since]);
        listener.says("caught up since");
        listener.interrupt().done();
    }
    let far = home.run(&[
        "export",
        "messages",
        "--to=all.jsonl",
        "--since=876000h ago",
    ]);
    far.done();
    home.run(&["export", "messages", "--to=whole.jsonl"]).done();
    let read = |name: &str| std::fs::read(home.path().join(name)).expect("the file");
    assert!(read("all.jsonl") == read("whole.jsonl"));
    home.run(&["export", "messages", "--to=none.jsonl", "--since=0s"])
        .done();
    assert_eq!(read("none.jsonl"), b"");
}

#[test]
fn an_export_of_messages_begins_at_the_later_clock() {
    for (status, hours) in [(200, 3), (403, 3), (404, 30_000), (200, -3), (200, -30_000)] {
        let date = Timestamp::now() + SignedDuration::from_hours(hours);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let server = Server::responding(move |request| {
            let headers = vec![("date", date.clone())];
            if request.target.starts_with("/v1/team") {
                (status, headers, r#"{"id":1}"#.to_owned())
            } else {
                (200, headers, "[]".to_owned())
            }
        });
        let home = Home::new()
            .with("HEYMARKET_API_KEY", "sk_1")
            .with("HEYMARKET_BASE_URL", &server.url());
        home.run(&["export", "messages", "--to", "all.jsonl"])
            .done();
        let received = server.received();
        let asked = received
            .iter()
            .find(|request| request.target == "/v1/messages/all");
        let bound = asked.expect("a request").json()["created_at"].clone();
        let bound: Timestamp = bound.as_str().expect("a time").parse().expect("a time");
        let ahead = bound.duration_since(Timestamp::now());
        let least = SignedDuration::from_hours(hours.max(0)) + SignedDuration::from_mins(5);
        let most = least + SignedDuration::from_mins(15);
        assert!(ahead > least && ahead < most, "{hours}: {ahead:?}");
    }
}

#[test]
fn an_export_since_a_span_resumes() {
    use heymarket_sandbox::{Fault, Rule};
    let live = Live::start();
    let home = Home::of(&live);
    let words = [
        "export",
        "contacts",
        "--to=all.jsonl",
        "--page-size=4",
        "--since=90000h",
    ];
    let rule = Rule::new(Fault::Status)
        .status(403)
        .operation("list_contacts")
        .nth(3);
    live.sandbox().add_rule(rule).expect("a rule");
    assert_eq!(home.run(&words).code, Some(4), "the third page failed");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let outcome = home.run(&words);
    assert!(
        outcome.stderr.contains("resuming after"),
        "{}",
        outcome.stderr
    );
    outcome.done();
}
