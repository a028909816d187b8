//! `heymarket alias`: names for command lines.

use std::ffi::OsString;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use serde_json::json;

use crate::catalog;
use crate::config::file::ConfigFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;

const SHAPE: Shape = Shape::of(&["name", "command"]);

/// The commands that are written by hand, which an alias cannot replace.
const COMMANDS: [&str; 15] = [
    "alias",
    "api",
    "auth",
    "bulk",
    "completions",
    "config",
    "doctor",
    "export",
    "gateway",
    "help",
    "listen",
    "man",
    "mcp",
    "sandbox",
    "trigger",
];

#[derive(Args)]
struct SetArguments {
    /// The name of the alias
    name: String,

    /// The command line, without `heymarket`; $1 to $9 stand for the alias's arguments
    #[arg(value_name = "COMMAND", required = true, num_args = 1.., trailing_var_arg = true,
          allow_hyphen_values = true)]
    words: Vec<String>,
}

#[derive(Args)]
struct DeleteArguments {
    /// The name of the alias
    name: String,
}

pub(crate) fn command() -> Command {
    Command::new("alias")
        .about("Define short names for commands")
        .long_about(
            "Define short names for commands.\n\n\
             `heymarket NAME ARGUMENTS` then runs the command with the arguments at its end, or in \
             the place of $1 to $9. Aliases are kept in config.toml, and cannot replace commands.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            SetArguments::augment_args(Command::new("set").about("Define an alias")).after_help(
                "Examples:\n  \
                 heymarket alias set unread 'conversations list --inbox Support --unread'\n  \
                 heymarket alias set chat conversations view",
            ),
        )
        .subcommand(
            Command::new("list")
                .about("List the aliases")
                .after_help("Examples:\n  heymarket alias list"),
        )
        .subcommand(
            DeleteArguments::augment_args(Command::new("delete").about("Delete an alias"))
                .after_help("Examples:\n  heymarket alias delete unread"),
        )
}

pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("set", matches)) => set(context, &SetArguments::from_arg_matches(matches)?),
        Some(("delete", matches)) => {
            delete(context, &DeleteArguments::from_arg_matches(matches)?.name)
        }
        _ => list(context),
    }
}

fn set(context: &Context, arguments: &SetArguments) -> Result<(), Failure> {
    let SetArguments { name, words } = arguments;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_plain) {
        return Err(Failure::usage(format!(
            "{name:?} cannot be an alias: use letters, digits, - and _"
        )));
    }
    if is_command(name) {
        return Err(Failure::usage(format!(
            "{name:?} is a command, which an alias cannot replace"
        )));
    }
    // A single word is a command line; several are its words.
    let line = match words.as_slice() {
        [line] => line.clone(),
        words => shlex::try_join(words.iter().map(String::as_str))
            .map_err(|error| Failure::usage(format!("the command: {error}")))?,
    };
    let first = shlex::split(&line).and_then(|words| words.into_iter().next());
    let first = first.ok_or_else(|| Failure::usage("the command has an unclosed quote"))?;
    if !is_command(&first) {
        return Err(Failure::usage(format!(
            "{first:?} is not a command; write the command without 'heymarket'"
        )));
    }
    let mut file = ConfigFile::load()?;
    file.set_alias(name, Some(&line));
    file.save()?;
    context
        .terminal
        .notice(&format!("'heymarket {name}' now runs 'heymarket {line}'"));
    Ok(())
}

fn list(context: &Context) -> Result<(), Failure> {
    let file = ConfigFile::load()?;
    let aliases: Vec<_> = file
        .aliases()
        .iter()
        .map(|(name, command)| json!({"name": name, "command": command}))
        .collect();
    let mut output = context.output()?;
    output.json(&json!(aliases).to_string(), SHAPE)?;
    output.finish()
}

fn delete(context: &Context, name: &str) -> Result<(), Failure> {
    let mut file = ConfigFile::load()?;
    if !file.aliases().contains_key(name) {
        return Err(Failure::usage(format!(
            "no alias {name:?}; list them with 'heymarket alias list'"
        )));
    }
    file.set_alias(name, None);
    file.save()?;
    context
        .terminal
        .notice(&format!("deleted the alias {name}"));
    Ok(())
}

fn is_command(name: &str) -> bool {
    COMMANDS.contains(&name) || catalog::resource(name).is_some()
}

/// Replaces an alias in a command line by its command.
///
/// Only the first word can be an alias, so options of all commands come after it.
pub(crate) fn expand(arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let word = arguments.get(1).and_then(|word| word.to_str());
    let Some(word) = word.filter(|word| !word.starts_with('-') && !is_command(word)) else {
        return Ok(arguments);
    };
    // A config file that cannot be read fails the commands that need it.
    let Ok(file) = ConfigFile::load() else {
        return Ok(arguments);
    };
    let Some(line) = file.aliases().get(word) else {
        return Ok(arguments);
    };
    let words = shlex::split(line).ok_or_else(|| {
        Failure::usage(format!(
            "the alias {word} has an unclosed quote; set it again"
        ))
    })?;
    let mut rest: Vec<Option<OsString>> = arguments.iter().skip(2).cloned().map(Some).collect();
    let mut expanded: Vec<OsString> = arguments.into_iter().take(1).collect();
    for part in words {
        let number = part
            .strip_prefix('$')
            .and_then(|number| number.parse::<usize>().ok());
        let Some(number @ 1..=9) = number else {
            expanded.push(part.into());
            continue;
        };
        let argument = rest.get_mut(number - 1).and_then(Option::take);
        expanded.push(argument.ok_or_else(|| {
            Failure::usage(format!(
                "the alias needs argument {number}: heymarket {line}"
            ))
        })?);
    }
    expanded.extend(rest.into_iter().flatten());
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::{Command, is_command};
    use crate::commands::root;

    #[test]
    fn no_command_can_be_replaced() {
        let root = root();
        let names: Vec<&str> = root.get_subcommands().map(Command::get_name).collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            assert!(is_command(name), "{name}");
        }
    }
}
