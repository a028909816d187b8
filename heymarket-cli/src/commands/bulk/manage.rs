//! `heymarket bulk pause`, `resume`, `cancel`, `retry` and `purge`.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use heymarket_outbox::Outbox;
use jiff::SignedDuration;

use super::arguments::{batch, batch_argument};
use super::describe::grouped;
use super::failed::failed;
use super::next;
use crate::context::Context;
use crate::failure::Failure;
use crate::safety::confirm::confirm;

pub(super) fn pause_command() -> Command {
    Command::new("pause")
        .about("Pause a batch, also one that another command sends")
        .after_help("Examples:\n  heymarket bulk pause july")
        .arg(batch_argument())
}

pub(super) fn resume_command() -> Command {
    Command::new("resume")
        .about("Resume a batch; 'bulk send' then goes on with it")
        .after_help("Examples:\n  heymarket bulk resume july")
        .arg(batch_argument())
}

pub(super) fn cancel_command() -> Command {
    Command::new("cancel")
        .about("Cancel the unsent messages of a batch permanently")
        .after_help("Examples:\n  heymarket bulk cancel july")
        .arg(batch_argument())
}

pub(super) fn retry_command() -> Command {
    Command::new("retry")
        .about("Plan recipients again that the API refused")
        .long_about(
            "Plan recipients again that the API refused. People who opted out, and invalid and \
             duplicate numbers, stay refused.",
        )
        .after_help("Examples:\n  heymarket bulk retry july --failed")
        .arg(batch_argument())
        .arg(
            Arg::new("failed")
                .long("failed")
                .required(true)
                .action(ArgAction::SetTrue)
                .help("Those that the API refused"),
        )
}

pub(super) fn purge_command() -> Command {
    Command::new("purge")
        .about("Forget numbers and texts of recipients that ended long ago")
        .long_about(
            "Forget numbers and texts of recipients that ended long ago. States, reasons and keys \
             stay, and so do suppressions.",
        )
        .after_help("Examples:\n  heymarket bulk purge --older-than 90d")
        .arg(
            Arg::new("older-than")
                .long("older-than")
                .value_name("SPAN")
                .required(true)
                .value_parser(span)
                .help("How long ago, such as 90d or 12h"),
        )
}

/// Reads a span such as `90d`; a day has 24 hours.
fn span(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("{text:?} is not a span; write it as 90d or 12h");
    if let Some(days) = text.trim().strip_suffix('d') {
        let days: i64 = days.trim().parse().map_err(|_| wrong())?;
        return days
            .checked_mul(24)
            .map(SignedDuration::from_hours)
            .filter(|span| !span.is_negative())
            .ok_or_else(wrong);
    }
    let span: SignedDuration = text.parse().map_err(|_| wrong())?;
    if span.is_negative() {
        Err(wrong())
    } else {
        Ok(span)
    }
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    name: &str,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let done = match name {
        "pause" => {
            outbox.pause(batch(matches)).await.map_err(failed)?;
            "paused".to_owned()
        }
        "resume" => {
            let id = batch(matches);
            outbox.resume(id).await.map_err(failed)?;
            let command = next::send(context, matches, id);
            format!("resumed; '{command}' goes on with it")
        }
        "cancel" => {
            let id = batch(matches);
            let status = outbox.status(id).await.map_err(failed)?;
            let planned = status.counts.of(heymarket_outbox::State::Planned);
            let planned = grouped(planned);
            confirm(
                context,
                &format!("Cancel {planned} messages of {id} permanently?"),
                &[],
            )
            .await?;
            outbox.cancel(id).await.map_err(failed)?;
            "cancelled".to_owned()
        }
        "retry" => {
            let id = batch(matches);
            let count = outbox.retry_failed(id).await.map_err(failed)?;
            let command = next::send(context, matches, id);
            format!("planned {count} again; '{command}' sends them")
        }
        _ => {
            let span = matches.get_one::<SignedDuration>("older-than");
            let span = span.copied().unwrap_or_default();
            let span = Duration::try_from(span).unwrap_or_default();
            let count = outbox.purge(span).await.map_err(failed)?;
            format!("forgot the numbers and texts of {count} recipients")
        }
    };
    context.terminal.notice(&done);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_days_or_hours() {
        assert_eq!(span("90d"), Ok(SignedDuration::from_hours(90 * 24)));
        assert_eq!(span("12h"), Ok(SignedDuration::from_hours(12)));
        for text in ["", "d", "-1d", "-2h", "soon"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
