//! `heymarket sandbox`: runs a sandbox, and controls one that runs.

mod control;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_sandbox::command::{self, Options};

use crate::connection::sandbox::failure;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn command() -> Command {
    Options::augment_args(Command::new("sandbox"))
        .arg(
            Arg::new("open")
                .long("open")
                .action(ArgAction::SetTrue)
                .help("Open the sandbox's web page in a browser"),
        )
        .about("Run a stateful stand-in for the API, and control it")
        .long_about(None)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommands(control::commands())
        .after_help(
            "A command with --sandbox starts a sandbox of its own, which ends with the command. This \
             one serves several commands and other programs, until Ctrl-C. Its subcommands control \
             the sandbox of --base-url, HEYMARKET_BASE_URL, or http://127.0.0.1:8080.\n\n\
             Examples:\n  heymarket sandbox --port 8080 --open\n  heymarket sandbox --state sandbox.json\n  \
             heymarket sandbox inbound --inbox 41001 --from 15550100101 --text 'Where is my order?'",
        )
}

/// Runs a sandbox until Ctrl-C, or controls one.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    if let Some((name, matches)) = matches.subcommand() {
        return control::run(context, name, matches).await;
    }
    let options = Options::from_arg_matches(matches)?;
    let mut written = Ok(());
    let is_opened = matches.get_flag("open");
    let greet = |sandbox: &heymarket_sandbox::Sandbox| {
        written = context.output().and_then(|mut output| {
            output.text(&command::greeting(sandbox))?;
            output.finish()
        });
        if is_opened && let Err(error) = ::open::that_detached(sandbox.url()) {
            let url = sandbox.url();
            let notice = format!("cannot open a browser ({error}); open {url} yourself");
            context.terminal.notice(&notice);
        }
    };
    command::run(options, greet).await.map_err(failure)?;
    written
}
