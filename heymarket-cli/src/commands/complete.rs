//! Answers a shell that asks how to complete a command line.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgAction, Command};
use clap_complete::env::Shells;

use crate::exit;

/// The variable with which a shell asks.
pub(crate) const VARIABLE: &str = "COMPLETE";

/// Answers a shell, if one asks. Returns `None` if none does.
pub(crate) fn answer(arguments: &[OsString], root: impl Fn() -> Command) -> Option<ExitCode> {
    let name = std::env::var_os(VARIABLE)?;
    if name.is_empty() || name == "0" {
        return None;
    }
    let shells = Shells::builtins();
    let shell_name = Path::new(&name).file_stem()?.to_str()?;
    let shell = shells.completer(shell_name)?;
    let escape = arguments.iter().position(|argument| argument == "--")?;
    let words: Vec<OsString> = arguments.iter().skip(escape + 1).cloned().collect();
    let mut root = root();
    root.build();
    prune(&mut root, &words);
    let folder = std::env::current_dir().ok();
    let mut text = Vec::new();
    let written = shell.write_complete(&mut root, words, folder.as_deref(), &mut text);
    let written = written.and_then(|()| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a shell reads it, not a terminal"
        )]
        let mut stdout = std::io::stdout();
        stdout.write_all(&text)
    });
    Some(match written {
        Ok(()) => exit::SUCCESS.into(),
        Err(_) => exit::FAILED.into(),
    })
}

/// Hides flags that are of no use: those that are given already, and all while a
/// subcommand has to come first.
fn prune(root: &mut Command, words: &[OsString]) {
    let (current, before) = match words.split_last() {
        Some((current, before)) => (current, before),
        None => return,
    };
    let given: Vec<&str> = before
        .iter()
        .filter_map(|word| word.to_str()?.strip_prefix("--"))
        .map(|flag| flag.split('=').next().unwrap_or(flag))
        .collect();
    let mut command = root;
    for word in before.iter().skip(1).filter_map(|word| word.to_str()) {
        if command.find_subcommand(word).is_none() {
            continue;
        }
        match command.find_subcommand_mut(word) {
            Some(next) => command = next,
            None => return,
        }
    }
    let wants_subcommand = command.is_subcommand_required_set() && current.is_empty();
    let pruned = std::mem::take(command).mut_args(|arg| {
        let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        let is_given = arg.get_long().is_some_and(|long| given.contains(&long));
        let is_useless = !arg.is_positional() && (wants_subcommand || (is_given && !repeats));
        arg.hide(is_useless)
    });
    *command = pruned;
}
