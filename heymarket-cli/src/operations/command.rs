//! Builds clap's commands from the generated tables.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::{examples, value};
use crate::catalog::spec::{Argument, Body, Kind, Operation, Place, Resource};
use crate::completion;
use crate::time;

/// The flag that walks over all pages.
pub(super) const ALL: &str = "all";
/// The flag that gives the body.
pub(super) const BODY: &str = "body";

/// Deprecated commands are listed last.
const LAST: usize = 1000;

/// Returns the commands of a resource's operations.
pub(crate) fn operations(resource: &'static Resource) -> impl Iterator<Item = Command> {
    let operations = resource.operations.iter();
    operations.map(|each| operation(resource, each))
}

fn operation(resource: &Resource, operation: &'static Operation) -> Command {
    let about = if operation.is_deprecated {
        format!("{} (deprecated)", operation.about)
    } else {
        operation.about.to_owned()
    };
    let mut command = Command::new(operation.verb)
        .about(about)
        .long_about(long_about(operation))
        .override_usage(usage(resource, operation))
        .after_help(after_help(operation))
        .args(operation.arguments.iter().map(argument));
    if operation.is_deprecated {
        command = command.display_order(LAST);
    }
    if operation.is_paged {
        command = command.arg(
            Arg::new(ALL)
                .long(ALL)
                .action(ArgAction::SetTrue)
                .help("Read all pages, and print the items as they arrive"),
        );
    }
    match operation.body {
        Body::None => command,
        Body::Object => command.arg(body("The request body; flags override its members")),
        Body::Free => command.arg(body("The request body").required(true)),
    }
}

fn body(help: &'static str) -> Arg {
    Arg::new(BODY)
        .long(BODY)
        .value_name("FILE|-|JSON")
        .help(help)
        .long_help(format!(
            "{help}: a JSON file, `-` for standard input, or the JSON itself"
        ))
}

fn argument(argument: &'static Argument) -> Arg {
    let arg = Arg::new(argument.flag).help(argument.help);
    let arg = match argument.kind {
        Kind::Integer => arg
            .value_parser(clap::value_parser!(i64))
            .allow_negative_numbers(true),
        Kind::Named(entity) => arg
            .help(format!(
                "{} (ID or name)",
                argument.help.trim_end_matches('.')
            ))
            .value_parser(clap::builder::NonEmptyStringValueParser::new())
            .allow_negative_numbers(true)
            .add(completion::of_entity(entity)),
        Kind::Boolean => arg
            .value_parser(clap::value_parser!(bool))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Kind::Text | Kind::LongText => arg.allow_hyphen_values(true),
        Kind::Phone | Kind::Address => arg,
        Kind::Time => arg.value_parser(time::past),
        Kind::FutureTime => arg.value_parser(time::scheduled),
        Kind::Enum(values) => arg.value_parser(PossibleValuesParser::new(values)),
        Kind::Json => arg.value_parser(value::json).allow_hyphen_values(true),
    };
    if let Place::Path(_) = argument.place {
        return arg.value_name(placeholder(argument)).required(true);
    }
    let mut arg = arg.long(argument.flag).value_name(placeholder(argument));
    if let Some(alias) = argument.alias {
        arg = arg.alias(alias);
    }
    if argument.is_many {
        arg = arg.action(ArgAction::Append);
        if matches!(argument.kind, Kind::Integer | Kind::Named(_) | Kind::Phone) {
            arg = arg.value_delimiter(',');
        }
    }
    arg
}

/// Returns the placeholder of an argument's value.
fn placeholder(argument: &Argument) -> String {
    match (argument.kind, argument.place) {
        (Kind::Named(entity), _) => entity.placeholder().to_owned(),
        (_, Place::Path(_)) => argument.flag.to_uppercase().replace('-', "_"),
        (Kind::Integer, _) if argument.flag == "conversation" => "ID".to_owned(),
        (Kind::Integer, _) => "NUMBER".to_owned(),
        (Kind::Boolean, _) => "true|false".to_owned(),
        (Kind::Text, _) => "TEXT".to_owned(),
        (Kind::LongText, _) => "TEXT|@FILE|-".to_owned(),
        (Kind::Phone, _) => "PHONE".to_owned(),
        (Kind::Address, _) => "PHONE|EMAIL".to_owned(),
        (Kind::Time | Kind::FutureTime, _) => "TIME".to_owned(),
        (Kind::Enum(_), _) => "VALUE".to_owned(),
        (Kind::Json, _) => "JSON".to_owned(),
    }
}

/// Returns the usage line, with the required flags.
fn usage(resource: &Resource, operation: &Operation) -> String {
    let mut words = vec![format!("heymarket {} {}", resource.name, operation.verb)];
    let flag = |argument: &Argument| format!("--{} <{}>", argument.flag, placeholder(argument));
    let arguments = || operation.arguments.iter();
    for argument in arguments().filter(|argument| matches!(argument.place, Place::Path(_))) {
        words.push(format!("<{}>", placeholder(argument)));
    }
    let is_flag = |argument: &&Argument| !matches!(argument.place, Place::Path(_));
    for argument in arguments()
        .filter(|argument| argument.is_required)
        .filter(is_flag)
    {
        words.push(flag(argument));
    }
    if operation.body == Body::Free {
        words.push(format!("--{BODY} <FILE|-|JSON>"));
    }
    let choice: Vec<String> = operation
        .choice
        .iter()
        .filter_map(|name| arguments().find(|argument| argument.flag == *name))
        .map(flag)
        .collect();
    if !choice.is_empty() {
        words.push(format!("({})", choice.join(" | ")));
    }
    words.push("[OPTIONS]".to_owned());
    words.join(" ")
}

fn long_about(operation: &Operation) -> String {
    let mark = if operation.is_deprecated {
        "The API's documentation deprecates this operation.\n\n"
    } else {
        ""
    };
    format!("{}\n\n{mark}{}", operation.about, operation.description)
}

fn after_help(operation: &Operation) -> String {
    let mut text = String::new();
    if !operation.choice.is_empty() {
        let count = if operation.is_exclusive {
            "Exactly"
        } else {
            "At least"
        };
        text.push_str(&format!(
            "{count} one of these is required: {}\n\n",
            flags(operation.choice)
        ));
    }
    let examples = examples::of(operation);
    if !examples.is_empty() {
        text.push_str("Examples:\n");
        for example in examples {
            text.push_str(&format!("  {example}\n"));
        }
        text.push('\n');
    }
    let api = operation.operation;
    text.push_str(&format!(
        "{} {}\n{}",
        api.method(),
        api.path(),
        operation.docs
    ));
    text
}

/// Returns flags with their dashes: `--inbox, --member`.
pub(super) fn flags(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("--{name}")).collect();
    names.join(", ")
}
