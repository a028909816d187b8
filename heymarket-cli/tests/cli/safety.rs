//! What stands before a request, and what is shown of it.

use insta::assert_snapshot;

use crate::support::{Home, Operation, Server, curl_calls, run, spec};

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
fn sending_deleting_and_bulk_changes_need_a_yes() {
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
fn a_curl_line_works_in_a_shell_without_the_secret() {
    let server = Server::answering(200, r#"{"id":1}"#);
    let outcome = send(&server, &["--curl"]);
    assert_eq!(server.received().len(), 0);
    let line = outcome.done();
    assert!(!line.contains("canary_key"), "{line}");
    assert_snapshot!("curl", line.replace(&server.url(), "SERVER"));
    let home = Home::new();
    let calls = curl_calls(home.path(), &line, &[("HEYMARKET_TOKEN", "token")]);
    let [words] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    let has = |expected: &str| words.iter().any(|word| word == expected);
    assert!(has("Authorization: Bearer token"), "{words:?}");
    let body = words.last().expect("a body");
    assert!(body.ends_with("\"text\":\"it's canary text\"}"), "{body}");
}

/// What would run a command in a shell, as far as a URL may hold it.
const COMMANDS: &str = "';touch$IFS.pwned;'$(touch$IFS.pwned)`touch$IFS.pwned`&touch$IFS.pwned;";

#[test]
fn no_curl_line_runs_anything_else() {
    let home = Home::new().with("HEYMARKET_WEBHOOK_TOKEN", "canary-token");
    let hook = format!("http://127.0.0.1:1/hook/{COMMANDS}");
    let path = format!("/v9/{COMMANDS}?a={COMMANDS}");
    let text = format!("text={COMMANDS}\"\\");
    let server = format!("https://example.com/{COMMANDS}");
    let lines: [&[&str]; 6] = [
        &["trigger", "chat_closed", "--to", &hook, "-f", &text],
        &["api", "POST", &path, "-f", &text],
        &[
            "api",
            "GET",
            "/v9/x",
            "-H",
            "`touch$IFS.pwned`: $(touch .pwned)",
        ],
        &["api", "GET", "/v9/x", "-H", "Accept: ';$(touch .pwned)'"],
        &["contacts-v2", "get", COMMANDS, "--base-url", &server],
        &["export", "contacts", "--to", "x", "--base-url", &server],
    ];
    for words in lines {
        let outcome = home.run(&[words, &["--curl"]].concat());
        let said = outcome.stderr.clone();
        let line = outcome.done();
        let variables = [
            ("HEYMARKET_TOKEN", "a token"),
            ("HEYMARKET_WEBHOOK_TOKEN", "a token"),
            ("HEYMARKET_HEADER__TOUCH_IFS_PWNED_", "a value"),
        ];
        let calls = curl_calls(home.path(), &line, &variables);
        assert!(!home.path().join(".pwned").exists(), "{line}");
        assert_eq!(calls.len(), 1, "{words:?}: {calls:?}");
        let call = &calls[0];
        let urls = call.iter().filter(|word| word.starts_with("http"));
        assert_eq!(urls.count(), 1, "{call:?}");
        assert!(said.contains("nothing was sent"), "{said}");
        std::fs::remove_file(home.path().join("calls")).expect("the calls");
    }
}

#[test]
fn a_printed_delivery_works_once_its_token_is_set() {
    let home = Home::new();
    let words = ["trigger", "chat_closed", "-f", "note=it's \"$TOKEN\""];
    let url = "http://user:canary@127.0.0.1:1/a'b?key=canary";
    let outcome = home.run(&[&words[..], &["--curl", "--to", url]].concat());
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("HEYMARKET_WEBHOOK_URL"),
        "{}",
        outcome.stderr
    );
    let variables = [
        ("HEYMARKET_WEBHOOK_TOKEN", "t-1"),
        ("HEYMARKET_WEBHOOK_URL", url),
    ];
    let calls = curl_calls(home.path(), &outcome.done(), &variables);
    assert!(calls[0].iter().any(|word| word == url), "{calls:?}");
    let body = calls[0]
        .iter()
        .find(|word| word.starts_with('{'))
        .expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["token"], "t-1");
    assert_eq!(body["event_data"]["note"], "it's \"$TOKEN\"");
}

