//! The example, as a process: `cargo run -p heymarket-api --example
//! get_conversation -- 9920`.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{Answer, Server};

/// Returns the binary of an example, which `cargo test --workspace` builds beside
/// this test's own.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.ancestors().nth(2).expect("the target directory");
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = target.join("examples").join(name);
    assert!(
        path.exists(),
        "no {path:?}: run `cargo test --workspace`, which builds it"
    );
    path
}

/// Runs the example in an environment that holds `variables` alone.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(binary("get_conversation"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the example runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn without_credentials_it_uses_a_sandbox_and_says_so() {
    let output = run(&["9920"], &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr).lines().count(), 1);
    assert!(text(&output.stderr).contains("embedded sandbox"));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed["id"], 9920);
    assert_eq!(printed["status"], "open");
    assert_eq!(printed["target"], "15550100101");

    let unknown = run(&["1"], &[]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("404"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_credentials_it_asks_the_api() {
    let server = Server::answering(Answer::new(200, r#"{"id":7,"status":"closed"}"#)).await;
    let url = server.url();
    let variables = [
        ("HEYMARKET_API_SECRET_ID", "id"),
        ("HEYMARKET_API_SECRET_KEY", "key"),
        ("HEYMARKET_BASE_URL", url.as_str()),
    ];
    let output = run(&["7"], &variables);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed, serde_json::json!({ "id": 7, "status": "closed" }));
    assert_eq!(server.only_request().target, "/v1/conversations/7");
}

#[test]
fn errors_go_to_stderr() {
    let usage = run(&["x"], &[]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(text(&usage.stderr).starts_with("usage: "));
    let half = run(&["1"], &[("HEYMARKET_API_SECRET_ID", "id")]);
    assert_eq!(half.status.code(), Some(1));
    assert!(text(&half.stderr).contains("HEYMARKET_API_SECRET_KEY is not"));
    assert_eq!(text(&half.stdout), "");
}
