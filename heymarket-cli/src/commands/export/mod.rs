//! `heymarket export`: everything of a kind, into a file.

mod plan;
mod store;

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::Client;
use jiff::Timestamp;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Progress, json};
use crate::safety;
use crate::stop::Stop;
use plan::{Kind, Options, Since};
use store::{Opened, Saved, Store};

#[derive(Args)]
struct Arguments {
    /// What to export
    #[arg(value_name = "WHAT")]
    kind: Kind,

    /// The file to write, a line of JSON for each
    #[arg(long, value_name = "FILE")]
    to: PathBuf,

    /// Nothing older: by the last change, and messages by their date
    #[arg(long, value_name = "TIME", value_parser = Since::read)]
    since: Option<Since>,

    /// Conversations of these inboxes; by default of all
    #[arg(long, value_name = "ID")]
    inbox: Vec<i64>,

    /// Conversations of inboxes that this team member may see; by default, that is not asked
    #[arg(long, value_name = "ID")]
    member: Option<i64>,

    /// Ask for so many at a time; by default for what the API gives by itself
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..=10_000))]
    page_size: Option<i64>,

    /// Replace the file, and begin anew where an export was not finished
    #[arg(long)]
    force: bool,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("export")
            .about("Write all conversations, messages or contacts to a file")
            .long_about(
                "Write all conversations, messages or contacts to a file, a line for each with the \
                 JSON of the server, the latest change first.\n\n\
                 Until it is whole, what there is lies in FILE.partial, and where to go on in \
                 FILE.checkpoint. Whatever ends an export, the same command goes on where it was: \
                 nothing is lost, and nothing comes twice. FILE itself is there once all is \
                 written, and is not replaced without --force. Only you can read these files, and \
                 a symbolic link in their place is refused.\n\n\
                 The API has no snapshots. What changes during an export moves to the front of the \
                 list: it does not come again, so that the file has it as it was, and if the \
                 export had not come to it yet, the file does not have it. Export again with \
                 --since the time at which the first one began to have what changed. Messages are \
                 listed by their date, which does not change. Which of the conversations and \
                 contacts it lists is the API's choice: no source says that there are others.",
            ),
    )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    if arguments.to.as_os_str() == "-" {
        return Err(Failure::usage(
            "an export goes on where it was, which needs a file; to standard output goes \
             `heymarket conversations list --all`",
        ));
    }
    let options = Options::new(&arguments)?;
    if context.globals.dry_run || context.globals.curl {
        let inboxes = options.inboxes.clone().unwrap_or_default();
        let request = options.request(&inboxes, Timestamp::now());
        safety::shows_only(context, &request, &[])?;
        return Ok(());
    }
    let connection = context.connect().await?;
    let (mut store, saved) = match Store::open(&arguments.to, arguments.force)? {
        Opened::Finished => {
            let said = format!("{} was written already", arguments.to.display());
            context.terminal.say(&said);
            return Ok(());
        }
        Opened::New(store) => (store, None),
        Opened::Begun(store, saved) => (store, Some(*saved)),
    };
    let outcome = async {
        let client = &connection.client;
        let (options, now) = options.of(&connection).await?;
        let saved = match saved {
            Some(saved) => {
                options.must_be_those_of(&saved.options)?;
                let count = saved.items;
                context
                    .terminal
                    .say(&format!("going on after {count} {}", options.kind));
                saved
            }
            None => {
                let inboxes = options.all_inboxes(client).await?;
                Saved::new(&options, &options.request(&inboxes, now))
            }
        };
        export(context, client, &mut store, saved).await
    }
    .await;
    let closed = connection.close().await;
    let items = match outcome {
        Ok(items) => items,
        Err(failure) => {
            store.abandon();
            return Err(failure);
        }
    };
    let path = store.finish()?;
    let (kind, path) = (arguments.kind, path.display());
    context
        .terminal
        .say(&format!("wrote {items} {kind} to {path}"));
    closed
}

/// Walks over the list, and writes and notes each page.
async fn export(
    context: &Context,
    client: &Client,
    store: &mut Store,
    mut saved: Saved,
) -> Result<u64, Failure> {
    let request = saved.options.kind.raw_request(saved.request.clone());
    safety::debug_request(context, &request);
    let mut walk = client.walk(request)?;
    if let Some(checkpoint) = saved.walk.take() {
        walk = walk.resume(checkpoint);
    } else {
        // From here on, what is in the partial file is known to be its own.
        store.note(&saved)?;
    }
    let kind = saved.options.kind;
    let progress = Progress::start(&context.terminal, kind.name());
    progress.add(usize::try_from(saved.items).unwrap_or_default());
    let mut pages = walk.pages();
    let mut stop = Stop::watch()?;
    loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = stop.told() => {
                progress.finish();
                return Err(Failure::other(format!(
                    "interrupted after {} {kind}; the same command goes on there", saved.items
                )));
            }
        };
        let page = match page {
            None => break,
            Some(Ok(page)) => page,
            Some(Err(error)) => {
                progress.finish();
                let said = format!(
                    "{} {kind} are written; the same command goes on there",
                    saved.items
                );
                context.terminal.say(&said);
                return Err(error.into());
            }
        };
        let since = saved.options.since;
        let is_old =
            |time: Option<Timestamp>| time.zip(since).is_some_and(|(time, since)| time < since);
        let new = page.iter().take_while(|item| !is_old(item.time));
        let mut lines = String::new();
        let mut count = 0;
        for item in new {
            let text = item.json.get();
            if text.contains(['\n', '\r']) {
                lines.push_str(&json::compact(text));
            } else {
                lines.push_str(text);
            }
            lines.push('\n');
            count += 1;
        }
        let is_over = count < page.len();
        saved.items += count as u64;
        saved.bytes = store.append(lines.as_bytes())?;
        saved.walk = Some(pages.checkpoint());
        saved.is_written = is_over;
        store.note(&saved)?;
        progress.add(count);
        if is_over {
            break;
        }
    }
    progress.finish();
    saved.is_written = true;
    store.note(&saved)?;
    Ok(saved.items)
}
