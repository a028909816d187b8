//! `heymarket bulk send`: what is planned is sent.

use clap::{Arg, ArgMatches, Command};
use heymarket_outbox::{Event, Outbox, State, Status};

use super::describe::{counts, grouped, minutes};
use super::failed::failed;
use crate::catalog::spec::Entity;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::shape::Shape;
use crate::safety::confirm::confirm;
use crate::session::Session;
use crate::stop::Stop;

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
    Command::new("send")
        .about("Send a batch, or go on with it")
        .long_about(
            "Send a batch, or go on with it.\n\n\
             It asks first, which --yes answers. Ctrl-C ends it once the requests in flight are \
             answered; a second one ends it at once. The same command goes on afterwards, whatever \
             ended it. Several batches share the rate limit fairly.\n\n\
             It exits with 0 if all was sent, and with 8 if something was refused, expired or needs \
             a review.",
        )
        .after_help("Examples:\n  heymarket bulk send july\n  heymarket bulk send july august --yes")
        .arg(
            Arg::new(BATCHES)
                .value_name("BATCH")
                .required(true)
                .num_args(1..)
                .help("The IDs of the batches"),
        )
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let ids: Vec<String> = matches
        .get_many::<String>(BATCHES)
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let mut session = Session::new(context);
    let outcome = send(&mut session, outbox, &ids).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn send(session: &mut Session<'_>, outbox: &Outbox, ids: &[String]) -> Result<(), Failure> {
    let before = statuses(outbox, ids).await?;
    for status in &before {
        if status.is_paused {
            let id = &status.batch;
            return Err(Failure::usage(format!(
                "batch {id:?} is paused; resume it with 'heymarket bulk resume {id}'"
            )));
        }
    }
    let left: u64 = before.iter().map(left).sum();
    if left > 0 {
        ask(session, &before).await?;
    }
    if session.context.globals.dry_run {
        session.context.terminal.notice("nothing was sent");
        return Ok(());
    }
    let ended = follow(session, outbox, ids, left).await?;
    let after = statuses(outbox, ids).await?;
    let mut output = session.context.output()?;
    for status in &after {
        output.json(&counts(status).to_string(), SHAPE)?;
    }
    output.finish()?;
    if ended == Ended::Stopped && after.iter().any(|status| !status.counts.is_done()) {
        return Err(Failure::interrupted(format!(
            "stopped; 'heymarket bulk send {}' goes on",
            ids.join(" ")
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
async fn ask(session: &mut Session<'_>, statuses: &[Status]) -> Result<(), Failure> {
    let context = session.context;
    if context.globals.yes || context.globals.dry_run {
        return Ok(());
    }
    let mut inboxes = Vec::new();
    for status in statuses {
        let id = status.inbox_id;
        let name = session.directory().await?.name(Entity::Inbox, id).await;
        let name = name.unwrap_or_else(|| format!("inbox {id}"));
        if !inboxes.contains(&name) {
            inboxes.push(name);
        }
    }
    let messages: u64 = statuses.iter().map(left).sum();
    let noun = if messages == 1 { "message" } else { "messages" };
    let question = format!(
        "Send {} {noun} from {}, {}?",
        grouped(messages),
        inboxes.join(" and "),
        minutes(messages.div_ceil(PER_MINUTE))
    );
    confirm(context, &question, &[]).await
}

#[derive(PartialEq)]
enum Ended {
    Done,
    Stopped,
}

/// Runs the batches, and shows how it goes.
async fn follow(
    session: &mut Session<'_>,
    outbox: &Outbox,
    ids: &[String],
    left: u64,
) -> Result<Ended, Failure> {
    let client = session.client().await?;
    let terminal = &session.context.terminal;
    let progress = Progress::to(terminal, "recipients", left);
    let mut stop = Stop::watch()?;
    let mut run = outbox.run_only(&client, ids.iter().cloned());
    let mut ended = Ended::Done;
    loop {
        let event = tokio::select! {
            event = run.next() => event,
            () = stop.requested() => {
                if ended == Ended::Stopped {
                    progress.finish();
                    return Err(Failure::interrupted("stopped at once; what was in flight is \
                        looked up by the next 'heymarket bulk send'"));
                }
                ended = Ended::Stopped;
                run.stop();
                progress.suspend(|| terminal.notice("stopping once the requests in flight are \
                    answered; Ctrl-C again stops at once"));
                continue;
            }
        };
        match event {
            None => break,
            Some(Err(error)) => {
                progress.finish();
                return Err(failed(error));
            }
            Some(Ok(event)) => show(&event, &progress, terminal),
        }
    }
    progress.finish();
    Ok(ended)
}

fn show(event: &Event, progress: &Progress, terminal: &crate::output::terminal::Terminal) {
    match event {
        Event::Sent(_) => progress.add(1),
        Event::Refused(_) | Event::NeedsReview(_) => {
            progress.add(1);
            progress.suspend(|| terminal.notice(&event.to_string()));
        }
        Event::Expired { recipients, .. } => {
            progress.add(usize::try_from(*recipients).unwrap_or_default());
            progress.suspend(|| terminal.notice(&event.to_string()));
        }
        Event::Finished { .. } => {}
        _ => progress.suspend(|| terminal.notice(&event.to_string())),
    }
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
