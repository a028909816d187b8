//! `heymarket contacts export`: all contacts, as CSV by default.

use clap::{ArgMatches, Command};
use heymarket_api::{RawRequest, operations};
use serde_json::{Value, json};

use super::fields::{self, Field};
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::progress::Progress;
use crate::output::results::Output;
use crate::output::shape::Shape;
use crate::safety::dry_run;
use crate::session::Session;

/// The columns before those of custom fields. `contacts import` reads them.
const COLUMNS: [&str; 6] = ["id", "phone", "first", "last", "display_name", "email"];

pub(super) fn command() -> Command {
    Command::new("export")
        .about("Print all contacts as CSV")
        .long_about(
            "Print all contacts as CSV, with a column for each custom field. `contacts import` reads \
             it.\n\n\
             --columns selects the columns. Other formats print contacts as the API returns them. \
             `heymarket export contacts` writes a file that can be resumed.",
        )
        .after_help(
            "Examples:\n  \
             heymarket contacts export > contacts.csv\n  \
             heymarket contacts export --format jsonl",
        )
}

pub(crate) async fn run(context: &Context, _: &ArgMatches) -> Result<(), Failure> {
    context.check()?;
    let request = RawRequest::of(&operations::LIST_CONTACTS).json(json!({}));
    if dry_run::shows_only(context, &request, &[])? {
        return Ok(());
    }
    let mut session = Session::new(context);
    let outcome = export(&mut session, request).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn export(session: &mut Session<'_>, request: RawRequest) -> Result<(), Failure> {
    let context = session.context;
    let client = session.client().await?;
    let mut globals = context.globals.clone();
    let is_raw = globals.json || globals.jq.is_some() || globals.render.is_some();
    if globals.format.is_none() && !is_raw {
        globals.format = Some(Format::Csv);
    }
    let fields = match globals.format {
        Some(Format::Csv | Format::Table) => fields::all(&client).await?,
        _ => Vec::new(),
    };
    let has_columns = matches!(globals.format, Some(Format::Csv | Format::Table));
    if globals.columns.is_empty() && has_columns {
        globals.columns = COLUMNS.iter().map(|&column| column.to_owned()).collect();
        globals
            .columns
            .extend(fields.iter().map(|field| field.title.clone()));
    }
    let mut output = Output::stream(&globals, &context.terminal)?;
    let progress = Progress::start(&context.terminal, "contacts");
    let mut pages = client.walk(request)?.pages();
    let mut pending = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        let rows: Vec<String> = page
            .iter()
            .map(|item| row(item.json.get(), &fields))
            .collect();
        progress.add(page.len());
        if output.needs_all_items() {
            pending.extend(rows);
        } else {
            progress.suspend(|| {
                output.items(&rows, Shape::UNKNOWN)?;
                output.flush()
            })?;
        }
    }
    progress.finish();
    output.items(&pending, Shape::UNKNOWN)?;
    output.finish()
}

/// Returns a contact with its custom fields by title.
fn row(json: &str, fields: &[Field]) -> String {
    if fields.is_empty() {
        return json.to_owned();
    }
    let mut contact: Value = serde_json::from_str(json).unwrap_or_default();
    let values: Vec<(String, Value)> = fields
        .iter()
        .filter_map(|field| {
            let value = contact.get("custom")?.get(field.id.to_string())?;
            Some((field.title.clone(), value.clone()))
        })
        .collect();
    if let Some(members) = contact.as_object_mut() {
        members.extend(values);
    }
    contact.to_string()
}
