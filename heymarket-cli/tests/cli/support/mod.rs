//! Runs the binary against a scripted server.

mod live;
mod pty;
mod server;
mod shell;
mod spec;

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

pub(crate) use live::{Home, Live, Running};
pub(crate) use pty::Pty;
pub(crate) use server::{Received, Server};
pub(crate) use shell::curl_calls;
pub(crate) use spec::{Operation, in_the_future, kebab, spec};

/// The outcome of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }
}

/// The binary in an empty environment, with credentials for a server.
pub(crate) fn heymarket(server: Option<&Server>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heymarket"));
    command.env_clear();
    for (name, value) in environment(server) {
        command.env(name, value);
    }
    command
}

/// The variables that the binary is run with.
pub(crate) fn environment(server: Option<&Server>) -> Vec<(&'static str, String)> {
    // The profiles of the person who runs the tests stay out of reach.
    let mut variables = vec![
        ("HOME", "/nonexistent".to_owned()),
        ("TZ", "UTC".to_owned()),
    ];
    if let Some(server) = server {
        variables.push(("HEYMARKET_API_KEY", "sk_canary_key".to_owned()));
        variables.push(("HEYMARKET_BASE_URL", server.url()));
    }
    variables
}

/// Runs the binary to its end, with empty standard input.
pub(crate) fn run(server: Option<&Server>, words: &[&str]) -> Outcome {
    run_with_input(server, words, "")
}

/// Runs the binary to its end.
pub(crate) fn run_with_input(server: Option<&Server>, words: &[&str], input: &str) -> Outcome {
    end(piped(heymarket(server).args(words)), input)
}

/// Starts a command whose streams are held here.
pub(crate) fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary")
}

/// Gives a command what it is to read, and waits for its end.
pub(crate) fn end(mut child: Child, input: &str) -> Outcome {
    let mut stdin = child.stdin.take().expect("standard input");
    // A command that does not read it may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("its output");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
