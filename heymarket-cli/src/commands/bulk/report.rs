//! `heymarket bulk status`, `report` and `review`.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use heymarket_outbox::{Decision, Outbox, Report, ReportRow};
use serde_json::json;

use super::arguments::{batch, batch_argument};
use super::describe::counts;
use super::failed::failed;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;

/// How many rows are written at once.
const CHUNK: usize = 500;

const STATUS: Shape = Shape {
    items: None,
    columns: &[
        "batch",
        "state",
        "recipients",
        "states.planned",
        "states.sent",
        "states.refused",
        "states.unknown",
        "states.needs_review",
    ],
};

const REPORT: Shape = Shape {
    items: None,
    columns: &[
        "line",
        "phone",
        "state",
        "reason",
        "message_id",
        "attempted",
        "detail",
        "local_id",
    ],
};

pub(super) fn status_command() -> Command {
    Command::new("status")
        .about("Show how far a batch is, or all batches")
        .after_help("Examples:\n  heymarket bulk status\n  heymarket bulk status july --json")
        .arg(batch_argument().required(false))
}

pub(super) fn command() -> Command {
    Command::new("report")
        .about("Show the outcome for each recipient")
        .after_help("Examples:\n  heymarket bulk report july --format csv > july.csv")
        .arg(batch_argument())
}

pub(super) fn review_command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    Command::new("review")
        .about("List messages that may have been sent, or decide about them")
        .long_about(
            "List messages that may have been sent, or decide about them.\n\n\
             Their answers were lost, and the message history did not have them. Look at the \
             conversation of each. Without a decision, they are listed.",
        )
        .after_help(
            "Examples:\n  \
             heymarket bulk review july\n  \
             heymarket bulk review july --resend --line 17\n  \
             heymarket bulk review july --sent --all",
        )
        .arg(batch_argument())
        .arg(flag("sent", "They were sent"))
        .arg(flag("resend", "Send them again, with 'bulk send'"))
        .arg(flag("give-up", "Do not send them any more"))
        .group(clap::ArgGroup::new("decision").args(["sent", "resend", "give-up"]))
        .arg(
            Arg::new("line")
                .long("line")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .action(ArgAction::Append)
                .requires("decision")
                .help("The recipient of this line; may be repeated"),
        )
        .arg(
            flag("all", "All of them")
                .requires("decision")
                .conflicts_with("line"),
        )
}

pub(super) async fn status(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let mut output = context.output()?;
    if matches.contains_id("batch") {
        let status = outbox.status(batch(matches)).await.map_err(failed)?;
        output.json(&counts(&status).to_string(), STATUS)?;
    } else {
        let batches = outbox.batches().await.map_err(failed)?;
        let all: Vec<_> = batches.iter().map(counts).collect();
        output.json(&serde_json::Value::from(all).to_string(), STATUS)?;
    }
    output.finish()
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let report = outbox.report(batch(matches)).await.map_err(failed)?;
    write(context, report).await
}

pub(super) async fn review(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let id = batch(matches);
    let decision = if matches.get_flag("sent") {
        Decision::WasSent
    } else if matches.get_flag("resend") {
        Decision::Resend
    } else if matches.get_flag("give-up") {
        Decision::GiveUp
    } else {
        let report = outbox.review(id).await.map_err(failed)?;
        return write(context, report).await;
    };
    let positions = if matches.get_flag("all") {
        None
    } else {
        let lines: Vec<u64> = matches
            .get_many::<u64>("line")
            .into_iter()
            .flatten()
            .copied()
            .collect();
        if lines.is_empty() {
            return Err(Failure::usage("which of them? add --line NUMBER or --all"));
        }
        let rows = outbox.review(id).await.map_err(failed)?;
        let rows = rows.collect().await.map_err(failed)?;
        let chosen = rows.iter().filter(|row| lines.contains(&row.line));
        Some(chosen.map(|row| row.position).collect())
    };
    let decided = outbox
        .decide(id, positions, decision)
        .await
        .map_err(failed)?;
    let noun = if decided == 1 {
        "recipient"
    } else {
        "recipients"
    };
    context
        .terminal
        .notice(&format!("decided about {decided} {noun}"));
    Ok(())
}

async fn write(context: &Context, mut report: Report) -> Result<(), Failure> {
    let mut output = context.stream()?;
    let mut rows = Vec::new();
    while let Some(next) = report.next().await.map_err(failed)? {
        rows.push(row(&next));
        if rows.len() == CHUNK && !output.needs_all_items() {
            output.items(&rows, REPORT)?;
            rows.clear();
        }
    }
    output.items(&rows, REPORT)?;
    output.finish()
}

fn row(row: &ReportRow) -> String {
    json!({
        "line": row.line,
        "phone": row.phone,
        "state": row.state.as_str(),
        "reason": row.reason.map(heymarket_outbox::Reason::as_str),
        "detail": row.detail,
        "message_id": row.message_id,
        "conversation_id": row.conversation_id,
        "local_id": row.local_id,
        "attempts": row.attempts,
        "attempted": row.attempted.map(|time| time.to_string()),
        "ended": row.ended.map(|time| time.to_string()),
    })
    .to_string()
}
