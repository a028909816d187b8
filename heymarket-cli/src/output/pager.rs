//! Sends output that is longer than the screen through a pager.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// The variables that name the pager, in order of precedence.
const VARIABLES: [&str; 2] = ["HEYMARKET_PAGER", "PAGER"];

/// Shows a text in the pager. Returns whether that worked.
///
/// An empty variable or `cat` turns paging off.
pub(super) fn show(text: &str) -> bool {
    let chosen = VARIABLES.iter().find_map(|name| std::env::var(name).ok());
    let words = match &chosen {
        Some(command) => shlex::split(command).unwrap_or_default(),
        None => vec!["less".to_owned()],
    };
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    if program == "cat" {
        return false;
    }
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colors pass, and what fits on the screen stays there.
        command.env("LESS", "FRX");
    }
    command.spawn().is_ok_and(|pager| feed(pager, text))
}

/// Writes the text to the pager, and waits for its end.
fn feed(mut pager: Child, text: &str) -> bool {
    if let Some(mut stdin) = pager.stdin.take() {
        // A pager that quits early has shown enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    pager.wait().is_ok_and(|status| status.success())
}
