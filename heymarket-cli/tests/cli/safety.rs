//! What stands before a request, and what is shown of it.

use insta::assert_snapshot;

use crate::support::{Operation, Server, run, spec};

const SEND: [&str; 8] = [
    "messages",
    "send",
    "--inbox=42",
    "--as=7",
    "--to=15550100101",
    "--text=it's canary text",
    "--local-id",
    "key-1",
];

fn send(server: &Server, more: &[&str]) -> crate::support::Outcome {
    run(Some(server), &[&SEND[..], more].concat())
}

#[test]
fn what_sends_deletes_or_changes_many_things_wants_a_yes() {
    let commands: [&[&str]; 6] = [
        &SEND,
        &[
            "messages",
            "send-email",
            "--inbox=1",
            "--as=2",
            "--to=to:a@example.com",
            "--text=x",
        ],
        &["contacts", "delete", "1"],
        &[
            "contacts",
            "create-many",
            "--body",
            r#"[{"phone":"15550100101"}]"#,
        ],
        &["api", "DELETE", "/v1/tag/1"],
        &["api", "POST", "/v9/unknown"],
    ];
    for words in commands {
        let server = Server::answering(200, r#"{"id":1}"#);
        let outcome = run(Some(&server), words);
        assert_eq!(outcome.code, Some(2), "{words:?}");
        assert!(outcome.stderr.contains("--yes"), "{}", outcome.stderr);
        assert_eq!(server.received().len(), 0, "{words:?}");
        run(Some(&server), &[words, &["--yes"]].concat()).done();
        assert_eq!(server.received().len(), 1, "{words:?}");
    }
}

#[test]
fn every_delete_of_the_spec_wants_a_yes() {
    let mut count = 0;
    for operation in Operation::all(&spec()) {
        if operation.method == "DELETE" {
            let server = Server::answering(200, "{}");
            let outcome = run(
                Some(&server),
                &["api", "DELETE", &operation.path.replace(['{', '}'], "x")],
            );
            assert_eq!(outcome.code, Some(2), "{}", operation.id);
            count += 1;
        }
    }
    assert!(count >= 9, "{count}");
}

#[test]
fn reading_wants_no_yes() {
    let server = Server::answering(200, "[]");
    run(Some(&server), &["contacts", "list"]).done();
    run(
        Some(&server),
        &["api", "POST", "/v1/contacts", "--input", "/dev/null"],
    );
    run(Some(&server), &["api", "/v9/unknown"]).done();
}

#[test]
fn a_dry_run_shows_the_request_and_sends_nothing() {
    let server = Server::answering(200, r#"{"id":1}"#);
    let outcome = send(&server, &["--dry-run"]);
    assert_eq!(server.received().len(), 0);
    assert_eq!(outcome.stderr, "nothing was sent\n");
    assert_snapshot!("dry-run", outcome.done().replace(&server.url(), "SERVER"));
}

#[test]
fn a_dry_run_needs_no_credentials() {
    let outcome = run(None, &["conversations", "get", "9920", "--dry-run"]);
    assert_eq!(
        outcome.done(),
        "GET https://api.heymarket.com/v1/conversations/9920\n"
    );
}

#[test]
fn a_curl_line_has_all_but_the_secret_and_works_in_a_shell() {
    let server = Server::answering(200, r#"{"id":1}"#);
    let outcome = send(&server, &["--curl"]);
    assert_eq!(server.received().len(), 0);
    let line = outcome.done();
    assert!(!line.contains("canary_key"), "{line}");
    assert_snapshot!("curl", line.replace(&server.url(), "SERVER"));
    // What a shell makes of it, word by word.
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}; HEYMARKET_TOKEN=token; {line}");
    let words = std::process::Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("a shell");
    let words = String::from_utf8(words.stdout).expect("UTF-8");
    assert!(words.contains("Authorization: Bearer token\n"), "{words}");
    assert!(words.contains("\"text\":\"it's canary text\"}"), "{words}");
}

#[test]
fn debug_shows_the_wire_and_nothing_that_is_not_to_be_seen() {
    let body = r#"{"id":1,"text":"canary answer","phone":"15550100101"}"#;
    let server = Server::answering(200, body);
    let outcome = send(&server, &["--debug", "--yes"]);
    let text = outcome.stderr;
    for part in [
        "> POST /v1/message/send",
        "\"inbox_id\": 42",
        "< 200 OK",
        "request-1",
        "attempts: ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for secret in ["canary", "15550100101", "sk_"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn debug_shows_every_attempt() {
    let server = Server::answering(503, r#"{"message":"canary of 15550100101"}"#);
    let words = [
        "messages",
        "list",
        "--phone-number=15550100101",
        "--inbox=1",
        "--debug",
    ];
    let outcome = run(Some(&server), &words);
    assert_eq!(
        outcome.stderr.matches("outcome=").count(),
        3,
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("phoneNumber=[hidden]&inboxID=1"),
        "{}",
        outcome.stderr
    );
    assert!(
        !outcome.stderr.contains("15550100101"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn no_secret_is_in_any_output() {
    for (status, body) in [
        (200, r#"{"id":1}"#),
        (401, r#"{"message":"sk_canary_key is wrong"}"#),
    ] {
        let server = Server::answering(status, body);
        for more in [&["--debug"][..], &["--curl"], &["--dry-run"], &[]] {
            let outcome = run(
                Some(&server),
                &[&["conversations", "get", "9920"], more].concat(),
            );
            let text = outcome.stdout + &outcome.stderr;
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
