//! `heymarket bulk suppress`: who is not texted.

use std::fs::File;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};
use heymarket_outbox::Outbox;
use serde_json::json;

use super::failed::failed;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::session::Session;

const SHAPE: Shape = Shape {
    items: None,
    columns: &["phone", "reason", "source", "since"],
};

pub(super) fn command() -> Command {
    let numbers = || {
        Arg::new("numbers")
            .value_name("PHONE")
            .required(true)
            .num_args(1..)
            .help("The phone numbers")
    };
    Command::new("suppress")
        .about("Manage the people whom no batch texts")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(
            "Examples:\n  \
             heymarket bulk suppress add '+1 555 010 0101'\n  \
             heymarket bulk suppress import stops.csv\n  \
             heymarket bulk suppress list",
        )
        .subcommands([
            Command::new("add")
                .about("Text these numbers no more")
                .after_help("Examples:\n  heymarket bulk suppress add '+1 555 010 0101'")
                .arg(numbers()),
            Command::new("remove")
                .about("Text these numbers again")
                .after_help("Examples:\n  heymarket bulk suppress remove '+1 555 010 0101'")
                .arg(numbers()),
            Command::new("import")
                .about("Text the numbers of a CSV file no more")
                .after_help("Examples:\n  heymarket bulk suppress import stops.csv --country US")
                .arg(
                    Arg::new("file")
                        .value_name("FILE")
                        .required(true)
                        .value_parser(value_parser!(PathBuf))
                        .help("The CSV file, with a header line and a column `phone`"),
                ),
            Command::new("list")
                .about("List everyone who is not texted")
                .after_help("Examples:\n  heymarket bulk suppress list --format csv"),
        ])
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let session = Session::new(context);
    let country = session.country()?;
    let country = country.as_ref().map(|country| country.code());
    let count = match matches.subcommand() {
        Some(("add", given)) => outbox.suppress(numbers(given), country).await,
        Some(("remove", given)) => outbox.unsuppress(numbers(given), country).await,
        Some(("import", given)) => {
            let path = given
                .get_one::<PathBuf>("file")
                .cloned()
                .unwrap_or_default();
            let file = File::open(&path)
                .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
            outbox.import_suppressions(file, country).await
        }
        _ => return list(context, outbox).await,
    };
    let count = count.map_err(failed)?;
    let noun = if count == 1 { "number" } else { "numbers" };
    context.terminal.notice(&format!("{count} {noun} changed"));
    Ok(())
}

fn numbers(matches: &ArgMatches) -> Vec<String> {
    let numbers = matches.get_many::<String>("numbers");
    numbers.into_iter().flatten().cloned().collect()
}

async fn list(context: &Context, outbox: &Outbox) -> Result<(), Failure> {
    let all = outbox.suppressions().await.map_err(failed)?;
    let rows: Vec<_> = all
        .iter()
        .map(|found| {
            json!({
                "phone": found.phone,
                "reason": found.reason.as_str(),
                "source": found.source,
                "since": found.since.to_string(),
            })
        })
        .collect();
    let mut output = context.output()?;
    output.json(&serde_json::Value::from(rows).to_string(), SHAPE)?;
    output.finish()
}
