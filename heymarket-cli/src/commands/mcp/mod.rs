//! `heymarket mcp`: a server of the Model Context Protocol, for agents.

mod token;

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_mcp::{Error, ErrorKind, Server};
use tokio::net::TcpListener;

use super::bulk;
use crate::context::Context;
use crate::failure::Failure;
use crate::session::Session;
use crate::stop::Stop;

#[derive(Args)]
struct Arguments {
    /// Allow tools that change records
    #[arg(long)]
    allow_writes: bool,

    /// Allow tools that delete records, permanently
    #[arg(long)]
    allow_deletes: bool,

    /// Allow tools that send drafts and plan bulk messages
    #[arg(long)]
    allow_sends: bool,

    /// Send to this phone number or email address only; may be repeated
    #[arg(long, value_name = "ADDRESS", requires = "allow_sends")]
    recipient: Vec<String>,

    /// The toolsets, such as tasks,operations; 'all' has a tool for each operation
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    toolsets: Vec<String>,

    /// The file of the outbox that bulk messages are planned in; by default that of 'heymarket bulk'
    #[arg(long, value_name = "FILE", requires = "allow_sends")]
    outbox: Option<PathBuf>,

    /// Serve streamable HTTP on loopback, in place of standard input and output
    #[arg(long)]
    http: bool,

    /// The port of the HTTP server; 0 picks a free one
    #[arg(long, default_value_t = 8788, value_name = "PORT", requires = "http")]
    port: u16,

    /// The file of the bearer token, made if it does not exist; by default beside the config file
    #[arg(long, value_name = "FILE", requires = "http")]
    token_file: Option<PathBuf>,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("mcp")
            .about("Serve agents by the Model Context Protocol")
            .long_about(
                "Serve agents by the Model Context Protocol, on standard input and output.\n\n\
                 By default the server only reads. A tool that is not allowed is not registered. A message is sent in two steps: a draft shows the recipient, the text, \
                 its segments and warnings, and returns a token; the token sends that draft, once, \
                 within ten minutes. A client that supports elicitation asks its user first. A message \
                 to many is only planned: 'heymarket bulk send' sends it.\n\n\
                 What customers wrote is marked as data. See docs/mcp.md for the settings of clients.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket mcp --sandbox --allow-sends\n  \
                 heymarket mcp --allow-sends --recipient '+1 (555) 010-0101'\n  \
                 heymarket mcp --http --port 8788 --toolsets tasks,contacts",
            ),
    )
}

/// Serves until the client ends, or the user stops the command.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage("--dry-run and --curl do not apply to mcp"));
    }
    let mut stop = Stop::watch()?;
    let mut session = Session::new(context);
    let server = server(&mut session, &arguments).await?;
    let outcome = if arguments.http {
        serve_http(context, &arguments, server, stop).await
    } else {
        if context.terminal.can_ask {
            context.terminal.notice(
                "waiting for a client on standard input; clients start this command themselves",
            );
        }
        tokio::select! {
            outcome = server.serve_stdio() => outcome.map_err(failed),
            () = stop.requested() => Ok(()),
        }
    };
    let closed = session.close().await;
    outcome.and(closed)
}

async fn server(session: &mut Session<'_>, arguments: &Arguments) -> Result<Server, Failure> {
    let recipients = arguments.recipient.iter();
    let recipients: Vec<String> = recipients
        .map(|recipient| session.address(recipient))
        .collect::<Result<_, _>>()?;
    let client = session.client().await?;
    let mut builder = Server::builder(client)
        .allow_writes(arguments.allow_writes)
        .allow_deletes(arguments.allow_deletes)
        .allow_sends(arguments.allow_sends)
        .recipients(recipients);
    if !arguments.toolsets.is_empty() {
        builder = builder.toolsets(&arguments.toolsets);
    }
    if arguments.allow_sends {
        let (context, given) = (session.context, arguments.outbox.as_deref());
        builder = builder
            .outbox(bulk::open_outbox(context, given).await?)
            .bulk_command(bulk::send_command(&context.globals, given));
    }
    builder.build().map_err(failed)
}

async fn serve_http(
    context: &Context,
    arguments: &Arguments,
    server: Server,
    mut stop: Stop,
) -> Result<(), Failure> {
    let (token, file) = token::token(arguments.token_file.as_deref())?;
    let port = arguments.port;
    let unusable = |error: std::io::Error| {
        Failure::other(format!(
            "cannot listen on port {port}: {error}; choose another with --port"
        ))
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    context.terminal.notice(&format!(
        "serving http://{address}/mcp; the bearer token is in {}",
        file.display()
    ));
    let stopped = async move { stop.requested().await };
    server
        .serve_http(listener, &token, stopped)
        .await
        .map_err(failed)
}

fn failed(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Configuration => Failure::usage(error.to_string()),
        _ => Failure::other(error.to_string()),
    }
}
