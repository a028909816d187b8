//! `heymarket mcp`: on standard input and output, and over HTTP.

use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::{Value, json};

use crate::support::{Home, piped, run};

/// Sends messages, a line for each, and returns the answers to those with an ID.
fn talk(arguments: &[&str], messages: &[Value]) -> Vec<Value> {
    let home = Home::new();
    let mut words = vec!["mcp", "--sandbox"];
    words.extend(arguments);
    let mut child = piped(&mut home.command(&words));
    let mut input = child.stdin.take().expect("standard input");
    let output = BufReader::new(child.stdout.take().expect("standard output"));
    let mut answers = output.lines();
    let mut read = Vec::new();
    for message in messages {
        writeln!(input, "{message}").expect("it reads");
        if message.get("id").is_some() {
            let line = answers.next().expect("an answer").expect("a line");
            read.push(serde_json::from_str(&line).expect("JSON"));
        }
    }
    // A client ends the server by closing its input.
    drop(input);
    assert!(child.wait().expect("it ends").success());
    read
}

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn handshake() -> [Value; 2] {
    let params = json!({
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    [
        request(0, "initialize", params),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ]
}

#[test]
fn a_client_calls_tools_on_standard_input_and_output() {
    let [initialize, initialized] = handshake();
    let call = json!({"name": "read_thread", "arguments": {"conversation_id": 9920, "limit": 1}});
    let messages = [
        initialize,
        initialized,
        request(1, "tools/list", json!({})),
        request(2, "tools/call", call),
        request(
            3,
            "tools/call",
            json!({"name": "send_draft", "arguments": {"token": "a"}}),
        ),
    ];
    let answers = talk(&[], &messages);
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "heymarket");
    let tools = answers[1]["result"]["tools"].as_array().expect("tools");
    assert!(
        tools
            .iter()
            .all(|tool| tool["annotations"]["readOnlyHint"] == true)
    );
    let thread = &answers[2]["result"]["structuredContent"];
    assert_eq!(
        thread["messages"][0]["text"]["written_by"],
        "team member 50001"
    );
    let problem = &answers[3]["error"]["message"];
    assert_eq!(problem, "no tool has this name, or it is not allowed");
}

#[test]
fn wrong_flags_are_refused_before_a_client_is_served() {
    for (words, problem) in [
        (
            &["mcp", "--sandbox", "--toolsets", "task"][..],
            "\"task\" is not a toolset",
        ),
        (
            &["mcp", "--sandbox", "--recipient", "15550100101"],
            "--allow-sends",
        ),
        (&["mcp", "--sandbox", "--port", "1"], "--http"),
        (
            &["mcp", "--sandbox", "--allow-sends", "--recipient", "nobody"],
            "nobody",
        ),
        (&["mcp", "--sandbox", "--dry-run"], "do not apply to mcp"),
    ] {
        let outcome = run(None, words);
        assert_eq!(outcome.code, Some(2), "{words:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(problem), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn the_log_shows_no_message_of_a_client() {
    let [initialize, initialized] = handshake();
    let draft = json!({
        "to": "15550100101", "inbox_id": 41001, "member_id": 50001, "text": "a canary in a text",
    });
    let call = request(
        1,
        "tools/call",
        json!({"name": "draft_message", "arguments": draft}),
    );
    let home = Home::new();
    let mut child = piped(&mut home.command(&["mcp", "--sandbox", "--debug"]));
    let mut input = child.stdin.take().expect("standard input");
    for message in [initialize, initialized, call] {
        writeln!(input, "{message}").expect("it reads");
    }
    let output = BufReader::new(child.stdout.take().expect("standard output"));
    let answers = output.lines().take(2).count();
    drop(input);
    let output = child.wait_with_output().expect("its output");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(answers, 2, "{log}");
    assert!(log.contains("find_contact"), "the log is empty: {log}");
    for secret in ["canary", "15550100101", "Avery"] {
        assert!(!log.contains(secret), "{log}");
    }
}
