//! `heymarket bulk send`: a file or what is planned is sent.

use std::path::Path;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_outbox::{Outbox, Plan, State, Status};

use super::batch::{BatchArguments, batch, id, id_argument, make_list, recipients};
use super::describe::{counts, grouped, minutes};
use super::failed::failed;
use super::follow::{Ended, follow};
use super::next;
use super::plan::offer_list;
use crate::catalog::spec::Entity;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::safety::confirm::confirm;
use crate::session::Session;

const BATCHES: &str = "batches";

/// The API's limit of requests a minute.
const PER_MINUTE: u64 = 500;

const SHAPE: Shape = Shape {
    items: None,
    columns: &[
        "batch",
        "state",
        "recipients",
        "states.sent",
        "states.refused",
    ],
};

pub(super) fn command() -> Command {
    BatchArguments::augment_args(
        Command::new("send")
            .about("Plan a batch from a CSV file and send it, or go on with batches")
            .long_about(
                "Plan a batch from a CSV file and send it, or go on with batches.\n\n\
                 With --batch, it plans the batch from a CSV file as 'bulk plan' does, shows what \
                 would be sent, and sends it. A batch that is declined is not kept. Planning the \
                 same batch again changes nothing, so the same command goes on after whatever \
                 ended it. Without --batch, it sends batches that are planned; several share the \
                 rate limit fairly.\n\n\
                 It asks first, which --yes answers. Ctrl-C ends it once the requests in flight are \
                 answered; a second one ends it at once.\n\n\
                 It exits with 0 if all was sent, and with 8 if something was refused, expired or \
                 needs a review.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket bulk send reminders.csv --batch july --inbox Support --as \
                 robin@example.com --text 'Hi {{first}}, see you {{time}}.' --window 09:00-20:00 \
                 --country US\n  \
                 heymarket bulk send july august --yes",
            )
            .arg(
                Arg::new(BATCHES)
                    .value_name("FILE or BATCH")
                    .required(true)
                    .num_args(1..)
                    .help("The CSV file, with --batch; else the IDs of batches that are planned"),
            )
            .arg(id_argument()),
    )
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let given: Vec<String> = matches
        .get_many::<String>(BATCHES)
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let mut session = Session::new(context);
    let outcome = match (id(matches), given.as_slice()) {
        (None, ids) => send(&mut session, outbox, ids, matches).await,
        (Some(id), [file]) => plan_and_send(&mut session, outbox, id, file, matches).await,
        (Some(_), _) => Err(Failure::usage(
            "--batch names the batch of one file; name one file, or leave --batch out",
        )),
    };
    let closed = session.close().await;
    outcome.and(closed)
}

/// Plans a batch from a file, asks whether it is right, and sends it.
async fn plan_and_send(
    session: &mut Session<'_>,
    outbox: &Outbox,
    id: &str,
    file: &str,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let arguments = BatchArguments::from_arg_matches(matches)?;
    let batch = batch(session, id, &arguments).await?;
    let mut answer = Ok(());
    let planned = outbox.plan_if(&batch, recipients(Path::new(file))?, async |plan| {
        answer = ask_about_plan(session, plan, batch.inbox_id().into(), arguments.as_list).await;
        answer.is_ok() && !session.context.globals.dry_run
    });
    let planned = planned.await.map_err(failed)?;
    answer?;
    if planned.is_none() {
        session
            .context
            .terminal
            .notice("nothing was planned or sent");
        return Ok(());
    }
    if arguments.as_list {
        make_list(outbox, id).await?;
    }
    let ids = [id.to_owned()];
    let before = statuses(outbox, &ids).await?;
    refuse_paused(&before)?;
    let left = before.iter().map(left).sum();
    follow_to_the_end(session, outbox, &ids, left, matches).await
}

async fn ask_about_plan(
    session: &mut Session<'_>,
    plan: &Plan,
    inbox: i64,
    is_to_list: bool,
) -> Result<(), Failure> {
    for line in plan.to_string().lines() {
        session.context.terminal.notice(line);
    }
    if !is_to_list {
        offer_list(session, plan).await;
    }
    if plan.planned == 0 {
        return Ok(());
    }
    ask(session, &[inbox], plan.planned, plan.requests).await
}

