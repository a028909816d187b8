//! `heymarket bulk`: one text to many, each once, from an outbox on this machine.

mod arguments;
mod batch;
mod describe;
mod failed;
mod follow;
mod manage;
mod next;
mod place;
mod plan;
mod report;
mod send;
mod suppress;
mod worker;

use clap::{ArgMatches, Command};

use crate::context::Context;
use crate::failure::Failure;

#[cfg(feature = "mcp")]
pub(crate) use next::send_command;
pub(crate) use place::open_at as open_outbox;

pub(crate) fn command() -> Command {
    Command::new("bulk")
        .about("Text many people, each once")
        .long_about(
            "Text many people, each once, whatever ends the command.\n\n\
             'bulk send FILE --batch ID' reads a CSV file into an outbox on this machine, shows what \
             would be sent, asks, and sends it. Whatever ends it, the same command goes on where it \
             was: a message whose answer was lost is looked for in the message history and is not \
             sent blindly. 'bulk plan' does the first half alone.",
        )
        .after_help(
            "Examples:\n  \
             heymarket bulk send reminders.csv --batch july --inbox Support --as robin@example.com \
             --text 'Hi {{first}}, see you {{time}}.' --window 09:00-20:00 --country US\n  \
             heymarket bulk status july\n  \
             heymarket bulk report july --format csv > july.csv",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(place::argument())
        .subcommands([
            plan::command(),
            send::command(),
            worker::command(),
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
    let place = place::find(context, matches)?;
    let outbox = place.open().await?;
    match name {
        "worker" => worker::run(context, &place, &outbox, subcommand).await,
        "plan" => plan::run(context, &outbox, subcommand).await,
        "send" => send::run(context, &outbox, subcommand).await,
        "status" => report::status(context, &outbox, subcommand).await,
        "report" => report::run(context, &outbox, subcommand).await,
        "review" => report::review(context, &outbox, subcommand).await,
        "suppress" => suppress::run(context, &outbox, subcommand).await,
        _ => manage::run(context, &outbox, name, subcommand).await,
    }
}
