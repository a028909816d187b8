//! Completes missing arguments: from the defaults, else by asking.

use super::command;
use super::examples;
use super::given::Arguments;
use super::value::{self, Given};
use crate::catalog::spec::{Argument, Kind, Operation, Place};
use crate::config::defaults::Key;
use crate::failure::Failure;
use crate::prompt;
use crate::session::Session;

/// Completes the required arguments that are missing.
///
/// # Errors
///
/// Returns a usage error that names the flags if there is no terminal to ask on.
pub(super) async fn complete(
    session: &mut Session<'_>,
    operation: &'static Operation,
    arguments: &mut Arguments,
) -> Result<(), Failure> {
    add_defaults(session, arguments)?;
    let missing = arguments.missing();
    let choice = arguments.missing_choice()?;
    if missing.is_empty() && choice.is_empty() {
        return Ok(());
    }
    if !session.context.terminal.can_ask {
        return Err(refusal(operation, &missing, &choice));
    }
    for argument in missing {
        let answer = ask(session, argument).await?;
        arguments.add(argument, answer);
    }
    if let Some(argument) = one_of(&choice).await? {
        let answer = ask(session, argument).await?;
        arguments.add(argument, answer);
    }
    Ok(())
}

/// Adds the defaults of missing arguments.
fn add_defaults(session: &Session<'_>, arguments: &mut Arguments) -> Result<(), Failure> {
    let missing = arguments.missing();
    let keyed = missing.iter().filter_map(|argument| {
        let key = key(argument)?;
        Some((*argument, key))
    });
    let keyed: Vec<_> = keyed.collect();
    if keyed.is_empty() {
        return Ok(());
    }
    let defaults = session.defaults()?;
    for (argument, key) in keyed {
        if let Some(default) = defaults.get(key) {
            arguments.add(argument, Given::Text(default.to_owned()));
        }
    }
    Ok(())
}

/// Returns the key of an argument's default.
fn key(argument: &Argument) -> Option<Key> {
    match argument.flag {
        "inbox" => Some(Key::Inbox),
        "as" | "member" => Some(Key::Member),
        _ => None,
    }
}

/// Returns the error for missing values without a terminal to ask on.
fn refusal(operation: &Operation, missing: &[&Argument], choice: &[&Argument]) -> Failure {
    let flags = |arguments: &[&Argument]| {
        let flags: Vec<&str> = arguments.iter().map(|argument| argument.flag).collect();
        command::flags(&flags)
    };
    let problem = match (missing, choice) {
        ([], choice) => format!("one of {} is required", flags(choice)),
        ([one], []) => format!("missing required flag: {}", flags(&[one])),
        (missing, []) => format!("missing required flags: {}", flags(missing)),
        (missing, choice) => format!(
            "missing required flags: {}, and one of {}",
            flags(missing),
            flags(choice)
        ),
    };
    let example = examples::of(operation).first();
    let example = example.map(|example| format!("; example: {example}"));
    Failure::usage(format!("{problem}{}", example.unwrap_or_default()))
}

/// Asks which of several arguments to give.
async fn one_of(choice: &[&'static Argument]) -> Result<Option<&'static Argument>, Failure> {
    match choice {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let labels: Vec<String> = several
                .iter()
                .map(|argument| format!("--{:<14}{}", argument.flag, first_sentence(argument.help)))
                .collect();
            let index = prompt::pick("Which one?", &labels).await?;
            Ok(several.get(index).copied())
        }
    }
}

/// Asks for the value of an argument until it can be parsed.
async fn ask(session: &mut Session<'_>, argument: &'static Argument) -> Result<Given, Failure> {
    let label = label(argument);
    if let Kind::Named(entity) = argument.kind {
        let entries = session.directory().await?.entries(entity).await?;
        if !entries.is_empty() {
            let labels: Vec<String> = entries.iter().map(|entry| entry.label()).collect();
            let index = prompt::pick(&label, &labels).await?;
            let id = entries.get(index).map(|entry| entry.id);
            return Ok(Given::Value(id.into()));
        }
    }
    if let Kind::Enum(values) = argument.kind {
        let labels: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let index = prompt::pick(&label, &labels).await?;
        return Ok(Given::Value(values.get(index).copied().into()));
    }
    loop {
        let text = prompt::line(&session.context.terminal, &label).await?;
        if text.is_empty() {
            return Err(Failure::interrupted(format!(
                "no value for --{}; nothing was sent",
                argument.flag
            )));
        }
        match check(session, argument, &text) {
            Ok(given) => return Ok(given),
            Err(problem) => session.context.terminal.notice(&problem),
        }
    }
}

/// Checks an answer, as far as no request is needed for it.
fn check(session: &Session<'_>, argument: &Argument, text: &str) -> Result<Given, String> {
    let problem = |failure: Failure| failure.to_string();
    match argument.kind {
        Kind::Phone => drop(session.phone(text).map_err(problem)?),
        Kind::Address => drop(session.address(text).map_err(problem)?),
        _ => {}
    }
    value::parse(argument.kind, text)
}

/// Returns the question for an argument: `Inbox (--inbox)`.
fn label(argument: &Argument) -> String {
    let flag = match argument.place {
        Place::Path(_) => argument.flag.to_owned(),
        _ => format!("--{}", argument.flag),
    };
    let help = first_sentence(argument.help);
    if help.is_empty() {
        flag
    } else {
        format!("{help} ({flag})")
    }
}

fn first_sentence(help: &str) -> &str {
    help.split(['.', ';', '\n']).next().unwrap_or(help).trim()
}
