//! What comes from elsewhere cannot act on the terminal that it is shown on.

use serde_json::json;

use crate::support::{Home, Pty, Server, environment, heymarket};

/// Sequences that set a title, clear the screen, go to the line's start and
/// turn text around, a forged line, and invisible characters.
const EVIL: &str = "\u{1b}]0;owned\u{7}\u{9b}2J\r\nFORGED\u{202e}\u{2066}\u{200b}\u{200f}\u{2060}\
                    \u{feff}\u{ad}\u{e0041}";

/// Whether a text does more than to be shown.
fn acts(text: &str) -> Option<char> {
    let is_invisible = |c: char| {
        matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
    };
    let mut chars = text.chars();
    chars.find(|c| (c.is_control() && *c != '\n') || is_invisible(*c))
}

#[track_caller]
fn assert_shown(text: &str, what: &str) {
    assert_eq!(acts(text), None, "{what}: {text:?}");
    let is_forged = text.lines().any(|line| line.starts_with("FORGED"));
    assert!(!is_forged, "{what}: {text:?}");
    assert!(text.contains("FORGED"), "{what} is not shown: {text:?}");
}

#[test]
fn an_error_about_a_value_is_escaped() {
    let home = Home::new().with("HEYMARKET_API_KEY", "sk_1");
    let file = format!("{}/no/{EVIL}", home.path().display());
    let body = format!("{{\"a\": {EVIL}");
    let cases: [&[&str]; 15] = [
        &[EVIL],
        &["conversations", "get", EVIL],
        &["conversations", "list", "--before", EVIL],
        &["messages", "send", "--to", EVIL],
        &["tags", "get", "1", "--format", EVIL],
        &["tags", "get", "1", "--jq", EVIL],
        &["tags", "create", "--body", &file],
        &["tags", "get", "1", "--profile", EVIL],
        &["tags", "get", "1", "--sandbox", "--state", &file],
        &["api", "/v1", "-X", EVIL],
        &["api", "/v1", "-f", EVIL, "-f", &format!("{EVIL}[=1")],
        &["api", "/v1", "--input", &file],
        &["export", "contacts", "--sandbox", "--to", &file],
        &["help", EVIL],
        &[
            "trigger",
            "chat_closed",
            "--to=http://127.0.0.1:1",
            "-f",
            &format!("id.{EVIL}.b=1"),
        ],
    ];
    for words in cases {
        let outcome = home.run_with_input(words, &body);
        assert_ne!(outcome.code, Some(0), "{words:?}");
        let is_quoted = !outcome.stderr.contains("FORGED");
        if is_quoted {
            assert_eq!(acts(&outcome.stderr), None, "{words:?}: {}", outcome.stderr);
        } else {
            assert_shown(&outcome.stderr, &format!("{words:?}"));
        }
    }
    let folder = format!("{}/{EVIL}", home.path().display());
    assert_shown(&home.run(&["man", &folder]).stderr, "a folder");
}

#[test]
fn a_message_of_the_server_is_escaped() {
    let refusal = json!({"message": format!("no {EVIL}")}).to_string();
    for words in [
        &["tags", "get", "1"][..],
        &["tags", "get", "1", "--debug"],
        &["doctor", "--format", "table"],
    ] {
        let server = Server::answering(400, &refusal);
        let outcome = heymarket(Some(&server))
            .args(words)
            .output()
            .expect("the binary");
        let text = [outcome.stdout, outcome.stderr].concat();
        assert_shown(
            &String::from_utf8(text).expect("UTF-8"),
            &format!("{words:?}"),
        );
    }
}

