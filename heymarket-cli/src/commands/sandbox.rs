//! `heymarket sandbox`.

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_sandbox::command::{self, Options};

use crate::connection::sandbox::failure;
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn command() -> Command {
    Options::augment_args(Command::new("sandbox"))
        .about("Run a stand-in for the API that remembers, until it is told to stop")
        .long_about(None)
        .after_help(
            "Commands with --sandbox have one of their own, which ends with them. This one is for \
             several commands at a time, and for other programs.",
        )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let options = Options::from_arg_matches(matches)?;
    let mut written = Ok(());
    let greet = |sandbox: &heymarket_sandbox::Sandbox| {
        written = context.output().and_then(|mut output| {
            output.text(&command::greeting(sandbox))?;
            output.finish()
        });
    };
    command::run(options, greet).await.map_err(failure)?;
    written
}
