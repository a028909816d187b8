//! `heymarket auth token`.

use clap::Command;

use crate::connection;
use crate::context::Context;
use crate::failure::Failure;

pub(super) fn command() -> Command {
    Command::new("token")
        .about("Print a token for the API")
        .long_about(
            "Print a token for the API, for a command of --curl.\n\n\
             The token of an API secret is valid for five minutes. A legacy API key is printed as it \
             is. With --sandbox, the token is for any sandbox, such as that of `heymarket sandbox`.",
        )
        .after_help(
            "Examples:\n  \
             heymarket auth token --sandbox\n  \
             export HEYMARKET_TOKEN=$(heymarket auth token)",
        )
}

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let connection = connection::open(context).await?;
    let token = connection.token();
    connection.close().await?;
    let mut output = context.output()?;
    output.line(&token?)?;
    output.finish()
}