#[test]
fn a_table_escapes_names_and_values() {
    let one = json!({"id": 1, EVIL: EVIL, "nested": {EVIL: EVIL}, "list": [EVIL]});
    for (words, body) in [
        (["tags", "get", "1"].as_slice(), one.to_string()),
        (
            &["conversations", "list", "--member=1", "--inbox=1"],
            json!([{"id": 1, "name": format!("FORGED{EVIL}")}]).to_string(),
        ),
    ] {
        let server = Server::answering(200, &body);
        let words = [words, &["--format", "table"]].concat();
        let piped = heymarket(Some(&server))
            .args(&words)
            .output()
            .expect("the binary");
        assert_shown(&String::from_utf8(piped.stdout).expect("UTF-8"), "a pipe");
        let (_, seen) = Pty::run(Some(&server), 300, &words).end();
        assert_shown(&seen, "a terminal");
    }
}

#[test]
fn the_content_of_a_delivery_is_escaped() {
    let home = Home::new().with("HEYMARKET_WEBHOOK_TOKEN", "token");
    let words = [
        "listen",
        "--port=0",
        "--retries=0",
        "--forward-to=http://127.0.0.1:1/",
    ];
    let listener = home.begin(&words);
    let url = listener.says("listening on ");
    let url = url.trim_start_matches("listening on ");
    let status = format!("status={EVIL}");
    let words = ["trigger", "message_sent", "--to", url, "-f", &status];
    home.run(&words).done();
    let line = listener.says("not forwarded");
    assert_shown(&line, "an event that is not forwarded");
    listener.interrupt().done();
}

#[test]
fn a_question_shows_every_key_and_value_on_a_line() {
    let body = json!({EVIL: EVIL, "nested": {EVIL: [EVIL]}}).to_string();
    for words in [
        &["api", "POST", "/v9/news", "--input", "-"][..],
        &[
            "messages",
            "send",
            "--inbox=1",
            "--as=2",
            "--to=15550100101",
            "--body",
            &body,
        ],
        &[
            "api",
            "DELETE",
            "/v9/FORGED\u{202e}\u{200b}x?FORGED%0AFORGED%1b=%9b%0AFORGED",
        ],
    ] {
        let server = Server::answering(200, "{}");
        let input = Home::new();
        let file = input.path().join("body.json");
        std::fs::write(&file, &body).expect("a file");
        let file = file.to_str().expect("a path");
        let words: Vec<&str> = words
            .iter()
            .map(|word| if *word == "-" { file } else { word })
            .collect();
        let mut terminal = Pty::run(Some(&server), 200, &words);
        terminal.wait_for("[y/N]");
        terminal.type_line("n");
        let (code, seen) = terminal.end();
        assert_eq!(code, 1, "{seen}");
        assert_shown(&seen, &format!("{words:?}"));
    }
}

#[test]
fn raw_output_is_escaped_on_a_terminal() {
    let home = Home::new();
    let config = home.path().display().to_string();
    let mut variables = environment(None);
    variables.push(("HEYMARKET_CONFIG_DIR", config));
    let text = format!("text={EVIL}");
    let url = "http://127.0.0.1:1/hook";
    for words in [
        &["api", "POST", "/v9/x\u{202e}FORGED", "-f", &text, "--curl"][..],
        &[
            "api",
            "POST",
            "/v9/x\u{202e}FORGED",
            "-f",
            &text,
            "--dry-run",
        ],
        &[
            "api",
            "GET",
            "/v9/x",
            "-H",
            "Accept: FORGED\u{9b}2J\u{202e}",
            "--dry-run",
        ],
        &["trigger", "chat_closed", "--to", url, "-f", &text, "--curl"],
        &[
            "trigger",
            "chat_closed",
            "--to",
            url,
            "-f",
            &text,
            "--dry-run",
        ],
    ] {
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let (code, seen) = Pty::run_with(&variables, 200, words).end();
        assert_eq!(code, 0, "{seen}");
        assert_shown(&seen, &format!("{words:?}"));
    }
    let server = Server::answering(200, EVIL);
    let (_, seen) = Pty::run(Some(&server), 200, &["api", "/v9/text"]).end();
    assert_eq!(acts(&seen), None, "{seen:?}");
}
