//! Against the sandbox: inside of a command, and as a server of its own.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::commands::commands;
use crate::support::{Home, Live, Operation, end, heymarket, piped, run, spec};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_first_command_of_the_readme_works_without_credentials() {
    let text = run(None, &["--sandbox", "conversations", "get", "9920"]).done();
    assert_eq!(json(&text)["id"], 9920);
}

#[test]
fn a_sandbox_forgets_unless_it_has_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.json");
    let state = file.to_str().expect("a path");
    let send = "messages send --inbox 41001 --as 50001 --to 15550100101 --yes --text Remembered";
    let send: Vec<&str> = send.split(' ').collect();
    let list = [
        "messages",
        "list",
        "--inbox=41001",
        "--phone-number=15550100101",
        "--jq",
        ".[0].text",
    ];
    let forgets = ["--sandbox"];
    let remembers = ["--sandbox", "--state", state];
    for (options, remembered) in [(&forgets[..], false), (&remembers, true)] {
        run(None, &[options, &send].concat()).done();
        let last = run(None, &[options, &list].concat()).done();
        assert_eq!(last == "Remembered\n", remembered, "{last}");
    }
}

#[test]
fn six_commands_at_once_keep_all_their_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.json");
    let sandbox = ["--sandbox", "--state", file.to_str().expect("a path")];
    let texts: BTreeSet<String> = (1..=6).map(|number| format!("Change {number}")).collect();
    let send = "messages send --inbox 41001 --as 50001 --to 15550100101 --yes --text";
    let running: Vec<Child> = texts
        .iter()
        .map(|text| {
            let mut command = heymarket(None);
            let command = command.args(sandbox).args(send.split(' ')).arg(text);
            piped(command)
        })
        .collect();
    for child in running {
        end(child, "").done();
    }
    let list = "messages list --inbox 41001 --phone-number 15550100101 --jq .[].text";
    let list: Vec<&str> = list.split(' ').collect();
    let history = run(None, &[&sandbox[..], &list].concat()).done();
    let known: BTreeSet<String> = history.lines().map(str::to_owned).collect();
    let lost: Vec<_> = texts.difference(&known).collect();
    assert!(
        lost.is_empty(),
        "all said they were done, and {lost:?} are lost"
    );
}

#[test]
fn a_state_without_a_sandbox_is_a_mistake() {
    assert_eq!(
        run(None, &["inboxes", "list", "--state", "x"]).code,
        Some(2)
    );
    let damaged = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(damaged.path(), "{").expect("a file");
    let path = damaged.path().to_str().expect("a path");
    let outcome = run(None, &["--sandbox", "--state", path, "inboxes", "list"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("the sandbox: "),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        std::fs::read_to_string(path).expect("the file"),
        "{",
        "it is left alone"
    );
}

#[test]
fn every_operation_is_understood_by_the_sandbox() {
    let server = Running::start(&[]);
    let commands = commands();
    let mut done = 0;
    for operation in Operation::all(&spec()) {
        let (words, _) = &commands[&(operation.method.clone(), operation.path.clone())];
        let words = operation.words(words);
        let mut command = server.command();
        let output = command.args(&words).output().expect("the binary");
        let stderr = String::from_utf8_lossy(&output.stderr);
        // It checks requests against the spec before it looks for what they are
        // about, which need not be there, or be there already.
        let is_about_the_data = stderr.contains("403 Forbidden") || stderr.contains(" has this ");
        let is_understood = matches!(output.status.code(), Some(0 | 3)) || is_about_the_data;
        assert!(is_understood, "{words:?}: {stderr}");
        done += i32::from(output.status.success());
    }
    assert!(done > 30, "only {done} operations were done");
}

#[test]
fn all_pages_of_the_sandbox_come_once() {
    let text = run(
        None,
        &["--sandbox", "contacts", "list", "--all", "--jq", ".id"],
    )
    .done();
    let mut ids: Vec<&str> = text.lines().collect();
    let count = ids.len();
    assert!(count > 60, "{count}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_message_can_be_found_by_its_key() {
    let server = Running::start(&["--rule", "fault=close_after,operation=send_message"]);
    let send =
        "messages send --inbox 41001 --as 50001 --to 15550100101 --yes --text x --local-id k1";
    let output = server
        .command()
        .args(send.split(' '))
        .output()
        .expect("the binary");
    assert_eq!(output.status.code(), Some(6));
    let list = "messages list --inbox 41001 --phone-number 15550100101 --jq .[0].local_id";
    let output = server
        .command()
        .args(list.split(' '))
        .output()
        .expect("the binary");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "k1\n");
}

#[cfg(unix)]
#[test]
fn a_sandbox_ends_well_when_it_is_told_to_stop() {
    let mut server = Running::start(&[]);
    let id = server.child.id().to_string();
    let status = Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .expect("kill");
    assert!(status.success());
    assert_eq!(server.child.wait().expect("an end").code(), Some(0));
}

/// `heymarket sandbox` on a free port.
struct Running {
    child: Child,
    greeting: String,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        let mut child = heymarket(None)
            .args(["sandbox", "--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut greeting = String::new();
        while !greeting.contains("/_sandbox/") {
            let count = stdout.read_line(&mut greeting).expect("its output");
            assert!(count > 0, "it ended after {greeting}");
        }
        // Whatever else it writes has somewhere to go.
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, greeting }
    }

    /// The binary, with the environment that the greeting says to set.
    fn command(&self) -> Command {
        let mut command = heymarket(None);
        for line in self.greeting.lines() {
            if let Some((name, value)) = line
                .strip_prefix("export ")
                .and_then(|variable| variable.split_once('='))
            {
                command.env(name, value);
            }
        }
        command
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_sandbox_is_controlled_by_commands() {
    let live = Live::start();
    let home = Home::of(&live);
    let words = [
        "sandbox",
        "inbound",
        "--inbox=41001",
        "--from=+1 (555) 010-0155",
        "--text=Is anybody there?",
    ];
    let received: Value = serde_json::from_str(&home.run(&words).done()).expect("JSON");
    let conversation = received["convo_id"].to_string();
    let words = ["conversations", "view", &conversation, "--jq=.[-1].text"];
    assert_eq!(home.run(&words).done(), "Is anybody there?\n");
    let clock = [
        "sandbox",
        "clock",
        "--set=2026-05-07 12:00",
        "--freeze",
        "--jq=.now",
    ];
    assert_eq!(home.run(&clock).done(), "2026-05-07T12:00:00Z\n");
    let later = ["sandbox", "clock", "--advance=2h", "--jq=.now"];
    assert_eq!(home.run(&later).done(), "2026-05-07T14:00:00Z\n");
    let rule = [
        "sandbox",
        "rules",
        "--add=fault=status,status=503",
        "--jq=length",
    ];
    assert_eq!(home.run(&rule).done(), "1\n");
    assert_eq!(
        home.run(&["sandbox", "rules", "--clear", "--jq=length"])
            .done(),
        "0\n"
    );
    let log = home.run(&["sandbox", "log", "--jq=.[].path"]).done();
    assert!(log.contains("/v1/messages"), "{log}");
    assert_eq!(
        home.run(&["sandbox", "log", "--clear", "--jq=length"])
            .done(),
        "0\n"
    );
    let outcome = home.run(&["sandbox", "clock", "--base-url=http://127.0.0.1:1"]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome
            .stderr
            .contains("start one with 'heymarket sandbox'"),
        "{}",
        outcome.stderr
    );
}
