//! On a terminal: tables, questions, progress, and what is not to get there.

use crate::support::{Pty, Server};

const CONVERSATION: &str = r#"[{"id":9920,"status":"open","name":"Ada","last_msg":"A long text that goes on and on, much longer than any terminal is wide, for certain.","updated":"2020-05-07T12:00:00Z"}]"#;
const LIST: [&str; 4] = ["conversations", "list", "--member=50001", "--inbox=41001"];
const SEND: [&str; 6] = [
    "messages",
    "send",
    "--inbox=42",
    "--as=7",
    "--to=15550100101",
    "--text=On its way.",
];

fn widest(text: &str) -> usize {
    text.lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
}

#[test]
fn a_table_is_as_wide_as_the_terminal() {
    for columns in [60, 100, 160] {
        let server = Server::answering(200, CONVERSATION);
        let (code, text) = Pty::run(Some(&server), columns, &LIST).end();
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with("ID"), "{text}");
        assert!(text.contains("9920"), "{text}");
        let is_cut = text.contains('…');
        assert!(widest(&text) <= usize::from(columns), "{columns}: {text}");
        assert_eq!(is_cut, columns < 160, "{columns}: {text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}

#[test]
fn a_terminal_gets_json_if_it_asks_for_it() {
    let server = Server::answering(200, CONVERSATION);
    let words = [&LIST[..], &["--json"]].concat();
    let (code, text) = Pty::run(Some(&server), 80, &words).end();
    assert_eq!(code, 0);
    assert!(text.starts_with("[\n  {\n    \"id\": 9920,"), "{text}");
}

#[test]
fn a_yes_sends_and_anything_else_does_not() {
    for (answer, code, requests) in [
        ("y", 0, 1),
        ("yes", 0, 1),
        ("n", 1, 0),
        ("", 1, 0),
        ("maybe", 1, 0),
    ] {
        let server = Server::answering(200, r#"{"id":1}"#);
        let mut terminal = Pty::run(Some(&server), 80, &SEND);
        let sent = |server: &Server| {
            let received = server.received();
            let sent = received.iter();
            sent.filter(|request| request.target == "/v1/message/send")
                .count()
        };
        terminal.wait_for("[y/N]");
        assert_eq!(sent(&server), 0, "it is sent before it is asked");
        terminal.type_line(answer);
        let (ended, text) = terminal.end();
        assert_eq!(ended, code, "{answer}: {text}");
        assert_eq!(sent(&server), requests, "{answer}: {text}");
        for part in ["Send to 15550100101", "  On its way."] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn yes_skips_the_question() {
    let server = Server::answering(200, r#"{"id":1}"#);
    let (code, text) = Pty::run(Some(&server), 80, &[&SEND[..], &["-y"]].concat()).end();
    assert_eq!(code, 0);
    assert!(!text.contains("[y/N]"), "{text}");
}

#[test]
fn progress_is_shown_while_pages_come() {
    let server = Server::responding(|request| {
        let page = request.json()["page"].as_u64().unwrap_or(1);
        std::thread::sleep(std::time::Duration::from_millis(300));
        let items = if page < 4 {
            format!(r#"[{{"id":{page}}}]"#)
        } else {
            "[]".to_owned()
        };
        (200, Vec::new(), items)
    });
    let (code, text) = Pty::run(Some(&server), 80, &["surveys", "list", "--all"]).end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("3 items"), "{text}");
    assert!(text.contains("ID\n1\n"), "{text}");
    assert!(text.contains("3 items"), "{text}");
}

#[test]
fn what_a_customer_writes_is_escaped() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}";
    let body =
        serde_json::json!([{"id": 1, "name": evil, "last_msg": evil, "status": evil}]).to_string();
    let one = serde_json::json!({"id": 1, "name": evil, "last_msg": evil}).to_string();
    let listed = [
        "",
        "--format=json",
        "--format=jsonl",
        "--format=csv",
        "--jq=.[].name",
    ];
    for format in listed {
        let server = Server::answering(200, &body);
        let mut words = LIST.to_vec();
        words.extend(Some(format).filter(|format| !format.is_empty()));
        let (code, text) = Pty::run(Some(&server), 120, &words).end();
        assert_eq!(code, 0, "{text:?}");
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{format}: {text:?}"
        );
    }
    for words in [
        &["conversations", "get", "1"][..],
        &["api", "/v1/conversations/1"],
    ] {
        let server = Server::answering(200, &one);
        let (_, text) = Pty::run(Some(&server), 120, words).end();
        assert!(text.contains("owned"), "{text:?}");
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{text:?}"
        );
    }
    let refusal = serde_json::json!({"message": format!("no {evil}")}).to_string();
    let server = Server::answering(400, &refusal);
    let (code, text) = Pty::run(Some(&server), 120, &["conversations", "get", "1"]).end();
    assert_eq!(code, 1);
    assert!(
        !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
        "{text:?}"
    );
}
