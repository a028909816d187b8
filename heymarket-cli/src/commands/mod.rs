//! The commands, one module for each that is written by hand; the operations
//! of the API come from `operations`.

mod api;
mod auth;
mod completions;
mod doctor;
mod export;
mod help;
mod listen;
mod man;
mod sandbox;
mod trigger;

use clap::{ArgMatches, Command};

use crate::cli::Invocation;
use crate::context::Context;
use crate::failure::Failure;
use crate::operations;
use crate::safety;

/// Adds every command to the root.
pub(crate) fn register(root: Command) -> Command {
    root.subcommands(operations::commands()).subcommands([
        api::command(),
        auth::command(),
        completions::command(),
        doctor::command(),
        export::command(),
        help::command(),
        listen::command(),
        man::command(),
        sandbox::command(),
        trigger::command(),
    ])
}

/// Runs the command that was asked for.
pub(crate) fn run(invocation: Invocation) -> Result<(), Failure> {
    let context = Context::new(invocation.globals);
    safety::watch(&context);
    let Some((name, matches)) = invocation.matches.subcommand() else {
        return Err(Failure::usage("no command; see `heymarket --help`"));
    };
    // One thread starts faster, and only a server has use for more.
    let mut runtime = match name {
        "sandbox" => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the runtime: {error}")))?;
    runtime.block_on(dispatch(&context, name, matches))
}

async fn dispatch(context: &Context, name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    match name {
        "api" => api::run(context, matches).await,
        "auth" => auth::run(context, matches).await,
        "completions" => completions::run(context, matches),
        "doctor" => doctor::run(context, matches).await,
        "export" => export::run(context, matches).await,
        "help" => help::run(context, matches),
        "listen" => listen::run(context, matches).await,
        "man" => man::run(context, matches),
        "sandbox" => sandbox::run(context, matches).await,
        "trigger" => trigger::run(context, matches).await,
        _ => match operations::resource(name) {
            Some(resource) => operations::run(context, resource, matches).await,
            None => Err(Failure::usage(format!("{name} is no command"))),
        },
    }
}
