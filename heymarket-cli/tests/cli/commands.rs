//! Every operation of the spec is a command.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Operation, Server, in_the_future, kebab, run, spec};

/// The headings of commands in a help.
const HEADINGS: [&str; 5] = ["Commands:", "Messaging:", "People:", "Setup:", "Developer:"];

/// The names of the commands in a help.
pub(crate) fn names(help: &str) -> Vec<String> {
    let mut is_list = false;
    let lines = help.lines().filter(|line| {
        if HEADINGS.contains(line) {
            is_list = true;
            return false;
        }
        is_list &= !line.is_empty();
        is_list && line.starts_with("  ") && !line.starts_with("   ")
    });
    lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// The resources of the spec.
pub(crate) fn resources() -> BTreeSet<String> {
    let operations = Operation::all(&spec());
    let tags = operations
        .iter()
        .map(|operation| &operation.value["tags"][0]);
    tags.map(|tag| tag.as_str().expect("a tag").to_owned())
        .collect()
}

/// The words of the command of each operation, by its method and path, as the
/// helps say them; and the helps.
pub(crate) fn commands() -> BTreeMap<(String, String), (Vec<String>, String)> {
    let mut commands = BTreeMap::new();
    for resource in resources() {
        for verb in names(&run(None, &[&resource, "--help"]).done()) {
            let help = run(None, &[&resource, &verb, "--help"]).done();
            let line = help.lines().rev().find(|line| line.contains(" /v"));
            // A command that is written by hand is no operation.
            let Some((method, path)) = line.and_then(|line| line.split_once(' ')) else {
                continue;
            };
            let key = (method.to_owned(), path.trim().to_owned());
            let help = help.clone();
            let words = vec![resource.clone(), verb];
            let twice = commands.insert(key, (words, help));
            assert!(twice.is_none(), "{method} {path} is two commands");
        }
    }
    commands
}

#[test]
fn the_commands_are_the_operations_of_the_spec() {
    let of_spec: BTreeSet<_> = Operation::all(&spec())
        .into_iter()
        .map(|operation| (operation.method, operation.path))
        .collect();
    assert!(!of_spec.is_empty());
    let commands: BTreeSet<_> = commands().into_keys().collect();
    let missing: Vec<_> = of_spec.difference(&commands).collect();
    assert!(missing.is_empty(), "no command for: {missing:?}");
    let unknown: Vec<_> = commands.difference(&of_spec).collect();
    assert!(unknown.is_empty(), "commands of no operation: {unknown:?}");
}

#[test]
fn every_operation_sends_the_example_of_the_spec() {
    let spec = spec();
    let commands = commands();
    for operation in Operation::all(&spec) {
        let server = Server::answering(200, "{}");
        let (words, _) = &commands[&(operation.method.clone(), operation.path.clone())];
        let mut path = operation.path.clone();
        for (name, example) in operation.parameters("path") {
            path = path.replace(&format!("{{{name}}}"), &example);
        }
        let words = operation.words(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(Some(&server), &words).done();
        let received = server.only();
        assert_eq!(received.method, operation.method, "{}", operation.id);
        assert_eq!(received.target.split('?').next(), Some(path.as_str()));
        for (name, example) in operation.parameters("query") {
            assert!(
                received.target.contains(&format!("{name}={example}")),
                "{received:?}"
            );
        }
        match operation.example() {
            None => assert_eq!(received.body, "", "{}", operation.id),
            Some(example) => {
                let mut body = received.json();
                // Minted where something is made or sent.
                if let (Some(body), None) = (body.as_object_mut(), example.get("local_id")) {
                    body.remove("local_id");
                }
                assert_eq!(body, in_the_future(example), "{}", operation.id);
            }
        }
    }
}

#[test]
fn every_member_of_a_body_has_a_flag() {
    let spec = spec();
    let commands = commands();
    let mut count = 0;
    for operation in Operation::all(&spec) {
        let schema = operation
            .value
            .pointer("/requestBody/content/application~1json/schema/$ref");
        let Some(schema) = schema.and_then(Value::as_str) else {
            continue;
        };
        let schema = spec.pointer(schema.trim_start_matches('#')).expect("it");
        let (_, help) = &commands[&(operation.method.clone(), operation.path.clone())];
        for (name, property) in schema["properties"].as_object().expect("members") {
            // Their members are flags.
            let is_nested = ["filters", "content"].contains(&name.as_str());
            if is_nested {
                continue;
            }
            let flag = property["x-flag"]
                .as_str()
                .map_or_else(|| kebab(name), str::to_owned);
            let short = flag.trim_end_matches("-id");
            let has = |flag: &str| {
                help.lines().any(|line| {
                    let line = line.trim_start();
                    line.strip_prefix(&format!("--{flag}"))
                        .is_some_and(|rest| rest.starts_with([' ', '[']))
                })
            };
            assert!(
                has(&flag) || has(short),
                "{}: no flag for {name}",
                operation.id
            );
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}

#[test]
fn flags_have_short_names_and_those_of_the_api() {
    for words in [
        ["--inbox", "42", "--as", "7", "--to", "+1 555-010-0101"],
        [
            "--inbox-id",
            "42",
            "--creator-id",
            "7",
            "--phone-number",
            "15550100101",
        ],
    ] {
        let server = Server::answering(200, r#"{"id":1}"#);
        let words = [
            &["messages", "send", "--yes", "--text", "- hi"][..],
            &words[..],
        ]
        .concat();
        run(Some(&server), &words).done();
        let body = server.only().json();
        assert_eq!(body["inbox_id"], 42);
        assert_eq!(body["creator_id"], 7);
        assert_eq!(body["phone_number"], "15550100101");
        assert_eq!(body["text"], "- hi");
        assert!(body["local_id"].as_str().is_some_and(|key| key.len() == 36));
    }
}

#[test]
fn members_of_a_nested_object_are_flags_too() {
    let server = Server::answering(200, "[]");
    let words = "conversations list --inbox 41001,41002 --inbox 41003 --member 50001 --unread \
                 --before 2026-05-07T14:00:00+02:00";
    run(Some(&server), &words.split(' ').collect::<Vec<_>>()).done();
    let expected = serde_json::json!({
        "id": 50001,
        "filters": {"inboxes": [41001, 41002, 41003], "unread": true},
        "date": "2026-05-07T12:00:00Z",
    });
    assert_eq!(server.only().json(), expected);
}

#[test]
fn flags_override_the_body_and_keep_unknown_members() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("body.json");
    std::fs::write(
        &file,
        r##"{"tag":"VIP","color":"#000000","brand_new":{"a":1}}"##,
    )
    .expect("a file");
    let text = std::fs::read_to_string(&file).expect("the file");
    let path = file.to_str().expect("a path");
    for (source, input) in [(path, ""), ("-", text.as_str()), (text.as_str(), "")] {
        let server = Server::answering(200, r#"{"id":1}"#);
        let words = ["tags", "create", "--body", source, "--tag-color", "#FFFFFF"];
        crate::support::run_with_input(Some(&server), &words, input).done();
        let expected = serde_json::json!({"tag": "VIP", "color": "#FFFFFF", "brand_new": {"a": 1}});
        assert_eq!(server.only().json(), expected, "{source}");
    }
}

#[test]
fn a_contact_and_a_conversation_may_be_named_twice() {
    for words in [
        "contacts find --id 7 --phone 15550100101",
        "contacts set-status --id 7 --phone 15550100101 --status active",
        "conversations close --inbox 1 --as 2 --conversation 3 --to 15550100101",
    ] {
        let server = Server::answering(200, r#"{"id":1}"#);
        let words: Vec<&str> = words.split(' ').collect();
        run(Some(&server), &words).done();
        assert_eq!(server.received().len(), 1, "{words:?}");
    }
}

#[test]
fn an_invalid_command_is_described_in_terms_of_flags() {
    let cases: [(&[&str], &str); 9] = [
        (
            &["messages", "send", "--inbox", "1", "--to", "15550100101"],
            "missing required flag: --as; example: heymarket messages send",
        ),
        (
            &["messages", "send", "--inbox", "1", "--as", "2"],
            "one of --to, --conversation, --list, --group is required",
        ),
        (
            &[
                "messages",
                "send",
                "--inbox=1",
                "--as=2",
                "--to=15550100101",
                "--list=3",
            ],
            "--to, --list exclude each other",
        ),
        (
            &["messages", "send", "--to=1", "--survey="],
            "a value is required for '--survey <SURVEY>'",
        ),
        (
            &["messages", "send", "--inbox=1", "--as=2", "--to=letters"],
            "--to: \"letters\" is not a phone number",
        ),
        (
            &["tags", "create", "--body", "{"],
            "--body is not valid JSON",
        ),
        (
            &["tags", "create", "--body", "/nonexistent"],
            "/nonexistent",
        ),
        (
            &["contacts", "set-status", "--id=1", "--status=gone"],
            "possible values",
        ),
        (
            &[
                "conversations",
                "list",
                "--before=someday",
                "--member=1",
                "--inbox=1",
            ],
            "2h ago",
        ),
    ];
    for (words, expected) in cases {
        let server = Server::answering(200, "{}");
        let outcome = run(Some(&server), words);
        assert_eq!(outcome.code, Some(2), "{words:?}");
        assert!(
            outcome.stderr.contains(expected),
            "{words:?}: {}",
            outcome.stderr
        );
        assert_eq!(server.received().len(), 0);
    }
}

#[test]
fn a_schedule_is_checked_before_it_is_sent() {
    let server = Server::answering(200, r#"{"id":1}"#);
    let words = "scheduled-messages create --inbox 1 --to 15550100101 --text hi --yes --at";
    let mut words: Vec<&str> = words.split(' ').collect();
    words.push("2999-01-01T12:07:00Z");
    let outcome = run(Some(&server), &words);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("quarter of an hour"),
        "{}",
        outcome.stderr
    );
    assert_eq!(server.received().len(), 0);
}
