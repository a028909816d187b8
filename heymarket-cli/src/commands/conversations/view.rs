//! `heymarket conversations view ID`: a conversation as a chat.

use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::{Client, RawRequest, operations};
use serde_json::{Value, json};

use super::thread::Thread;
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::shape::Shape;
use crate::safety::{debug, dry_run};
use crate::session::Session;

/// The interval of `--watch`.
const INTERVAL: Duration = Duration::from_secs(5);

/// The columns of a message in other formats than the chat.
const SHAPE: Shape = Shape::of(&["id", "date", "status", "type", "user", "target", "text"]);

#[derive(Args)]
struct Arguments {
    /// The conversation's ID
    id: i64,

    /// The number of messages to show, the latest ones
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50,
          value_parser = clap::value_parser!(u64).range(1..))]
    last: u64,

    /// Keep running, and show messages as they arrive; Ctrl-C stops
    #[arg(long)]
    watch: bool,
}

pub(super) fn command() -> Command {
    Arguments::augment_args(Command::new("view"))
        .about("Show a conversation as a chat")
        .long_about(
            "Show a conversation as a chat: who wrote what and when, what failed, media and private \
             comments. The oldest message comes first.\n\n\
             On a terminal it is a chat; elsewhere, and with --json, the messages as the API returns \
             them. --watch asks for new messages every five seconds.",
        )
        .after_help(
            "Examples:\n  \
             heymarket conversations view 9920\n  \
             heymarket conversations view 9920 --last 10 --watch\n  \
             heymarket conversations view 9920 --jq '.[].text'",
        )
}

/// Shows the conversation, and with `--watch` what follows.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    context.check()?;
    let request =
        RawRequest::of(&operations::GET_CONVERSATION).parameter("id", arguments.id.to_string());
    if dry_run::shows_only(context, &request, &[])? {
        return Ok(());
    }
    let mut session = Session::new(context);
    let outcome = show(&mut session, &arguments, request).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn show(
    session: &mut Session<'_>,
    arguments: &Arguments,
    request: RawRequest,
) -> Result<(), Failure> {
    let context = session.context;
    let client = session.client().await?;
    debug::debug_request(context, &request);
    let conversation = client.execute(&request).await;
    debug::debug_outcome(context, &conversation);
    let conversation = conversation?.into_inner();
    let mut messages = latest(&client, &conversation, arguments.last).await?;
    let mut output = context.output()?;
    if output.format != Format::Table {
        let json = Value::Array(messages).to_string();
        output.json(&json, SHAPE)?;
        return output.finish();
    }
    let names = session.directory().await?.names().await;
    let contact = contact(&client, &conversation).await;
    let mut thread = Thread::new(context, output.formatter(), names, contact);
    for line in thread.header(&conversation) {
        output.trusted_line(&line)?;
    }
    for line in thread.messages(&messages) {
        output.trusted_line(&line)?;
    }
    if !arguments.watch {
        return output.finish();
    }
    output.unpaged()?;
    output.flush()?;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let new = latest(&client, &conversation, arguments.last).await?;
        let is_known = |message: &Value| {
            let mut known = messages.iter();
            known.any(|known| known.get("id") == message.get("id"))
        };
        let new: Vec<Value> = new
            .into_iter()
            .filter(|message| !is_known(message))
            .collect();
        for line in thread.messages(&new) {
            output.trusted_line(&line)?;
        }
        output.flush()?;
        messages.extend(new);
    }
}

/// Returns the latest messages of a conversation, the oldest first.
async fn latest(client: &Client, conversation: &Value, count: u64) -> Result<Vec<Value>, Failure> {
    let target = conversation.get("target").and_then(Value::as_str);
    let inbox = conversation.get("inbox");
    let inbox = inbox.and_then(|inbox| inbox.as_i64().or_else(|| inbox.get("id")?.as_i64()));
    let (Some(target), Some(inbox)) = (target.filter(|target| !target.is_empty()), inbox) else {
        return Err(Failure::other(
            "the conversation has no phone number and inbox to read its messages by",
        ));
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let request = RawRequest::of(&operations::LIST_MESSAGES)
        .query("phoneNumber", target.trim_start_matches('+'))
        .query("inboxID", inbox.to_string());
    let mut messages = Vec::new();
    let mut pages = client.walk(request)?.pages();
    while let Some(page) = pages.next().await {
        for item in page? {
            let message = serde_json::from_str::<Value>(item.json.get()).unwrap_or_default();
            messages.push(message);
        }
        if messages.len() >= count {
            break;
        }
    }
    messages.truncate(count);
    messages.reverse();
    Ok(messages)
}

/// Returns the name of the contact of a conversation.
async fn contact(client: &Client, conversation: &Value) -> Option<String> {
    let text = |value: &Value, name: &str| {
        let text = value.get(name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    if let Some(name) = text(conversation, "name") {
        return Some(name);
    }
    let phone = text(conversation, "target")?;
    let request = RawRequest::of(&operations::FIND_CONTACT).json(json!({"phone": phone}));
    let contact = client.execute(&request).await.ok()?.into_inner();
    text(&contact, "display_name").or_else(|| {
        let parts = [text(&contact, "first"), text(&contact, "last")];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    })
}
