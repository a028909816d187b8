//! `heymarket contacts import FILE.csv`.

mod columns;
mod rows;
mod state;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::{Client, RawRequest, operations};
use serde_json::Value;

use super::fields;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::safety::confirm::confirm;
use crate::session::Session;
use crate::stop::Stop;
use columns::Columns;
use rows::{Row, Rows};
use state::State;

#[derive(Args)]
struct Arguments {
    /// A CSV file with a header
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,

    /// Read a column as a field, such as 'Mobile=phone'; 'COLUMN=-' ignores it
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,

    /// Update contacts whose phone number exists; by default they are skipped
    #[arg(long)]
    overwrite: bool,

    /// The number of contacts in a request
    #[arg(long, value_name = "NUMBER", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(1..=1000))]
    batch: u64,

    /// The file for rows that could not be imported; by default FILE.csv.failed.csv
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,

    /// Start from the first row, even if an earlier import was interrupted
    #[arg(long)]
    restart: bool,
}

pub(super) fn command() -> Command {
    Arguments::augment_args(Command::new("import"))
        .about("Create contacts from a CSV file")
        .long_about(
            "Create contacts from a CSV file.\n\n\
             The header names the fields: phone, first, last, display_name (or name), email, \
             is_opted_out, avatar, or the title of a custom field. --map reads a column as another \
             field. Phone numbers without a country code need --country, or `heymarket config set \
             country`. Columns of unknown names are an error, so that no value is lost.\n\n\
             --dry-run checks every row and sends nothing. Rows that are invalid, repeated, or \
             rejected by the API are written to a CSV file with the reason, to be corrected and \
             imported again. An interrupted import resumes with the same command.",
        )
        .after_help(
            "Examples:\n  \
             heymarket contacts import contacts.csv --dry-run\n  \
             heymarket contacts import contacts.csv --country US --map Mobile=phone --overwrite",
        )
}

/// Imports the contacts of a file, or resumes an interrupted import.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if context.globals.curl {
        return Err(Failure::usage(
            "--curl does not apply to an import; use --dry-run",
        ));
    }
    let mut session = Session::new(context);
    let outcome = import(&mut session, &arguments).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn import(session: &mut Session<'_>, arguments: &Arguments) -> Result<(), Failure> {
    let context = session.context;
    let table = rows::read(&arguments.file)?;
    let mut columns = Columns::parse(&table.header, &arguments.map)?;
    if columns.has_unknown() {
        let client = session.client().await?;
        columns.add_custom_fields(&fields::all(&client).await?)?;
    }
    let rows = table.check(&columns, session)?;
    context.terminal.notice(&rows.summary(&arguments.file));
    if context.globals.dry_run {
        show_invalid(context, &rows);
        return Ok(());
    }
    let client = session.client().await?;
    // Other options may make other rows valid.
    let country = session.country()?;
    let country = country.as_ref().map(|country| country.code());
    let digest = format!("{} {:?} {country:?}", table.digest, arguments.map);
    let mut state = State::open(
        &arguments.file,
        &digest,
        arguments.overwrite,
        arguments.restart,
    )?;
    ask(
        context,
        arguments,
        rows.valid.len().saturating_sub(state.done),
    )
    .await?;
    let sent = send(context, &client, arguments, &rows, &mut state).await;
    let failures = arguments
        .failures
        .clone()
        .unwrap_or_else(|| beside(&arguments.file));
    let mut failed = rows.invalid.clone();
    failed.extend(state.rejected(&rows.valid));
    failed.sort_by_key(|row| row.line);
    if !failed.is_empty() {
        rows::write_failures(&failures, &table.header, &failed)?;
    }
    sent?;
    let imported = state.done - state.rejected.len();
    state.finish()?;
    context.terminal.notice(&format!(
        "imported {}",
        rows::counted(imported, "contact", "contacts")
    ));
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::other(format!(
        "{} not imported; the reasons are in {}",
        rows::counted(failed.len(), "row was", "rows were"),
        failures.display()
    )))
}

/// Shows the first rows that would not be imported.
fn show_invalid(context: &Context, rows: &Rows) {
    for Row { line, problem, .. } in rows.invalid.iter().take(10) {
        context
            .terminal
            .notice(&format!("  line {line}: {problem}"));
    }
    context.terminal.notice("nothing was sent");
}

/// Asks whether to import the contacts that are left, if there are any.
async fn ask(context: &Context, arguments: &Arguments, left: usize) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    let existing = if arguments.overwrite {
        "updated"
    } else {
        "skipped"
    };
    let question = format!(
        "Import {}? Contacts that exist are {existing}.",
        rows::counted(left, "contact", "contacts")
    );
    confirm(context, &question, &[]).await
}

/// Sends the batches that are left. Each is noted once it is answered, so that a
/// resumed import repeats at most one, whose contacts exist by then.
async fn send(
    context: &Context,
    client: &Client,
    arguments: &Arguments,
    rows: &Rows,
    state: &mut State,
) -> Result<(), Failure> {
    let total = rows.valid.len();
    let progress = Progress::to(&context.terminal, "contacts", total as u64);
    progress.add(state.done);
    let size = usize::try_from(arguments.batch).unwrap_or(usize::MAX);
    let mut stop = Stop::watch()?;
    while state.done < total {
        let end = total.min(state.done.saturating_add(size));
        let batch = &rows.valid[state.done..end];
        let contacts: Vec<Value> = batch.iter().map(|row| row.contact.clone()).collect();
        let request = RawRequest::of(&operations::CREATE_CONTACTS)
            .query("overwrite", arguments.overwrite.to_string())
            .json(Value::Array(contacts));
        let answer = tokio::select! {
            answer = client.execute(&request) => answer,
            () = stop.requested() => {
                progress.finish();
                return Err(Failure::interrupted(format!(
                    "interrupted after {}; the same command resumes there",
                    rows::counted(state.done, "contact", "contacts")
                )));
            }
        };
        let answer = match answer {
            Ok(answer) => answer.into_inner(),
            Err(error) => {
                progress.finish();
                context.terminal.notice(&format!(
                    "{} done so far; the same command resumes there",
                    rows::counted(state.done, "contact", "contacts")
                ));
                return Err(error.into());
            }
        };
        state.note(batch, &rejections(&answer), state.done)?;
        progress.add(batch.len());
    }
    progress.finish();
    Ok(())
}

/// Returns the contacts that an answer rejects, as phone number and reason. The API
/// answers `ok`, or with an array that may hold created contacts as well.
fn rejections(answer: &Value) -> Vec<(String, String)> {
    let items = answer.as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .filter(|item| item.get("id").and_then(Value::as_i64).unwrap_or(0) == 0)
        .map(|item| {
            let text = |name: &str| item.get(name)?.as_str().map(str::to_owned);
            let reason = ["error", "message", "reason"].into_iter().find_map(text);
            (
                text("phone").unwrap_or_default(),
                reason.unwrap_or_else(|| "rejected by the API".to_owned()),
            )
        })
        .collect()
}

/// Returns the default path of the failures.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".failed.csv");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_rejects_the_contacts_without_an_id() {
        assert!(rejections(&json!("ok")).is_empty());
        assert!(rejections(&json!([{"id": 7, "phone": "1"}])).is_empty());
        let rejected = rejections(&json!([{"phone": "15550100101", "error": "bad"}, {"id": 7}]));
        assert_eq!(rejected, [("15550100101".to_owned(), "bad".to_owned())]);
    }
}
