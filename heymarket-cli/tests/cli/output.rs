//! Results that do not go to a terminal.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, run};

const CONVERSATIONS: &str = r#"[
  {"id":9920,"status":"open","unread":true,"name":"Ada Example","assigned":{"id":50001,"name":"Grace"},
   "inbox":41001,"last_msg":"Where is my order, please? I have been waiting for a long time by now, and nobody writes.",
   "target":"15550100101","updated":"2020-05-07T12:00:00.5Z","brand_new":1.50},
  {"updated":"2020-05-06T12:00:00Z","id":9919,"status":"closed","assigned":0,"inbox":{"id":41002}}
]"#;

const LIST: [&str; 4] = ["conversations", "list", "--member=50001", "--inbox=41001"];

fn list(more: &[&str]) -> String {
    let server = Server::answering(200, CONVERSATIONS);
    run(Some(&server), &[&LIST[..], more].concat()).done()
}

/// Relative times change with the day of the test.
fn without_ages(text: &str) -> String {
    let mut words = text.split('(');
    let mut kept = words.next().unwrap_or_default().to_owned();
    for rest in words {
        kept.push_str("(N");
        kept.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    kept
}

#[test]
fn json_is_what_the_server_sent() {
    assert_snapshot!("json", list(&[]));
    assert_eq!(list(&[]), list(&["--json"]));
    assert_eq!(list(&[]), list(&["--format", "json"]));
    assert!(
        list(&[]).contains("1.50"),
        "not as a program writes numbers"
    );
}

#[test]
fn a_number_that_no_type_can_hold_is_passed_on() {
    let server = Server::answering(200, r#"{"id":1,"n":1e400,"n":2}"#);
    let get = |more: &[&str]| run(Some(&server), &[&["tags", "get", "1"][..], more].concat());
    let json = get(&[]).done();
    assert_eq!(json, "{\n  \"id\": 1,\n  \"n\": 1e400,\n  \"n\": 2\n}\n");
    let outcome = get(&["--format", "csv"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("--json"), "{}", outcome.stderr);
}

#[test]
fn a_line_of_json_for_each_item() {
    let text = list(&["--format", "jsonl"]);
    assert_snapshot!("jsonl", text);
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn csv_has_a_header_and_whole_values() {
    assert_snapshot!("csv", list(&["--format", "csv"]));
}

/// The records of a CSV text, without its header.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.expect("a record"));
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

/// The cells of the column `tag`, for tags with these names.
fn tags_as_csv(names: &[Value], more: &[&str]) -> Vec<String> {
    let tags = names.iter().map(|name| json!({"id": 1, "tag": name}));
    let server = Server::answering(200, &Value::Array(tags.collect()).to_string());
    let words = [&["tags", "list", "--format", "csv"], more].concat();
    let text = run(Some(&server), &words).done();
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    let column = header
        .iter()
        .position(|name| *name == "tag")
        .expect("the column");
    records(&text)
        .into_iter()
        .map(|mut record| record.remove(column))
        .collect()
}

#[test]
fn no_text_of_a_csv_is_a_formula_to_a_spreadsheet() {
    let formulas = [
        "=1+1",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\n=1",
        "=HYPERLINK(\"x\")",
        "+",
        "-",
        "=",
        "-inf",
        "+1 call me",
        "+1,5;2",
        "-1+2",
        "-1-2",
        "+15550100101=",
        "＝1+1",
        "＋1+cmd",
        "－1",
        "＠A1",
    ];
    let texts: Vec<Value> = formulas.iter().map(|text| (*text).into()).collect();
    let expected: Vec<String> = formulas.iter().map(|text| format!("'{text}")).collect();
    assert_eq!(tags_as_csv(&texts, &[]), expected);
    assert_eq!(tags_as_csv(&texts, &["--raw-csv"]), formulas);
    let nested = [
        json!({"name": "=1"}),
        json!(["=1", "b"]),
        json!(["a", "=1"]),
        json!(["+15550100101", "-x"]),
    ];
    assert_eq!(
        tags_as_csv(&nested, &[]),
        ["'=1", "'=1, b", "a, =1", "'+15550100101, -x"]
    );
}

#[test]
fn numbers_and_phone_numbers_of_a_csv_stay_as_they_are() {
    let plain = [
        json!("+15550100101"),
        json!("+1 (555) 010-0101"),
        json!("+1-555-010-0101"),
        json!("+1.555.010.0101"),
        json!("-12.5"),
        json!("+3"),
        json!("-1e3"),
        json!("-0"),
        json!(-12.5),
        json!(-7),
        json!("a=1"),
        json!("a-b"),
        json!("'=1"),
        json!(" x"),
        json!(""),
        json!("15550100101"),
        json!(["+15550100101", "+15550100102"]),
        json!([-1, -2]),
        json!("Łódź"),
    ];
    let raw = tags_as_csv(&plain, &["--raw-csv"]);
    assert_eq!(tags_as_csv(&plain, &[]), raw);
    assert_eq!(raw[4], "-12.5");
    assert_eq!(raw[16], "+15550100101, +15550100102");
}

#[test]
fn every_command_that_writes_csv_makes_its_cells_harmless() {
    let evil = json!({"id": 1, "tag": "=1+1", "name": "=1+1"});
    let around = json!({"tags": [evil]}).to_string();
    let answers = [
        (vec!["tags", "get", "1"], evil.to_string()),
        (vec!["tags", "list"], around),
    ];
    for (words, body) in answers {
        let server = Server::answering(200, &body);
        let text = run(Some(&server), &[&words[..], &["--format", "csv"]].concat()).done();
        assert!(text.contains("'=1+1"), "{words:?}: {text}");
    }
    let server = Server::responding(|request| {
        let is_first = request.json().get("date").is_none();
        let page = r#"[{"id":1,"tag":"=1+1","updated":"2026-05-07T12:00:00Z"}]"#;
        (
            200,
            Vec::new(),
            if is_first { page } else { "[]" }.to_owned(),
        )
    });
    let text = run(Some(&server), &["tags", "list", "--all", "--format", "csv"]).done();
    assert!(text.contains("'=1+1"), "{text}");
}

#[test]
fn an_option_that_the_format_ignores_is_refused() {
    for (words, problem) in [
        (
            &["--columns=id"][..],
            "--columns requires --format table or csv",
        ),
        (&["--columns=id", "--json"], "--columns requires"),
        (&["--sort=id"], "--sort requires"),
        (&["--sort=id", "--jq=."], "use sort_by"),
    ] {
        let server = Server::answering(200, "[]");
        let outcome = run(Some(&server), &[&["tags", "list"], words].concat());
        assert_eq!(outcome.code, Some(2), "{words:?}");
        assert!(outcome.stderr.contains(problem), "{}", outcome.stderr);
        assert_eq!(server.received().len(), 0);
    }
    let server = Server::answering(200, r#"[{"id":2},{"id":10},{"id":1}]"#);
    let sorted = run(
        Some(&server),
        &["tags", "list", "--sort=-id", "--format=csv", "--columns=id"],
    );
    assert_eq!(sorted.done(), "id\n10\n2\n1\n");
    let lines = run(
        Some(&server),
        &["tags", "list", "--sort=id", "--format=jsonl"],
    );
    assert_eq!(lines.done(), "{\"id\":1}\n{\"id\":2}\n{\"id\":10}\n");
}

#[test]
fn raw_csv_goes_with_csv_only() {
    let words = ["tags", "list", "--raw-csv", "--json"];
    assert_eq!(run(None, &words).code, Some(2));
    let outcome = run(None, &["tags", "list", "--raw-csv"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("--format csv"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_table_has_the_columns_that_matter() {
    assert_snapshot!("table", without_ages(&list(&["--format", "table"])));
}

#[test]
fn one_thing_is_a_table_of_its_members() {
    let one = r#"{"id":9920,"status":"open","created":"2020-05-07T12:00:00Z","assigned":{"id":7,
        "name":"Grace"},"members":[1,2],"muted":null,"unread":false}"#;
    let server = Server::answering(200, one);
    let text = run(
        Some(&server),
        &["conversations", "get", "9920", "--format", "table"],
    )
    .done();
    assert_snapshot!("record", without_ages(&text));
}

#[test]
fn rows_are_found_inside_of_what_is_around_them() {
    let inbox = r#"[{"id":41001,"name":"Support","phones":["15550100001"]}]"#;
    let around = format!(r#"{{"inboxes":{inbox}}}"#);
    let table = |body: &str| {
        let server = Server::answering(200, body);
        run(Some(&server), &["inboxes", "list", "--format", "table"]).done()
    };
    assert_eq!(table(inbox), table(&around));
    assert!(table(inbox).starts_with("ID     NAME"), "{}", table(inbox));
    let server = Server::answering(
        200,
        r#"{"memberships":[{"id":7,"name":"Ada","role_id":1}]}"#,
    );
    let csv = run(
        Some(&server),
        &["users", "find", "--email=a@example.com", "--format=csv"],
    )
    .done();
    assert_eq!(csv, "id,name,email,phone,role_id,updated_at\n7,Ada,,,1,\n");
}

#[test]
fn a_bare_word_is_a_json_string() {
    for body in ["ok", "\"ok\""] {
        let server = Server::answering(200, body);
        let outcome = run(Some(&server), &["contacts", "delete", "1", "--yes"]);
        assert_eq!(outcome.done(), "\"ok\"\n");
    }
}

#[test]
fn jq_chooses_strings_as_they_are() {
    assert_eq!(list(&["--jq", ".[].status"]), "open\nclosed\n");
    assert_eq!(list(&["--jq", "map(.id) | add"]), "19839\n");
    assert_eq!(
        list(&["--jq", ".[] | select(.unread) | {id, name}"]),
        "{\"id\":9920,\"name\":\"Ada Example\"}\n"
    );
    let server = Server::answering(200, "[]");
    let outcome = run(Some(&server), &["tags", "list", "--jq", ".["]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert_eq!(
        server.received().len(),
        0,
        "it is found before anything is sent"
    );
    let outcome = run(Some(&server), &["tags", "list", "--jq", ".a"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
}

#[test]
fn an_empty_list_is_reported_on_standard_error() {
    let server = Server::answering(200, "[]");
    let outcome = run(Some(&server), &["tags", "list", "--format", "table"]);
    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.as_str()),
        ("", "no results\n")
    );
    assert_eq!(run(Some(&server), &["tags", "list"]).done(), "[]\n");
}

/// Seventy tags in pages of thirty, as the API gives them.
fn many_tags() -> Server {
    Server::responding(|request| {
        let before = request.json()["date"].as_str().map(str::to_owned);
        let tags = (0..70)
            .rev()
            .map(|n| (n, format!("2026-05-07T12:00:{:02}.{:03}Z", n / 60, n % 60)));
        let page: Vec<_> = tags
            .filter(|(_, time)| before.as_ref().is_none_or(|before| time < before))
            .take(30)
            .map(|(n, time)| format!(r#"{{"id":{n},"tag":"t{n}","updated":"{time}","odd":[{n}]}}"#))
            .collect();
        (200, Vec::new(), format!("[{}]", page.join(",")))
    })
}

#[test]
fn all_reads_every_page_unmodified() {
    let server = many_tags();
    let text = run(Some(&server), &["tags", "list", "--all"]).done();
    let ids: Vec<i64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .map(|tag| tag["id"].as_i64().expect("an id"))
        .collect();
    assert_eq!(ids, (0..70).rev().collect::<Vec<_>>());
    assert!(
        text.starts_with(
            r#"{"id":69,"tag":"t69","updated":"2026-05-07T12:00:01.009Z","odd":[69]}"#
        )
    );
    let csv = run(
        Some(&many_tags()),
        &["tags", "list", "--all", "--format=csv"],
    )
    .done();
    assert_eq!(csv.lines().count(), 71);
    let jq = run(
        Some(&many_tags()),
        &["tags", "list", "--all", "--jq", ".odd[0]"],
    )
    .done();
    assert_eq!(jq.lines().count(), 70);
}

#[test]
fn items_before_an_error_are_printed() {
    let server = Server::responding(|request| {
        if request.json().get("date").is_some() {
            return (404, Vec::new(), "{}".to_owned());
        }
        let page: Vec<_> = (0..30)
            .map(|n| {
                format!(
                    r#"{{"id":{n},"updated":"2026-05-07T12:00:{:02}Z"}}"#,
                    59 - n
                )
            })
            .collect();
        (200, Vec::new(), format!("[{}]", page.join(",")))
    });
    let outcome = run(Some(&server), &["tags", "list", "--all"]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
    assert_eq!(outcome.stdout.lines().count(), 30);
}
