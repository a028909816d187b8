//! `heymarket bulk worker`: sends what is planned until it is stopped.

mod health;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use heymarket_api::{Client, RateLimit};
use heymarket_outbox::{ErrorKind, Event, Outbox};
use heymarket_stores::LimitOptions;
use tokio::time::Instant;

use super::failed::failed;
use super::place::Place;
use crate::connection;
use crate::connection::shared_limit::SharedLimit;
use crate::context::Context;
use crate::failure::Failure;
use crate::stop::Stop;
use metrics::Metrics;

/// The pauses after a failure grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// A run that lasted this long was no failure to start.
const STEADY: Duration = Duration::from_secs(60);

pub(super) fn command() -> Command {
    Command::new("worker")
        .about("Send what is planned, until it is stopped")
        .long_about(
            "Send what is planned, in all batches, until it is stopped.\n\n\
             Any number of workers send from one database: each message is sent by one of them, \
             and all keep the rate limit together. A worker that dies is replaced by the others. \
             Ctrl-C or SIGTERM ends a worker once its requests in flight are answered; a second \
             one ends it at once. While the database or the API fails, a worker waits and tries \
             again. A file has one worker.\n\n\
             With --health it serves GET /health (200, or 503 and the problem) and GET /metrics.",
        )
        .after_help(
            "Examples:\n  \
             heymarket bulk worker --database postgres://texts@db.example.com/texts\n  \
             HEYMARKET_OUTBOX=postgres://texts@db.example.com/texts heymarket bulk worker \
             --health 127.0.0.1:9464",
        )
        .arg(
            Arg::new("health")
                .long("health")
                .value_name("ADDRESS:PORT")
                .value_parser(value_parser!(SocketAddr))
                .help("Serve health and metrics at this address, such as 127.0.0.1:9464"),
        )
        .arg(
            Arg::new("requests-per-minute")
                .long("requests-per-minute")
                .value_name("N")
                .default_value("500")
                .value_parser(value_parser!(u32).range(1..=500))
                .help("The limit of all workers together; each is given the same"),
        )
}

pub(super) async fn run(
    context: &Context,
    place: &Place,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let limit = matches.get_one::<u32>("requests-per-minute");
    let limit = limit.copied().unwrap_or_default();
    // Both from the start: a signal meanwhile ends the worker.
    let mut stop = Stop::watch()?;
    let metrics = Arc::new(Metrics::new(limit));
    let shared = shared_limit(place, limit).await?;
    let rate_limit = match &shared {
        Some(shared) => shared.rate_limit(),
        None => RateLimit::per_minute(limit),
    };
    let connection = connection::open_with(context, rate_limit).await?;
    if let Some(address) = matches.get_one::<SocketAddr>("health") {
        health::serve(*address, outbox.clone(), Arc::clone(&metrics), context).await?;
    }
    let ended = work(context, outbox, &connection.client, &metrics, &mut stop).await;
    if let Some(shared) = shared {
        shared.flush().await;
    }
    let closed = connection.close().await;
    ended.and(closed)
}

/// The limit that all workers of a database keep together.
async fn shared_limit(place: &Place, limit: u32) -> Result<Option<SharedLimit>, Failure> {
    let Place::Database(url) = place else {
        return Ok(None);
    };
    let options = LimitOptions::per_minute(limit);
    SharedLimit::connect(url, options).await.map(Some)
}

/// Works until it is stopped, and again after a failure that may pass.
async fn work(
    context: &Context,
    outbox: &Outbox,
    client: &Client,
    metrics: &Metrics,
    stop: &mut Stop,
) -> Result<(), Failure> {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        let Err(error) = follow(context, outbox, client, metrics, stop).await? else {
            return Ok(());
        };
        let failure = failed_if_final(error)?;
        metrics.failed(&failure);
        if begun.elapsed() >= STEADY {
            pause = FIRST_PAUSE;
        }
        context
            .terminal
            .notice(&format!("{failure}; trying again in {} s", pause.as_secs()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.requested() => return Ok(()),
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Returns the text of a failure that may pass, and fails with another one.
fn failed_if_final(error: heymarket_outbox::Error) -> Result<String, Failure> {
    let source = std::error::Error::source(&error);
    let api = source.and_then(|source| source.downcast_ref::<heymarket_api::Error>());
    let may_pass = match error.kind() {
        ErrorKind::Unreachable | ErrorKind::InUse | ErrorKind::Storage => true,
        ErrorKind::Stopped => !api.is_some_and(heymarket_api::Error::is_unauthorized),
        _ => false,
    };
    if may_pass {
        Ok(error.to_string())
    } else {
        Err(failed(error))
    }
}

/// Runs once, until it is stopped or fails.
async fn follow(
    context: &Context,
    outbox: &Outbox,
    client: &Client,
    metrics: &Metrics,
    stop: &mut Stop,
) -> Result<Result<(), heymarket_outbox::Error>, Failure> {
    let mut run = outbox.work(client);
    let mut is_stopping = false;
    loop {
        let event = tokio::select! {
            event = run.next() => event,
            () = stop.requested() => {
                if is_stopping {
                    return Err(Failure::interrupted("stopped at once; what was in flight is \
                        looked up by another worker"));
                }
                is_stopping = true;
                run.stop();
                context.terminal.notice("stopping once the requests in flight are answered");
                continue;
            }
        };
        match event {
            None => return Ok(Ok(())),
            Some(Err(error)) => return Ok(Err(error)),
            Some(Ok(event)) => {
                metrics.record(&event);
                if !matches!(event, Event::Sent(_)) {
                    context.terminal.notice(&event.to_string());
                }
            }
        }
    }
}
