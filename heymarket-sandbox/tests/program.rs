//! The program. These tests are here because only the tests of its own package
//! know its path.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use heymarket_sandbox::{API_KEY, Sandbox};
use serde_json::Value;

/// How often the program is killed.
const KILLS: usize = 8;

/// A running program and its URL.
struct Program {
    process: Child,
    url: String,
}

impl Program {
    fn start(state: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_heymarket-sandbox"))
            .args(["--port", "0", "--rate-limit", "0", "--state"])
            .arg(state)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let first = lines.next().expect("a line").expect("text");
        let url = first.rsplit(' ').next().expect("a URL").to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{first}");
        Self { process, url }
    }

    /// Kills it, as `kill -9` does.
    fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn send(client: &reqwest::Client, url: &str, text: &str) {
    let body = serde_json::json!({
        "inbox_id": 41001, "creator_id": 50001, "phone_number": "15550107777", "text": text,
    });
    let request = client
        .post(format!("{url}/v1/message/send"))
        .header("authorization", format!("Bearer {API_KEY}"))
        .body(body.to_string());
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// Returns the texts of all messages in a state.
fn texts(state: &Value) -> BTreeSet<String> {
    let messages = state["store"]["messages"].as_array().expect("messages");
    let texts = messages.iter().map(|message| message["text"].as_str());
    texts.map(|text| text.expect("a text").to_owned()).collect()
}

fn saved(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read(path).expect("the file");
    let state = serde_json::from_slice(&text).expect("a whole file");
    texts(&state)
}

/// Returns whether a file is being written beside the state and its lock.
fn is_saving(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("the folder").count() > 2
}

/// Waits up to ten seconds for a condition. The next assertion reports a
/// timeout.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[tokio::test]
async fn a_kill_during_a_save_loses_nothing_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let client = reqwest::Client::new();
    let mut hits = 0;
    for kill in 0..KILLS {
        let program = Program::start(&path);
        // A large save lasts long enough to be hit.
        let padding = "x".repeat(200_000);
        let text = |index: usize| format!("{kill}.{index} {padding}");
        send(&client, &program.url, &text(0)).await;
        wait_until(|| saved(&path).contains(&text(0)));
        let before = saved(&path);
        for index in 1..10 {
            send(&client, &program.url, &text(index)).await;
        }
        wait_until(|| is_saving(folder.path()));
        // Each kill hits another moment of the save.
        std::thread::sleep(Duration::from_micros(700 * kill as u64));
        program.kill();
        hits += usize::from(is_saving(folder.path()));
        let now = saved(&path);
        assert!(now.is_superset(&before), "kill {kill} lost what was saved");
        // The kill released the lock. The next sandbox loads the whole state.
        let sandbox = Sandbox::builder().state_file(&path);
        let sandbox = sandbox.state_wait(Duration::ZERO).start().await;
        let sandbox = sandbox.expect("the state loads");
        assert!(!is_saving(folder.path()), "what the kill left is removed");
        assert_eq!(texts(&sandbox.state().expect("the state")), now);
        sandbox.stop().await.expect("stopped");
        assert_eq!(saved(&path), now);
    }
    assert!(hits > 0, "no kill came while it was saving");
}

#[tokio::test]
async fn a_running_program_locks_its_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let program = Program::start(&path);
    let start = async || {
        let sandbox = Sandbox::builder().state_file(&path);
        sandbox.state_wait(Duration::ZERO).start().await
    };
    let error = start().await.expect_err("in use").to_string();
    assert!(error.contains("is in use"), "{error}");
    program.kill();
    start().await.expect("the lock is released");
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_saves_the_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let mut program = Program::start(&path);
    send(&reqwest::Client::new(), &program.url, "Save me.").await;
    let id = program.process.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.expect("kill").success());
    let status = program.process.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(saved(&path).contains("Save me."));
}

#[test]
fn invalid_arguments_are_reported_on_stderr() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    for (arguments, problem) in [
        (["--port", &port], "choose another port"),
        (["--rule", "fault=flood"], "flood"),
        (["--dialect", "klingon"], "documented, observed, mixed"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_heymarket-sandbox"))
            .args(arguments)
            .output()
            .expect("the program");
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(problem), "{stderr}");
    }
}
