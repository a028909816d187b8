//! `heymarket doctor`: what stands between this machine and the API.

mod api;
mod check;
mod network;

use clap::{ArgMatches, Command};

use crate::connection::profile::file::ConfigFile;
use crate::context::Context;
use crate::failure::Failure;
use check::{Check, Report};

pub(crate) fn command() -> Command {
    Command::new("doctor")
        .about("Look for what stands between this machine and the API")
        .long_about(
            "Look for what stands between this machine and the API: the config file, the \
             credentials, proxies, the way to the server, its certificate, the clocks and the rate \
             limit. The inboxes are listed once to try the credentials.\n\n\
             Each check ends with ok, warn or fail, and what to do. The exit code is 4 where the \
             credentials fail, 1 where anything else does, and 0 otherwise.",
        )
}

pub(crate) async fn run(context: &Context, _: &ArgMatches) -> Result<(), Failure> {
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage("a doctor that asks nothing finds nothing"));
    }
    let mut report = Report::default();
    report.add(config_file());
    let connection = context.connect().await;
    match &connection {
        Ok(connection) => {
            let from = format!("there are some, from {}", connection.source);
            report.add(Check::ok("credentials", from));
        }
        Err(Failure::Credentials(problem)) => {
            report.add(Check::fail("credentials", problem, "").of_credentials());
        }
        // The damaged file, or a server that no client is made for.
        Err(failure) => report.add(Check::fail("connection", failure.to_string(), "")),
    }
    let server = match &connection {
        Ok(connection) => Ok(connection.server.clone()),
        Err(_) => context.server(),
    };
    // What is wrong with a URL that no client takes was found above.
    if let Ok(server) = server {
        network::check(&server, &mut report).await;
    }
    if let Ok(connection) = &connection {
        api::check(&connection.client, &mut report).await;
    }
    let printed = report.print(context);
    if let Ok(connection) = connection {
        connection.close().await?;
    }
    printed.and_then(|()| report.verdict())
}

fn config_file() -> Check {
    const NAME: &str = "config file";
    let loaded = ConfigFile::path().and_then(|path| Ok((path, ConfigFile::load()?)));
    match loaded {
        Ok((path, file)) => {
            let path = path.display();
            let count = file.profiles().count();
            Check::ok(NAME, format!("{path}, profiles: {count}"))
        }
        Err(failure) => Check::fail(NAME, failure.to_string(), ""),
    }
}
