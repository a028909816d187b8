//! `heymarket doctor`: checks the connection to the API.

mod api;
mod check;
mod network;
mod shapes;

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::config::file::ConfigFile;
use crate::connection;
use crate::context::Context;
use crate::failure::Failure;
use check::{Check, Report};

const SHAPES: &str = "shapes";

pub(crate) fn command() -> Command {
    Command::new("doctor")
        .about("Check configuration, credentials and connectivity")
        .long_about(
            "Check configuration, credentials and connectivity: the config file, the credentials, \
             proxies, DNS, TCP and TLS, the clocks and the rate limit. Lists the inboxes once to try \
             the credentials.\n\n\
             Each check reports ok, warn or fail, and what to do. The exit code is 4 if the \
             credentials fail, 1 if anything else does, and 0 otherwise.\n\n\
             With --shapes, reads a page of each list of the account and writes what the responses \
             look like to a file, to report where the API differs from its documentation: names of \
             members, types and counts. The file holds no phone number, name, text or ID.",
        )
        .after_help(
            "Examples:\n  heymarket doctor\n  heymarket doctor --sandbox\n  \
             heymarket doctor --shapes shapes.json",
        )
        .arg(
            Arg::new(SHAPES)
                .long("shapes")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write the shapes of the account's responses to FILE"),
        )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    if context.globals.dry_run || context.globals.curl {
        return Err(Failure::usage(
            "doctor has to send a request; remove --dry-run and --curl",
        ));
    }
    if let Some(path) = matches.get_one::<PathBuf>(SHAPES) {
        return shapes::record(context, path).await;
    }
    let mut report = Report::default();
    report.add(config_file());
    let connection = connection::open(context).await;
    match &connection {
        Ok(connection) => {
            let from = format!("found, from {}", connection.source);
            report.add(Check::ok("credentials", from));
        }
        Err(Failure::Credentials(problem)) => {
            report.add(Check::fail("credentials", problem, "").of_credentials());
        }
        // A malformed config file, or an unusable server.
        Err(failure) => report.add(Check::fail("connection", failure.to_string(), "")),
    }
    let server = match &connection {
        Ok(connection) => Ok(connection.server.clone()),
        Err(_) => connection::server(context),
    };
    // An unusable URL was reported above.
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
            let profiles = match file.profiles().count() {
                0 => "no profiles".to_owned(),
                1 => "1 profile".to_owned(),
                count => format!("{count} profiles"),
            };
            Check::ok(NAME, format!("{path}, {profiles}"))
        }
        Err(failure) => Check::fail(NAME, failure.to_string(), ""),
    }
}