async fn send(
    session: &mut Session<'_>,
    outbox: &Outbox,
    ids: &[String],
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let before = statuses(outbox, ids).await?;
    refuse_paused(&before)?;
    let left: u64 = before.iter().map(left).sum();
    if left > 0 {
        let inboxes: Vec<i64> = before.iter().map(|status| status.inbox_id.into()).collect();
        ask(session, &inboxes, left, left).await?;
    }
    if session.context.globals.dry_run {
        session.context.terminal.notice("nothing was sent");
        return Ok(());
    }
    follow_to_the_end(session, outbox, ids, left, matches).await
}

fn refuse_paused(statuses: &[Status]) -> Result<(), Failure> {
    match statuses.iter().find(|status| status.is_paused) {
        None => Ok(()),
        Some(Status { batch: id, .. }) => Err(Failure::usage(format!(
            "batch {id:?} is paused; resume it with 'heymarket bulk resume {id}'"
        ))),
    }
}

/// Runs the batches, and prints their outcomes.
async fn follow_to_the_end(
    session: &mut Session<'_>,
    outbox: &Outbox,
    ids: &[String],
    left: u64,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let ended = follow(session, outbox, ids, left).await?;
    let after = statuses(outbox, ids).await?;
    let mut output = session.context.output()?;
    for status in &after {
        output.json(&counts(status).to_string(), SHAPE)?;
    }
    output.finish()?;
    if ended == Ended::Stopped && after.iter().any(|status| !status.counts.is_done()) {
        return Err(Failure::interrupted(format!(
            "stopped; '{}' goes on",
            next::send(session.context, matches, &ids.join(" "))
        )));
    }
    incomplete(&after)
}

async fn statuses(outbox: &Outbox, ids: &[String]) -> Result<Vec<Status>, Failure> {
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(outbox.status(id).await.map_err(failed)?);
    }
    Ok(statuses)
}

/// How many recipients have no end yet.
fn left(status: &Status) -> u64 {
    let counts = &status.counts;
    [State::Planned, State::Attempting, State::Unknown]
        .into_iter()
        .map(|state| counts.of(state))
        .sum()
}

/// Asks whether to send: `Send 1,987 messages from Support, 2 h 12 min?`
async fn ask(
    session: &mut Session<'_>,
    inboxes: &[i64],
    messages: u64,
    requests: u64,
) -> Result<(), Failure> {
    let context = session.context;
    if context.globals.yes || context.globals.dry_run {
        return Ok(());
    }
    let mut names = Vec::new();
    for id in inboxes {
        let name = session.directory().await?.name(Entity::Inbox, *id).await;
        let name = name.unwrap_or_else(|| format!("inbox {id}"));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let noun = if messages == 1 { "message" } else { "messages" };
    let question = format!(
        "Send {} {noun} from {}, {}?",
        grouped(messages),
        names.join(" and "),
        minutes(requests.div_ceil(PER_MINUTE))
    );
    confirm(context, &question, &[]).await
}

/// Fails with an exit code of its own if not all was sent.
fn incomplete(statuses: &[Status]) -> Result<(), Failure> {
    let of = |state| {
        statuses
            .iter()
            .map(|status| status.counts.of(state))
            .sum::<u64>()
    };
    let refused = of(State::Refused) + of(State::Expired) + of(State::Cancelled);
    let review = of(State::NeedsReview);
    let left: u64 = statuses.iter().map(left).sum();
    if refused + review + left == 0 {
        return Ok(());
    }
    let mut parts = Vec::new();
    for (count, what) in [
        (refused, "refused or expired"),
        (review, "to review"),
        (left, "not sent yet"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", grouped(count)));
        }
    }
    Err(Failure::incomplete(format!(
        "not all was sent: {}; see 'heymarket bulk report'",
        parts.join(", ")
    )))
}
