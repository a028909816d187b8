//! What the doctor finds.

use heymarket_sandbox::{Fault, Rule};
use serde_json::Value;

use crate::support::{Home, Live, Outcome, Pty};

/// The result of each check, by its name.
fn result(outcome: &Outcome, check: &str) -> Option<(String, String)> {
    let checks: Vec<Value> = serde_json::from_str(&outcome.stdout).expect("JSON");
    let found = checks.iter().find(|found| found["check"] == check)?;
    let text = |member: &str| found[member].as_str().expect("a text").to_owned();
    Some((text("result"), text("detail")))
}

#[track_caller]
fn assert_result(outcome: &Outcome, check: &str, expected: &str) {
    let (result, detail) = result(outcome, check).expect("the check");
    assert_eq!(result, expected, "{check}: {detail}");
}

#[test]
fn a_machine_in_order_is_told_so() {
    let live = Live::start();
    let outcome = Home::of(&live).run(&["doctor"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for check in [
        "config file",
        "credentials",
        "server",
        "proxy",
        "dns",
        "tcp",
        "tls",
        "http",
        "clock",
        "accepted",
        "rate limit",
    ] {
        assert_result(&outcome, check, "ok");
    }
}

#[test]
fn credentials_that_are_not_there_or_refused_give_4() {
    let live = Live::start();
    let none = Home::new().with("HEYMARKET_BASE_URL", live.url());
    let outcome = none.run(&["doctor"]);
    assert_eq!(outcome.code, Some(4));
    assert_result(&outcome, "credentials", "fail");
    assert_result(&outcome, "tcp", "ok");

    let wrong = none.with("HEYMARKET_API_KEY", "sk_wrong");
    let outcome = wrong.run(&["doctor"]);
    assert_eq!(outcome.code, Some(4));
    assert_result(&outcome, "credentials", "ok");
    assert_result(&outcome, "http", "ok");
    assert_result(&outcome, "accepted", "fail");
}

#[test]
fn a_skewed_clock_warns_and_a_useless_one_fails() {
    for (skew, expected, code, words) in [
        (-30, "ok", 0, "30 s ahead of"),
        (90, "warn", 0, "90 s behind"),
        (-90, "warn", 0, "90 s ahead of"),
        (400, "fail", 1, "400 s behind"),
    ] {
        let live = Live::start();
        let rule = Rule::new(Fault::ClockSkew).skew_seconds(skew);
        live.sandbox().add_rule(rule).expect("a rule");
        let outcome = Home::of(&live).run(&["doctor"]);
        assert_eq!(outcome.code, Some(code), "{skew}: {}", outcome.stdout);
        assert_result(&outcome, "clock", expected);
        assert_result(&outcome, "accepted", "ok");
        let (_, detail) = result(&outcome, "clock").expect("the check");
        let (seconds, way) = words.split_once(' ').expect("words");
        let told = detail.split(' ').nth(3).expect("a number");
        let number = |text: &str| text.parse::<i64>().expect("a number");
        // The server tells whole seconds.
        let off = number(told).abs_diff(number(seconds));
        assert!(off <= 2, "{detail}");
        assert!(detail.contains(way), "{detail}");
    }
}

#[test]
fn a_clock_an_hour_off_is_told_to_cost_every_token() {
    let live = Live::start();
    let rule = Rule::new(Fault::ClockSkew).skew_seconds(3_600);
    live.sandbox().add_rule(rule).expect("a rule");
    let outcome = Home::of(&live).run(&["doctor"]);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stdout);
    assert_result(&outcome, "clock", "fail");
    let (_, detail) = result(&outcome, "clock").expect("the check");
    assert!(detail.contains("all are rejected"), "{detail}");
    assert_result(&outcome, "accepted", "fail");
    let (_, detail) = result(&outcome, "accepted").expect("the check");
    assert!(detail.contains("clock is 1h behind"), "{detail}");
}

#[test]
fn each_step_of_the_way_is_told_that_fails() {
    let live = Live::start();
    let home = Home::of(&live);
    let port = live.url().rsplit(':').next().expect("a port");
    let no_tls = home.run(&["doctor", "--base-url", &format!("https://127.0.0.1:{port}")]);
    assert_eq!(no_tls.code, Some(1), "{}", no_tls.stdout);
    assert_result(&no_tls, "tcp", "ok");
    assert_result(&no_tls, "tls", "fail");
    assert_result(&no_tls, "http", "fail");

    let nobody = home.run(&["doctor", "--base-url", "http://127.0.0.1:1"]);
    assert_eq!(nobody.code, Some(1));
    assert_result(&nobody, "dns", "ok");
    assert_result(&nobody, "tcp", "fail");

    let nowhere = home.run(&["doctor", "--base-url", "https://nowhere.invalid"]);
    assert_eq!(nowhere.code, Some(1));
    assert_result(&nowhere, "dns", "fail");
    assert_eq!(result(&nowhere, "tcp"), None, "it is not tried");

    live.sandbox()
        .add_rule(Rule::new(Fault::Status).status(503))
        .expect("a rule");
    let failed = home.run(&["doctor"]);
    assert_eq!(failed.code, Some(1));
    assert_result(&failed, "http", "fail");
    assert_eq!(result(&failed, "accepted"), None, "nobody knows");
}

#[test]
fn a_proxy_is_shown_without_its_password() {
    let live = Live::start();
    let proxy = "http://user:canary-9c@127.0.0.1:1";
    let home = Home::of(&live)
        .with("HTTPS_PROXY", proxy)
        .with("HTTP_PROXY", proxy)
        .with("NO_PROXY", "skipped.invalid");
    let local = home.run(&["doctor"]);
    assert_eq!(local.code, Some(0), "{}", local.stdout);
    assert_result(&local, "proxy", "ok");

    let through = home.run(&["doctor", "--base-url", "https://nowhere.invalid"]);
    assert_result(&through, "proxy", "warn");
    let (_, detail) = result(&through, "proxy").expect("the check");
    assert!(detail.contains("127.0.0.1:1"), "{detail}");
    assert!(!format!("{through:?}").contains("canary-9c"));
    assert_eq!(result(&through, "dns"), None, "the proxy does that");

    let skipped = home.run(&["doctor", "--base-url", "https://skipped.invalid"]);
    assert_result(&skipped, "proxy", "ok");
}

#[test]
fn a_config_file_that_others_can_read_is_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let live = Live::start();
    let home = Home::of(&live);
    home.write_config("[profiles.a]\napi_key = \"sk_1\"\n");
    let rights = std::fs::Permissions::from_mode(0o604);
    std::fs::set_permissions(home.config(), rights).expect("rights");
    let outcome = home.run(&["doctor"]);
    assert_eq!(outcome.code, Some(1), "the environment has credentials");
    assert_result(&outcome, "config file", "fail");
    assert_result(&outcome, "accepted", "ok");
}

