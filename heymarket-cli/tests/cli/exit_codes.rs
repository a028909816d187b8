//! What the exit codes tell.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::{Server, heymarket, run};

const SEND: [&str; 10] = [
    "messages",
    "send",
    "--inbox=1",
    "--as=2",
    "--to=15550100101",
    "--text=hi",
    "--yes",
    "--local-id",
    "key-1",
    "--json",
];

#[test]
fn done_is_0() {
    let server = Server::answering(200, r#"{"id":9920}"#);
    assert_eq!(
        run(Some(&server), &["conversations", "get", "9920"]).code,
        Some(0)
    );
    assert_eq!(run(None, &["--version"]).code, Some(0));
    assert_eq!(run(None, &["--help"]).code, Some(0));
}

#[test]
fn a_refusal_is_1_with_the_words_of_the_server() {
    let server = Server::answering(400, r#"{"message":"color is no color"}"#);
    let outcome = run(Some(&server), &["tags", "create", "--tag", "VIP"]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("color is no color"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("request-1"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn no_connection_is_1() {
    let words = [
        "conversations",
        "get",
        "1",
        "--base-url",
        "http://127.0.0.1:1",
    ];
    let mut command = heymarket(None);
    command
        .env("HEYMARKET_API_KEY", "sk_canary_key")
        .args(words);
    let output = command.output().expect("an output");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn usage_is_2() {
    for words in [
        &["nonsense"][..],
        &["conversations"],
        &["conversations", "get"],
        &[],
    ] {
        assert_eq!(run(None, words).code, Some(2), "{words:?}");
    }
}

#[test]
fn a_server_that_cannot_be_one_is_2() {
    for url in ["http://example.com", "ftp://example.com", "nonsense"] {
        let words = ["inboxes", "list", "--base-url", url];
        let mut command = heymarket(None);
        command
            .env("HEYMARKET_API_KEY", "sk_canary_key")
            .args(words);
        let output = command.output().expect("an output");
        assert_eq!(output.status.code(), Some(2), "{url}");
    }
    let mut command = heymarket(None);
    command
        .env("HEYMARKET_API_KEY", " ")
        .args(["inboxes", "list"]);
    assert_eq!(command.output().expect("an output").status.code(), Some(4));
}

#[test]
fn not_found_is_3() {
    let server = Server::answering(404, r#"{"message":"none"}"#);
    assert_eq!(
        run(Some(&server), &["conversations", "get", "1"]).code,
        Some(3)
    );
}

#[test]
fn credentials_are_4() {
    for status in [401, 403] {
        let server = Server::answering(status, "{}");
        assert_eq!(run(Some(&server), &["inboxes", "list"]).code, Some(4));
    }
    let outcome = run(None, &["inboxes", "list"]);
    assert_eq!(outcome.code, Some(4));
    for way in [
        "heymarket auth login",
        "HEYMARKET_API_SECRET_ID",
        "--sandbox",
    ] {
        assert!(outcome.stderr.contains(way), "{}", outcome.stderr);
    }
}

#[test]
fn the_rate_limit_is_5() {
    // It asks for a longer wait than an operation may take.
    let server = Server::responding(|_| {
        (
            429,
            vec![("retry-after", "900".to_owned())],
            "{}".to_owned(),
        )
    });
    assert_eq!(run(Some(&server), &["inboxes", "list"]).code, Some(5));
}

#[test]
fn an_unknown_outcome_is_6_and_says_by_what_to_look() {
    let server = Server::answering(500, "{}");
    let outcome = run(Some(&server), &SEND);
    assert_eq!(outcome.code, Some(6));
    assert!(
        outcome.stderr.contains("local_id: key-1"),
        "{}",
        outcome.stderr
    );
    assert!(
        !outcome.stderr.contains("15550100101"),
        "{}",
        outcome.stderr
    );
    assert_eq!(server.received().len(), 1, "it is sent once");
}

#[test]
fn a_read_whose_outcome_is_unknown_is_only_1() {
    let server = Server::answering(500, "{}");
    assert_eq!(run(Some(&server), &["inboxes", "list"]).code, Some(1));
    assert_eq!(server.received().len(), 3, "it is read again");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let page: Vec<_> = (0..30_000)
        .map(|id| format!(r#"{{"id":{id},"name":"n"}}"#))
        .collect();
    let server = Server::answering(200, &format!("[{}]", page.join(",")));
    for format in ["json", "jsonl", "csv", "table"] {
        let mut child = heymarket(Some(&server))
            .args(["templates", "list", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("its output"));
        reader.read_line(&mut line).expect("a line");
        drop(reader);
        let output = child.wait_with_output().expect("its end");
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}

#[test]
fn a_recipient_who_opted_out_is_7() {
    let body = r#"{"message":"the contact is unsubscribed and gets no messages"}"#;
    let server = Server::answering(403, body);
    let outcome = run(Some(&server), &SEND);
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("opted out; do not retry"),
        "{}",
        outcome.stderr
    );
    // The same answer to anything but a message is about permissions.
    let outcome = run(Some(&server), &["tags", "list"]);
    assert_eq!(outcome.code, Some(4));
    let server = Server::answering(403, r#"{"message":"denied"}"#);
    assert_eq!(run(Some(&server), &SEND).code, Some(4));
}

#[test]
fn an_interrupted_command_is_130() {
    let server = Server::responding(|_| {
        std::thread::sleep(std::time::Duration::from_secs(20));
        (200, Vec::new(), "[]".to_owned())
    });
    let home = crate::support::Home::new()
        .with("HEYMARKET_API_KEY", "sk_canary_key")
        .with("HEYMARKET_BASE_URL", &server.url());
    let running = home.begin(&["tags", "list", "--debug"]);
    running.says("> POST /v1/tags");
    let outcome = running.interrupt();
    assert_eq!(outcome.code, Some(130), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
}
