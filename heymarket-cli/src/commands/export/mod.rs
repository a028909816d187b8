//! `heymarket export`: writes all items of a kind to a file.

mod plan;
mod store;

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::{Client, RawItem};
use jiff::Timestamp;

use crate::catalog::spec::Entity;
use crate::connection::Connection;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::json;
use crate::output::progress::Progress;
use crate::safety::{debug, dry_run};
use crate::session::Session;
use crate::stop::Stop;
use plan::{Kind, Options, Since};
use store::{Opened, Saved, Store};

#[derive(Args)]
struct Arguments {
    /// What to export
    #[arg(value_name = "WHAT")]
    kind: Kind,

    /// The file to write: a line of JSON for each item
    #[arg(long, short, alias = "to", value_name = "FILE")]
    output: PathBuf,

    /// Leave out older items, by their last change, or messages by their date
    #[arg(long, value_name = "TIME", value_parser = Since::read)]
    since: Option<Since>,

    /// Only conversations of these inboxes
    #[arg(long, value_name = "INBOX", value_delimiter = ',')]
    inbox: Vec<String>,

    /// Only conversations of inboxes that this team member may see
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,

    /// The number of items in a request; by default, the API's
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..=10_000))]
    page_size: Option<i64>,

    /// Replace the file, and restart an unfinished export
    #[arg(long)]
    force: bool,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("export")
            .about("Write all conversations, messages or contacts to a file")
            .long_about(
                "Write all conversations, messages or contacts to a file: a line of the server's JSON \
                 for each item, the latest change first.\n\n\
                 An unfinished export is in FILE.partial, and its position in FILE.checkpoint. However \
                 an export ends, the same command resumes it without losing or repeating an item. \
                 FILE exists once everything is written, and is not replaced without --force. Only \
                 you can read these files, and symbolic links in their place are rejected.\n\n\
                 The API has no snapshots. An item that changes during an export moves to the front \
                 of the list. It is not written again: the file has it as it was, or not at all if \
                 the export had not reached it. To get such changes, export again with --since the \
                 start of the first export. Messages are listed by their date, which does not change. \
                 The API alone decides which conversations and contacts it lists.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket export contacts --output contacts.jsonl\n  \
                 heymarket export conversations --output support.jsonl --inbox Support --since 30d",
            ),
    )
}

/// Exports all items of a kind, or resumes an unfinished export.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if arguments.output.as_os_str() == "-" {
        return Err(Failure::usage(
            "an export needs a file to resume; for standard output use 'heymarket conversations \
             list --all'",
        ));
    }
    let mut session = Session::new(context);
    let options = options(&mut session, &arguments).await?;
    if context.globals.dry_run || context.globals.curl {
        let inboxes = options.inboxes.clone().unwrap_or_default();
        let request = options.request(&inboxes, Timestamp::now());
        dry_run::shows_only(context, &request, &[])?;
        return session.close().await;
    }
    let connection = session.connection().await?;
    let (mut store, saved) = match Store::open(&arguments.output, arguments.force)? {
        Opened::Finished => {
            let path = arguments.output.display();
            context
                .terminal
                .notice(&format!("{path} was complete already"));
            return session.close().await;
        }
        Opened::New(store) => (store, None),
        Opened::Unfinished(store, saved) => (store, Some(*saved)),
    };
    let outcome = match begin(context, connection, options, saved).await {
        Ok(saved) => export(context, &connection.client, &mut store, saved).await,
        Err(failure) => Err(failure),
    };
    let closed = session.close().await;
    let items = match outcome {
        Ok(items) => items,
        Err(failure) => {
            store.abandon();
            return Err(failure);
        }
    };
    let path = store.finish()?;
    let (kind, path) = (arguments.kind.counted(items), path.display());
    context.terminal.notice(&format!("wrote {kind} to {path}"));
    closed
}

/// Returns the options, with the IDs of names.
async fn options(session: &mut Session<'_>, arguments: &Arguments) -> Result<Options, Failure> {
    let mut inboxes = Vec::new();
    for inbox in &arguments.inbox {
        inboxes.push(session.id(Entity::Inbox, inbox).await?);
    }
    let member = match &arguments.member {
        Some(member) => Some(session.id(Entity::Member, member).await?),
        None => None,
    };
    let since = arguments.since.as_ref();
    Options::new(arguments.kind, since, inboxes, member, arguments.page_size)
}

/// Returns where the export starts or resumes.
async fn begin(
    context: &Context,
    connection: &Connection,
    options: Options,
    saved: Option<Saved>,
) -> Result<Saved, Failure> {
    let (options, now) = options.of(connection).await?;
    match saved {
        Some(saved) => {
            options.must_match(&saved.options)?;
            let count = options.kind.counted(saved.items);
            context.terminal.notice(&format!("resuming after {count}"));
            Ok(saved)
        }
        None => {
            let inboxes = options.all_inboxes(&connection.client).await?;
            Ok(Saved::new(&options, &options.request(&inboxes, now)))
        }
    }
}

/// Walks over the list. Each page is on the disk before its checkpoint.
async fn export(
    context: &Context,
    client: &Client,
    store: &mut Store,
    mut saved: Saved,
) -> Result<u64, Failure> {
    let kind = saved.options.kind;
    let request = kind.raw_request(saved.request.clone());
    debug::debug_request(context, &request);
    let mut walk = client.walk(request)?;
    if let Some(checkpoint) = saved.walk.take() {
        walk = walk.resume(checkpoint);
    } else {
        // From here on, the partial file belongs to this export.
        store.save(&saved)?;
    }
    let progress = Progress::start(&context.terminal, kind.name());
    progress.add(usize::try_from(saved.items).unwrap_or_default());
    let mut pages = walk.pages();
    let mut stop = Stop::watch()?;
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = stop.requested() => {
                progress.finish();
                return Err(Failure::interrupted(format!(
                    "interrupted after {}; the same command resumes there",
                    kind.counted(saved.items)
                )));
            }
        };
        let page = match page {
            None => break,
            Some(Ok(page)) => page,
            Some(Err(error)) => {
                progress.finish();
                let count = kind.counted(saved.items);
                let said = format!("wrote {count} so far; the same command resumes there");
                context.terminal.notice(&said);
                return Err(error.into());
            }
        };
        let (lines, count) = lines(&page, saved.options.since);
        saved.is_written = count < page.len();
        saved.items += count as u64;
        saved.bytes = store.append(lines.as_bytes())?;
        saved.walk = Some(pages.checkpoint());
        store.save(&saved)?;
        progress.add(count);
        if saved.is_written {
            break;
        }
    }
    progress.finish();
    saved.is_written = true;
    store.save(&saved)?;
    Ok(saved.items)
}

/// Returns the lines of the items that are not older than a time, and their number.
fn lines(page: &[RawItem], since: Option<Timestamp>) -> (String, usize) {
    let is_old =
        |time: Option<Timestamp>| time.zip(since).is_some_and(|(time, since)| time < since);
    let mut lines = String::new();
    let mut count = 0;
    for item in page.iter().take_while(|item| !is_old(item.time)) {
        let text = item.json.get();
        if text.contains(['\n', '\r']) {
            lines.push_str(&json::compact(text));
        } else {
            lines.push_str(text);
        }
        lines.push('\n');
        count += 1;
    }
    (lines, count)
}