#[test]
fn a_terminal_gets_a_line_for_each_check() {
    let live = Live::start();
    let variables = live.variables();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("HOME", "/nonexistent")])
        .collect();
    let (code, seen) = Pty::run_with(&variables, 100, &["doctor"]).end();
    assert_eq!(code, 0, "{seen}");
    assert!(
        seen.contains("ok    accepted     the API accepts the credentials\n"),
        "{seen}"
    );
}

#[test]
fn shapes_are_recorded_with_consent_and_without_values() {
    let live = Live::start();
    let home = Home::of(&live);
    let path = home.path().join("shapes.json");
    let file = path.to_str().expect("UTF-8");

    let outcome = home.run(&["doctor", "--shapes", file]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--yes"), "{}", outcome.stderr);
    assert!(!path.exists(), "nothing is written without an answer");
    assert_eq!(live.sandbox().requests().len(), 0);

    let outcome = home.run(&["doctor", "--shapes", file, "--yes"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let text = std::fs::read_to_string(&path).expect("a record");
    let record: Value = serde_json::from_str(&text).expect("JSON");
    let contacts = &record["operations"]["list_contacts"]["members"];
    assert!(contacts["[].phone"]["string"].as_u64() > Some(0), "{text}");
    // The numbers, the addresses and the team of the demo data.
    for value in ["1555010", "example.com", "Support", "50001"] {
        assert!(!text.contains(value), "{value} is in the record");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
