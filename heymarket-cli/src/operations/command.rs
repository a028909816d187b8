//! From the tables to clap's commands.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::spec::{Argument, Body, Kind, Operation, Place, Resource};
use super::value;
use crate::time;

/// The flag that walks over all pages.
pub(super) const ALL: &str = "all";
/// The flag that gives the body.
pub(super) const BODY: &str = "body";

/// A resource. What is below it is built once it is asked for, so that starting
/// does not take longer with every operation.
pub(super) fn resource(resource: &'static Resource) -> Command {
    Command::new(resource.name)
        .about(resource.about)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .defer(|command| {
            let resource = super::resource(command.get_name());
            let operations = resource
                .into_iter()
                .flat_map(|resource| resource.operations);
            command.subcommands(operations.map(operation))
        })
}

fn operation(operation: &'static Operation) -> Command {
    let mark = if operation.is_deprecated {
        "Deprecated: "
    } else {
        ""
    };
    let mut command = Command::new(operation.verb)
        .about(format!("{mark}{}", operation.about))
        .long_about(long_about(operation))
        .after_help(after_help(operation))
        .args(operation.arguments.iter().map(argument));
    if operation.is_paged {
        command = command.arg(
            Arg::new(ALL)
                .long(ALL)
                .action(ArgAction::SetTrue)
                .help("Go on to the last page, and write each item as a line of JSON as it comes"),
        );
    }
    match operation.body {
        Body::None => command,
        Body::Object => command.arg(body("What is sent; flags override its members")),
        Body::Free => command.arg(body("What is sent").required(true)),
    }
}

fn body(help: &'static str) -> Arg {
    Arg::new(BODY)
        .long(BODY)
        .value_name("FILE|-|JSON")
        .help(help)
        .long_help(format!(
            "{help}: a file with JSON, `-` for standard input, or the JSON itself"
        ))
}

fn argument(argument: &'static Argument) -> Arg {
    let arg = Arg::new(argument.flag).help(argument.help);
    let arg = match argument.kind {
        Kind::Integer => arg
            .value_parser(clap::value_parser!(i64))
            .allow_negative_numbers(true),
        Kind::Boolean => arg
            .value_parser(clap::value_parser!(bool))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Kind::Text => arg.allow_hyphen_values(true),
        Kind::Phone => arg.value_parser(value::phone),
        Kind::Time => arg.value_parser(time::past),
        Kind::FutureTime => arg.value_parser(time::future),
        Kind::Enum(values) => arg.value_parser(PossibleValuesParser::new(values)),
        Kind::Json => arg.value_parser(value::json).allow_hyphen_values(true),
    };
    let name = match argument.kind {
        Kind::Integer => "NUMBER",
        Kind::Boolean => "true|false",
        Kind::Text => "TEXT",
        Kind::Phone => "PHONE",
        Kind::Time | Kind::FutureTime => "TIME",
        Kind::Enum(_) => "VALUE",
        Kind::Json => "JSON",
    };
    if let Place::Path(_) = argument.place {
        return arg
            .value_name(argument.flag.to_uppercase().replace('-', "_"))
            .required(true);
    }
    let mut arg = arg.long(argument.flag).value_name(name);
    if let Some(alias) = argument.alias {
        arg = arg.visible_alias(alias);
    }
    if argument.is_many {
        arg = arg.action(ArgAction::Append);
        if matches!(argument.kind, Kind::Integer | Kind::Phone) {
            arg = arg.value_delimiter(',');
        }
    }
    // A member of the body may be in `--body` just as well.
    if argument.is_required && matches!(argument.place, Place::Query(_)) {
        arg = arg.required(true);
    }
    arg
}

fn long_about(operation: &Operation) -> String {
    let mark = if operation.is_deprecated {
        "The API's documentation deprecates this.\n\n"
    } else {
        ""
    };
    format!("{}\n\n{mark}{}", operation.about, operation.description)
}

fn after_help(operation: &Operation) -> String {
    let mut text = String::new();
    let required: Vec<String> = operation
        .arguments
        .iter()
        .filter(|argument| argument.is_required && matches!(argument.place, Place::Member(_)))
        .map(|argument| format!("--{}", argument.flag))
        .collect();
    if !required.is_empty() {
        text.push_str(&format!(
            "Needed, here or in --body: {}\n",
            required.join(", ")
        ));
    }
    if !operation.choice.is_empty() {
        let count = if operation.is_exclusive {
            "Exactly"
        } else {
            "At least"
        };
        text.push_str(&format!("{count} one of: {}\n", flags(operation.choice)));
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

/// Flags as one writes them.
pub(super) fn flags(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("--{name}")).collect();
    names.join(", ")
}