#[test]
fn a_header_is_shown_only_if_it_is_known_to_be_harmless() {
    let words = [
        "api",
        "/v9/news",
        "-H",
        "accept: text/plain",
        "-H",
        "X-Request-Id: r-1",
        "-H",
        "X-Trace: canary-1",
        "-H",
        "X-Sauce: canary-2",
        "-H",
        "Authorization: canary-3",
    ];
    let shown = run(None, &[&words[..], &["--dry-run"]].concat());
    let all = format!("{shown:?}");
    assert!(!all.contains("canary"), "{all}");
    let text = shown.done();
    assert!(
        text.contains("accept: text/plain\nx-request-id: r-1\nx-trace: [redacted]\n"),
        "{text}"
    );

    let outcome = run(None, &[&words[..], &["--curl"]].concat());
    assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    for name in [
        "HEYMARKET_TOKEN",
        "HEYMARKET_HEADER_X_TRACE",
        "HEYMARKET_HEADER_X_SAUCE",
    ] {
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
    }
    let variables = [
        ("HEYMARKET_TOKEN", "t"),
        ("HEYMARKET_HEADER_X_TRACE", "1"),
        ("HEYMARKET_HEADER_X_SAUCE", "a b"),
    ];
    let home = Home::new();
    let calls = curl_calls(home.path(), &outcome.done(), &variables);
    let has = |header: &str| calls[0].iter().any(|word| word == header);
    assert!(has("x-trace: 1") && has("x-sauce: a b"), "{calls:?}");
    let is_token = |word: &&String| word.to_lowercase().starts_with("authorization: ");
    let tokens = calls[0].iter().filter(is_token).count();
    assert_eq!(tokens, 1, "only the client's own: {calls:?}");
}

#[test]
fn the_secrets_of_a_base_url_are_never_shown() {
    let live = crate::support::Live::start();
    let home = Home::new();
    let urls = [
        "https://user:canary@example.com/a?key=canary#canary",
        "https://canary@example.com",
        "https://example.com?canary",
        "http://user:canary@127.0.0.1:1/",
        "https://user:canary@exa mple.com",
        "canary://user:canary@example.com/canary",
        "canary",
    ];
    for url in urls {
        let file = format!("profile = 'a'\n[profiles.a]\napi_key = 'sk_1'\nbase_url = '{url}'\n");
        home.write_config(&file);
        for words in [
            "conversations get 9920 --dry-run",
            "conversations get 9920 --curl",
            "conversations get 9920",
            "conversations get 9920 --debug",
            "export contacts --to x.jsonl --dry-run",
            "export contacts --to x.jsonl",
            "auth status",
            "auth status --format table",
            "auth switch a",
            "doctor --debug",
            "auth login b --with-secret --no-check --debug",
            "listen --port 0 --since 2026-05-01T00:00:00Z",
        ] {
            let words: Vec<&str> = words.split(' ').collect();
            let flag = ["--base-url", url];
            for words in [words.clone(), [&words[..], &flag].concat()] {
                let mut command = home.command(&words);
                command
                    .env("HEYMARKET_WEBHOOK_TOKEN", "token")
                    .env("HEYMARKET_BASE_URL", live.url());
                let output = command.output().expect("an output");
                let text = [output.stdout, output.stderr].concat();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains("canary"), "{url}: {words:?}: {text}");
            }
        }
    }
}

#[test]
fn debug_shows_requests_without_secrets() {
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
        outcome.stderr.contains("phoneNumber=[redacted]&inboxID=1"),
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
