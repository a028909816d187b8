//! `heymarket listen`: receives webhooks.

mod catch_up;
mod forwarder;
mod incoming;
mod printer;
mod receiver;

use std::net::{IpAddr, SocketAddr};

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::webhook::Deduplicator;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::connection::{self, Connection};
use crate::context::Context;
use crate::failure::Failure;
use crate::safety::confirm::confirm;
use crate::stop::Stop;
use crate::time;
use crate::webhook::target::Target;
use crate::webhook::token::{tokens, verifier};
use catch_up::{CatchUp, SleepDetector};
use forwarder::Forwarder;
use incoming::Incoming;
use printer::Printer;
use receiver::Receiver;

/// The number of events that may wait to be printed. Further deliveries get a 503.
const QUEUE: usize = 1000;

#[derive(Args)]
struct Arguments {
    /// The webhook's verification token; may be repeated. Prefer HEYMARKET_WEBHOOK_TOKEN, which no
    /// list of processes shows
    #[arg(long, value_name = "TOKEN")]
    token: Vec<String>,

    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 9000, value_name = "PORT")]
    port: u16,

    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    address: IpAddr,

    /// Forward each delivery to this URL, unmodified
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,

    /// The number of retries of a forwarded delivery
    #[arg(
        long,
        default_value_t = 4,
        value_name = "TIMES",
        requires = "forward_to"
    )]
    retries: u32,

    /// Start with the events of the message history since this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    since: Option<Timestamp>,

    /// Show phone numbers, names and texts
    #[arg(long)]
    show_content: bool,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("listen")
            .about("Receive webhooks: verify, show and forward them")
            .long_about(
                "Receive webhooks: verify, show and forward them.\n\n\
                 Every POST to any path is a delivery. A delivery without the token gets a 401, and a \
                 duplicate a 200 without further effect. An event is a line on a terminal, and a line \
                 of JSON elsewhere. Phone numbers, names and texts are redacted without \
                 --show-content. Heymarket posts to public https URLs, so a tunnel or a proxy that \
                 terminates TLS is needed.\n\n\
                 With --forward-to, deliveries are forwarded unmodified, one at a time. If there is \
                 no response, or a response that allows a retry, the delivery is retried after 1, 2, \
                 4 and 8 s. Permanent failures are reported on standard error.\n\n\
                 With credentials, events that were missed while the machine slept are read from \
                 the message history: messages only, each with its last status. --since does the \
                 same at the start.\n\n\
                 Ctrl-C stops it.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket listen --forward-to http://127.0.0.1:3000/webhook\n  \
                 heymarket listen --since 2h --show-content",
            ),
    )
}

/// Receives deliveries until the user stops the command.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage(
            "--dry-run and --curl do not apply to listen",
        ));
    }
    let tokens = tokens(arguments.token.clone())?;
    let target = target(context, arguments.forward_to.as_deref()).await?;
    let printer = Printer::new(context, arguments.show_content)?;
    let (events, mut queue) = mpsc::channel(QUEUE);
    let seen = Deduplicator::new();
    let connection = connect(context, arguments.since.is_some()).await?;
    let catch_up = connection.as_ref().map(|connection| CatchUp {
        client: connection.client.clone(),
        seen: seen.clone(),
        events: events.clone(),
        terminal: context.terminal,
    });
    // Before anyone can know that it listens.
    let mut stop = Stop::watch()?;
    let receiver = Receiver {
        verifier: verifier(&tokens),
        seen,
        events,
        terminal: context.terminal,
    };
    let server = serve(context, &arguments, receiver).await?;
    if let (Some(catch_up), Some(since)) = (&catch_up, arguments.since) {
        tokio::spawn(catch_up.clone().run(since));
    }
    let token = tokens.into_iter().next().unwrap_or_default();
    let forwarder =
        target.map(|target| Forwarder::start(target, token, arguments.retries, context.terminal));
    let mut events = EventLoop { printer, forwarder };
    let outcome = events.run(&mut queue, catch_up.as_ref(), &mut stop).await;
    // From here on nothing more is received; what is queued is handled.
    server.abort();
    let outcome = match outcome {
        Ok(()) => events.drain(&mut queue),
        Err(failure) => Err(failure),
    };
    if let Some(forwarder) = events.forwarder {
        forwarder.finish().await;
    }
    let closed = match connection {
        Some(connection) => connection.close().await,
        None => Ok(()),
    };
    outcome.and(closed)
}

