//! `heymarket bulk plan`: a CSV file becomes a batch.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches as _, value_parser};
use heymarket_outbox::{Outbox, Plan};
use serde_json::json;

use super::batch::{BatchArguments, batch, id, id_argument, make_list, recipients};
use super::describe::{grouped, minutes};
use super::failed::failed;
use super::next;
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::shape::Shape;
use crate::session::Session;

const FILE: &str = "file";

const SHAPE: Shape = Shape {
    items: None,
    columns: &[
        "batch",
        "recipients",
        "planned",
        "requests",
        "segments",
        "begins",
        "ends",
    ],
};

pub(super) fn command() -> Command {
    BatchArguments::augment_args(
        Command::new("plan")
            .about("Plan a batch from a CSV file, and show what would be sent")
            .long_about(
                "Plan a batch from a CSV file, and show what would be sent. Nothing is sent.\n\n\
                 The column `phone` is the recipient. The other columns fill the placeholders of the \
                 text, and the column `zone` is the recipient's time zone. Invalid numbers, \
                 duplicates and people who opted out are refused with a reason. A placeholder \
                 without a value refuses the whole plan, with the lines.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket bulk plan reminders.csv --batch july --inbox Support --as \
                 robin@example.com --text 'Hi {{first}}, see you {{time}}.' --window 09:00-20:00 \
                 --country US",
            )
            .arg(
                Arg::new(FILE)
                    .value_name("FILE")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help(
                        "The CSV file, with a header line and a column `phone`; - is standard input",
                    ),
            )
            .arg(id_argument().required(true)),
    )
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let mut session = Session::new(context);
    let outcome = plan(&mut session, outbox, matches).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn plan(
    session: &mut Session<'_>,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let arguments = BatchArguments::from_arg_matches(matches)?;
    let batch = batch(session, id(matches).unwrap_or_default(), &arguments).await?;
    let file = matches
        .get_one::<PathBuf>(FILE)
        .cloned()
        .unwrap_or_default();
    let plan = outbox.plan(&batch, recipients(&file)?).await;
    let plan = plan.map_err(failed)?;
    if arguments.as_list {
        make_list(outbox, batch.id()).await?;
    }
    let mut output = session.context.output()?;
    if output.format == Format::Table {
        output.text(&plan.to_string())?;
    } else {
        output.json(&described(&plan).to_string(), SHAPE)?;
    }
    output.finish()?;
    if !arguments.as_list {
        offer_list(session, &plan).await;
    }
    session.context.terminal.notice(&format!(
        "{} at 500 requests a minute; send it with '{}'",
        minutes(plan.requests.div_ceil(500)),
        next::send(session.context, matches, &plan.batch)
    ));
    Ok(())
}

fn described(plan: &Plan) -> serde_json::Value {
    let refused: serde_json::Map<_, _> = plan
        .refused
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), (*count).into()))
        .collect();
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    json!({
        "batch": plan.batch,
        "is_repeated": plan.is_repeated,
        "recipients": plan.recipients,
        "planned": plan.planned,
        "refused": refused,
        "segments": plan.segments,
        "warnings": warnings,
        "warning_count": plan.warning_count,
        "samples": plan.samples,
        "requests": plan.requests,
        "begins": plan.begins().to_string(),
        "ends": plan.ends().map(|time| time.to_string()),
        "zone": plan.zone(),
        "late": plan.late(),
    })
}

/// Says that one message to a list would do, if it would. The team's limit is
/// asked for only then.
pub(super) async fn offer_list(session: &mut Session<'_>, plan: &Plan) {
    if plan.list_offer(None).is_none() {
        return;
    }
    let Ok(client) = session.client().await else {
        return;
    };
    let Ok(team) = client.get_team().await else {
        return;
    };
    if let Some(offer) = plan.list_offer(team.list_size) {
        session.context.terminal.notice(&format!(
            "All {} get the same: one message to a list takes {} requests in place of {}; plan it \
             again with --as-list",
            grouped(offer.recipients),
            offer.requests,
            grouped(plan.requests),
        ));
    }
}
