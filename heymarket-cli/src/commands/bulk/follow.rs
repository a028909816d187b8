//! Runs batches, and shows how far they are.

use heymarket_outbox::{Event, Outbox};
use jiff::tz::TimeZone;

use super::failed::failed;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::terminal::Terminal;
use crate::session::Session;
use crate::stop::Stop;

/// How a run ended.
#[derive(PartialEq)]
pub(super) enum Ended {
    Done,
    Stopped,
}

/// Runs the batches, and shows how it goes.
pub(super) async fn follow(
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
            Some(Ok(event)) => tell(&event, &progress, terminal),
        }
    }
    progress.finish();
    Ok(ended)
}

fn tell(event: &Event, progress: &Progress, terminal: &Terminal) {
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
        Event::Waiting {
            batch,
            until,
            cause,
        } => {
            // In the person's zone.
            let until = until.to_zoned(TimeZone::system());
            let until = until.strftime("%a %Y-%m-%d %H:%M");
            let waiting = format!("{batch}: waiting for {cause} until {until}");
            progress.suspend(|| terminal.notice(&waiting));
        }
        Event::Finished { .. } => {}
        _ => progress.suspend(|| terminal.notice(&event.to_string())),
    }
}
