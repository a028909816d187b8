//! `heymarket listen`: a receiver of webhooks.

mod catch_up;
mod forward;
mod receiver;
mod show;

use std::net::{IpAddr, SocketAddr};

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::webhook::{Deduplicator, Event, Verifier};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::context::Context;
use crate::failure::Failure;
use crate::safety;
use crate::stop::Stop;
use crate::time;
use crate::webhook::{Target, tokens};
use catch_up::{CatchUp, Ticks};
use forward::Forwarder;
use receiver::Receiver;
use show::Show;

/// How many events may wait to be shown. When more come, their sender is told
/// to try again later.
const WAITING: usize = 1000;

#[derive(Args)]
struct Arguments {
    /// The webhook's verification token; better set HEYMARKET_WEBHOOK_TOKEN, which no list of
    /// processes shows. Several tokens are all taken
    #[arg(long, value_name = "TOKEN")]
    token: Vec<String>,

    /// The port to listen on; 0 is a free one
    #[arg(long, default_value_t = 9000, value_name = "PORT")]
    port: u16,

    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    address: IpAddr,

    /// Post each event on to this URL, as it came
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,

    /// How often posting an event on is tried again
    #[arg(
        long,
        default_value_t = 4,
        value_name = "TIMES",
        requires = "forward_to"
    )]
    retries: u32,

    /// Begin with what the message history has since this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    since: Option<Timestamp>,

    /// Show phone numbers, names and texts
    #[arg(long)]
    show_content: bool,
}

/// An event, and the body that it came in; from the history it has none.
pub(super) struct Incoming {
    pub(super) event: Event,
    pub(super) body: Option<Vec<u8>>,
    pub(super) received: Timestamp,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("listen")
            .about("Receive webhooks: verify, show and forward them")
            .long_about(
                "Receive webhooks: verify, show and forward them.\n\n\
                 Every POST, whatever its path, is taken as a delivery. One without the token is \
                 answered with 401, and one that came before with 200 and nothing else. On a \
                 terminal an event is a line, elsewhere a line of JSON; phone numbers, names and \
                 texts are hidden unless --show-content is given. Heymarket posts to public https \
                 URLs: put a tunnel or a proxy that ends TLS before it.\n\n\
                 With --forward-to, the body is posted on as it came, one after the other, and \
                 again after 1, 2, 4 and 8 s where there is no answer, or one that says to try \
                 later; what fails for good is told on standard error.\n\n\
                 Where there are credentials, what was missed while the machine slept is taken \
                 from the message history, as the events that webhooks would have told: messages \
                 only, each with its last status. --since does the same at the start.\n\n\
                 Ctrl-C ends it.",
            ),
    )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage("listening sends no request to show"));
    }
    let tokens = tokens(arguments.token)?;
    let target = arguments.forward_to.as_deref().map(Target::parse);
    let target = target.transpose()?;
    if let Some(target) = target.as_ref().filter(|target| target.is_in_the_clear()) {
        let what = format!("sends phone numbers, names and texts in the clear, to {target}");
        safety::confirm(context, &what)?;
    }
    let show = Show::new(context, arguments.show_content)?;
    let (events, mut waiting) = mpsc::channel(WAITING);
    let seen = Deduplicator::new();
    let connection = connection(context, arguments.since.is_some()).await?;
    let catch_up = connection.as_ref().map(|connection| CatchUp {
        client: connection.client.clone(),
        seen: seen.clone(),
        events: events.clone(),
        terminal: context.terminal,
    });

    // Before anybody is told that it listens.
    let mut stop = Stop::watch()?;
    let address = SocketAddr::new(arguments.address, arguments.port);
    let unusable = |error: std::io::Error| {
        Failure::other(format!(
            "{address}: {error}; --port and --address choose another"
        ))
    };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let receiver = Receiver {
        verifier: verifier(&tokens),
        seen,
        events,
        terminal: context.terminal,
    };
    let server = tokio::spawn(receiver.serve(listener));
    context
        .terminal
        .say(&format!("listening on http://{address}/"));
    if !address.ip().is_loopback() {
        context
            .terminal
            .say("others can reach it; without https, others can read on the way too");
    }
    if let (Some(catch_up), Some(since)) = (&catch_up, arguments.since) {
        tokio::spawn(catch_up.clone().run(since));
    }

    let token = tokens.into_iter().next().unwrap_or_default();
    let forwarder =
        target.map(|target| Forwarder::start(target, token, arguments.retries, context.terminal));
    let mut listener = Listener { show, forwarder };
    let outcome = listener
        .listen(&mut waiting, catch_up.as_ref(), &mut stop)
        .await;
    // From here on nothing more is taken; what was is shown and forwarded.
    server.abort();
    let outcome = match outcome {
        Ok(()) => listener.drain(&mut waiting).await,
        Err(failure) => Err(failure),
    };
    if let Some(forwarder) = listener.forwarder {
        forwarder.finish().await;
    }
    let closed = match connection {
        Some(connection) => connection.close().await,
        None => Ok(()),
    };
    outcome.and(closed)
}

/// The way to the history. Without credentials, events are received all the
/// same.
async fn connection(
    context: &Context,
    is_needed: bool,
) -> Result<Option<crate::connection::Connection>, Failure> {
    match context.connect().await {
        Ok(connection) => Ok(Some(connection)),
        Err(Failure::Credentials(_)) if !is_needed => {
            context.terminal.say(
                "there are no usable credentials (see `heymarket auth status`): what is missed \
                 while this machine sleeps will not be made up for",
            );
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

fn verifier(tokens: &[String]) -> Verifier {
    let mut tokens = tokens.iter();
    // An empty token, which `tokens` never gives, verifies nothing.
    let first = Verifier::new(tokens.next().cloned().unwrap_or_default());
    tokens.fold(first, |verifier, token| verifier.or(token))
}

/// What is done with each event.
struct Listener {
    show: Show,
    forwarder: Option<Forwarder>,
}

impl Listener {
    /// Takes events until the user has enough.
    async fn listen(
        &mut self,
        waiting: &mut mpsc::Receiver<Incoming>,
        catch_up: Option<&CatchUp>,
        stop: &mut Stop,
    ) -> Result<(), Failure> {
        let mut ticks = Ticks::start();
        loop {
            tokio::select! {
                () = stop.told() => return Ok(()),
                since = ticks.missed() => {
                    if let Some(catch_up) = catch_up {
                        tokio::spawn(catch_up.clone().run(since));
                    }
                }
                event = next(waiting, self.forwarder.as_ref()) => match event {
                    Some(event) => self.take(event)?,
                    None => return Ok(()),
                }
            }
        }
    }

    /// Takes what was accepted already.
    async fn drain(&mut self, waiting: &mut mpsc::Receiver<Incoming>) -> Result<(), Failure> {
        while let Ok(event) = waiting.try_recv() {
            self.take(event)?;
        }
        Ok(())
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), Failure> {
        self.show.event(&incoming)?;
        if let Some(forwarder) = &self.forwarder {
            forwarder.forward(incoming);
        }
        Ok(())
    }
}

/// The next event, once there is room to forward it.
async fn next(
    waiting: &mut mpsc::Receiver<Incoming>,
    forwarder: Option<&Forwarder>,
) -> Option<Incoming> {
    if let Some(forwarder) = forwarder {
        forwarder.has_room().await;
    }
    waiting.recv().await
}
