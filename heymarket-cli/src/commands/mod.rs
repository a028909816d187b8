//! The command tree: the commands that are written by hand, and those of the
//! operations of the API.

pub(crate) mod alias;
mod api;
mod auth;
mod bulk;
pub(crate) mod complete;
mod completions;
mod config;
mod contacts;
mod conversations;
mod doctor;
mod export;
mod gateway;
mod groups;
mod help;
mod listen;
mod man;
#[cfg(feature = "mcp")]
mod mcp;
mod resources;
mod sandbox;
mod trigger;

use clap::{ArgMatches, Args as _, Command};

use crate::catalog;
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Globals;
use crate::safety::debug;
use crate::stop::Stop;
use crate::waits;

/// Commands that handle Ctrl-C themselves, or leave it to the terminal.
const STOPPABLE: [&str; 7] = [
    "auth", "bulk", "export", "gateway", "listen", "mcp", "sandbox",
];

/// Returns the whole command tree.
pub(crate) fn root() -> Command {
    let root = Command::new("heymarket")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .max_term_width(100);
    let root = Globals::augment_args(root)
        .mut_arg("profile", |arg| arg.add(crate::completion::of_profiles()))
        .about("The Heymarket business text-messaging API on the command line")
        .long_about(None);
    let root = root.subcommands(resources::commands()).subcommands([
        alias::command(),
        api::command(),
        auth::command(),
        bulk::command(),
        completions::command(),
        config::command(),
        doctor::command(),
        export::command(),
        gateway::command(),
        help::command(),
        listen::command(),
        man::command(),
        #[cfg(feature = "mcp")]
        mcp::command(),
        sandbox::command(),
        trigger::command(),
    ]);
    groups::arrange(root)
}

/// Runs a command.
pub(crate) fn run(globals: Globals, matches: &ArgMatches) -> Result<(), Failure> {
    let context = Context::new(globals);
    let Some((name, matches)) = matches.subcommand() else {
        return Err(Failure::usage("no command; see 'heymarket --help'"));
    };
    debug::log(&context);
    // The gateway has a line for each request, or none with --quiet.
    if name != "gateway" {
        waits::show(&context);
    }
    // One thread starts faster, and only a server needs more.
    let mut builder = match name {
        "gateway" | "sandbox" => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        if STOPPABLE.contains(&name) {
            return dispatch(&context, name, matches).await;
        }
        let mut stop = Stop::watch()?;
        tokio::select! {
            outcome = dispatch(&context, name, matches) => outcome,
            () = stop.requested() => Err(Failure::interrupted("interrupted")),
        }
    });
    // An abandoned prompt must not keep the process alive.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(context: &Context, name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    match name {
        "alias" => alias::run(context, matches),
        "api" => api::run(context, matches).await,
        "auth" => auth::run(context, matches).await,
        "bulk" => bulk::run(context, matches).await,
        "completions" => completions::run(context, matches),
        "config" => config::run(context, matches),
        "doctor" => doctor::run(context, matches).await,
        "export" => export::run(context, matches).await,
        "gateway" => gateway::run(context, matches).await,
        "help" => help::run(context, matches, root()),
        "listen" => listen::run(context, matches).await,
        "man" => man::run(context, matches, root()),
        #[cfg(feature = "mcp")]
        "mcp" => mcp::run(context, matches).await,
        "sandbox" => sandbox::run(context, matches).await,
        "trigger" => trigger::run(context, matches).await,
        _ => match catalog::resource(name) {
            Some(resource) => resources::run(context, resource, matches).await,
            None => Err(Failure::usage(format!("{name} is not a command"))),
        },
    }
}
