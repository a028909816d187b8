//! The sessions in README.md and in docs/, run as they stand there.
//!
//! Each fenced block of the language `console` is a session: lines after `$ ` are
//! commands for a POSIX shell, the other lines are what they print. `[..]` stands
//! for any text within a line. The blocks of a page share a folder.

use std::path::Path;
use std::process::{Command, Stdio};

struct Step {
    command: String,
    expected: Vec<String>,
}

fn sessions(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_session = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_session = line == "```console";
        } else if !is_session {
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                expected: Vec::new(),
            });
        } else {
            let step = steps.last_mut().expect("a command before its output");
            step.expected.push(line.to_owned());
        }
    }
    steps
}

/// Whether a line is the expected one, in which `[..]` stands for any text.
fn is_like(line: &str, expected: &str) -> bool {
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Runs a command in an empty environment, and returns what a terminal shows:
/// standard output and standard error in their order.
fn run(command: &str, folder: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_heymarket"));
    let binaries = binary.parent().expect("a folder").display();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{binaries}:/usr/bin:/bin"))
        .env("HOME", folder)
        .env("HEYMARKET_CONFIG_DIR", folder)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let page = std::fs::read_to_string(path).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let steps = sessions(&page);
    assert!(!steps.is_empty(), "{name} has no session");
    for step in steps {
        let printed = run(&step.command, folder.path());
        let lines: Vec<&str> = printed.lines().collect();
        let mut pairs = lines.iter().zip(&step.expected);
        let is_as_expected =
            lines.len() == step.expected.len() && pairs.all(|(line, like)| is_like(line, like));
        assert!(
            is_as_expected,
            "{name}: `{}` prints\n{printed}\nand not\n{}",
            step.command,
            step.expected.join("\n")
        );
    }
}

#[test]
fn the_sessions_of_the_readme_are_true() {
    check("README.md");
}

#[test]
fn the_sessions_of_the_pages_are_true() {
    for page in ["bulk-sending", "command-line", "other-languages", "sandbox"] {
        check(&format!("docs/{page}.md"));
    }
}

#[test]
fn a_placeholder_stands_for_any_text_and_nothing_else_differs() {
    assert!(is_like("id 5, rev 1", "id [..], rev 1"));
    assert!(is_like("a b c", "a [..]b[..]"));
    assert!(!is_like("id 5, rev 2", "id [..], rev 1"));
    assert!(!is_like("id 5, rev 1", "id 5, rev 1, more"));
    assert!(!is_like("id 5, rev 1, more", "id 5, rev 1"));
}