/// Parses the URL to forward to, and confirms one that sends personal data
/// unencrypted.
async fn target(context: &Context, url: Option<&str>) -> Result<Option<Target>, Failure> {
    let Some(target) = url.map(Target::parse).transpose()? else {
        return Ok(None);
    };
    if target.is_unencrypted() {
        let question = format!("Forward phone numbers, names and texts unencrypted to {target}?");
        confirm(context, &question, &[]).await?;
    }
    Ok(Some(target))
}

/// Starts the server, and says where it listens.
async fn serve(
    context: &Context,
    arguments: &Arguments,
    receiver: Receiver,
) -> Result<JoinHandle<()>, Failure> {
    let address = SocketAddr::new(arguments.address, arguments.port);
    let unusable = |error: std::io::Error| {
        Failure::other(format!(
            "cannot listen on {address}: {error}; choose another with --port and --address"
        ))
    };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let server = tokio::spawn(receiver.serve(listener));
    let terminal = &context.terminal;
    terminal.notice(&format!("listening on http://{address}/"));
    if !address.ip().is_loopback() {
        terminal.notice(
            "warning: other machines can reach this address, and without https others can read \
             the deliveries",
        );
    }
    Ok(server)
}

/// Connects to the API, for the message history. Without credentials, events are
/// received all the same.
async fn connect(context: &Context, is_needed: bool) -> Result<Option<Connection>, Failure> {
    match connection::open(context).await {
        Ok(connection) => Ok(Some(connection)),
        Err(Failure::Credentials(_)) if !is_needed => {
            context.terminal.notice(
                "no usable credentials (see 'heymarket auth status'): events that are missed while \
                 this machine sleeps are lost",
            );
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Prints and forwards events.
struct EventLoop {
    printer: Printer,
    forwarder: Option<Forwarder>,
}

impl EventLoop {
    /// Handles events until the user stops the command.
    async fn run(
        &mut self,
        queue: &mut mpsc::Receiver<Incoming>,
        catch_up: Option<&CatchUp>,
        stop: &mut Stop,
    ) -> Result<(), Failure> {
        let mut sleep = SleepDetector::start();
        loop {
            tokio::select! {
                () = stop.requested() => return Ok(()),
                since = sleep.missed() => {
                    if let Some(catch_up) = catch_up {
                        tokio::spawn(catch_up.clone().run(since));
                    }
                }
                event = next(queue, self.forwarder.as_ref()) => match event {
                    Some(event) => self.handle(event)?,
                    None => return Ok(()),
                }
            }
        }
    }

    /// Handles the events that are queued.
    fn drain(&mut self, queue: &mut mpsc::Receiver<Incoming>) -> Result<(), Failure> {
        while let Ok(event) = queue.try_recv() {
            self.handle(event)?;
        }
        Ok(())
    }

    fn handle(&mut self, incoming: Incoming) -> Result<(), Failure> {
        self.printer.event(&incoming)?;
        if let Some(forwarder) = &self.forwarder {
            forwarder.forward(incoming);
        }
        Ok(())
    }
}

/// Returns the next event, once there is room to forward it.
async fn next(
    queue: &mut mpsc::Receiver<Incoming>,
    forwarder: Option<&Forwarder>,
) -> Option<Incoming> {
    if let Some(forwarder) = forwarder {
        forwarder.has_room().await;
    }
    queue.recv().await
}
