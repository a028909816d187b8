//! `heymarket bulk`: one text to many, each once, from an outbox on this machine.

mod manage;
mod place;
mod plan;
mod report;
mod send;
mod suppress;

use clap::{ArgMatches, Command};
use heymarket_outbox::{Error, ErrorKind};

use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn command() -> Command {
    Command::new("bulk")
        .about("Text many people, each once")
        .long_about(
            "Text many people, each once, whatever ends the command.\n\n\
             'bulk plan' reads a CSV file into an outbox on this machine and shows what would be \
             sent. 'bulk send' sends it. Whatever ends it, the same command goes on where it was: a \
             message whose answer was lost is looked for in the message history and is not sent \
             blindly.",
        )
        .after_help(
            "Examples:\n  \
             heymarket bulk plan reminders.csv --batch july --inbox Support --as robin@example.com \
             --text 'Hi {{first}}, see you {{time}}.' --window 09:00-20:00 --country US\n  \
             heymarket bulk send july\n  \
             heymarket bulk report july --format csv > july.csv",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(place::argument())
        .subcommands([
            plan::command(),
            send::command(),
            report::status_command(),
            report::command(),
            report::review_command(),
            manage::pause_command(),
            manage::resume_command(),
            manage::cancel_command(),
            manage::retry_command(),
            manage::purge_command(),
            suppress::command(),
        ])
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let Some((name, subcommand)) = matches.subcommand() else {
        return Err(Failure::usage("no command; see 'heymarket bulk --help'"));
    };
    context.check()?;
    let outbox = place::open(context, matches)?;
    match name {
        "plan" => plan::run(context, &outbox, subcommand).await,
        "send" => send::run(context, &outbox, subcommand).await,
        "status" => report::status(context, &outbox, subcommand).await,
        "report" => report::run(context, &outbox, subcommand).await,
        "review" => report::review(context, &outbox, subcommand).await,
        "suppress" => suppress::run(context, &outbox, subcommand).await,
        _ => manage::run(context, &outbox, name, subcommand).await,
    }
}

/// The argument that names a batch.
fn batch_argument() -> clap::Arg {
    clap::Arg::new("batch")
        .value_name("BATCH")
        .required(true)
        .help("The ID of the batch")
}

fn batch(matches: &ArgMatches) -> &str {
    matches
        .get_one::<String>("batch")
        .map_or("", String::as_str)
}

/// The failure of an outbox.
fn failed(error: Error) -> Failure {
    let api = std::error::Error::source(&error);
    let api = api.and_then(|source| source.downcast_ref::<heymarket_api::Error>());
    let message = error.to_string();
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Input | ErrorKind::Changed | ErrorKind::NoBatch => {
            Failure::usage(message)
        }
        ErrorKind::Stopped if api.is_some_and(heymarket_api::Error::is_unauthorized) => {
            Failure::credentials(message)
        }
        _ => Failure::other(message),
    }
}

/// The counts of a batch as members of JSON.
fn counts(status: &heymarket_outbox::Status) -> serde_json::Value {
    let mut states = serde_json::Map::new();
    let mut reasons = serde_json::Map::new();
    for (state, reason, count) in status.counts.iter() {
        let total = status.counts.of(state);
        states.insert(state.as_str().to_owned(), total.into());
        if let Some(reason) = reason {
            let name = format!("{}.{}", state.as_str(), reason.as_str());
            reasons.insert(name, count.into());
        }
    }
    serde_json::json!({
        "batch": status.batch,
        "state": state(status),
        "recipients": status.recipients,
        "states": states,
        "reasons": reasons,
    })
}

/// The state of a batch, in one word.
fn state(status: &heymarket_outbox::Status) -> &'static str {
    if status.is_cancelled {
        "cancelled"
    } else if status.is_paused {
        "paused"
    } else if status.counts.is_done() {
        "done"
    } else {
        "ready"
    }
}

/// A number with its thousands apart, such as `1,987`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of minutes, such as `2 h 12 min`.
fn minutes(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!(grouped(1987), "1,987");
        assert_eq!(grouped(999), "999");
        assert_eq!(minutes(0), "less than a minute");
        assert_eq!(minutes(45), "45 min");
        assert_eq!(minutes(132), "2 h 12 min");
    }
}
