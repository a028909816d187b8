//! A nightly job over the inboxes: it assigns open conversations that have no owner to the member
//! on duty, and closes those that were idle for a week.
//! `cargo run -q -p heymarket-api --example nightly -- EMAIL [--apply]`
//!
//! EMAIL is the address of the member on duty. Without `--apply` it prints what it would do.

mod support;

use std::error::Error;
use std::process::ExitCode;

use heymarket_api::Client;
use heymarket_api::types::{
    CloseConversation, Conversation, ConversationFilters, InboxId, ListConversations, MemberId,
};
use jiff::{SignedDuration, Timestamp};

/// How long a conversation may be idle before it is closed.
const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (email, apply) = match &arguments[..] {
        [email] => (email, false),
        [email, flag] if flag == "--apply" => (email, true),
        _ => {
            eprintln!("usage: nightly EMAIL [--apply]");
            return ExitCode::from(2);
        }
    };
    match run(email, apply).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
async fn run(email: &str, apply: bool) -> Result<(), Box<dyn Error>> {
    let connection = support::connect(|builder| builder).await?;
    let client = &connection.client;
    let member = member(client, email).await?;
    let verb = if apply { "did" } else { "would" };
    for inbox in client.list_inboxes().await?.iter() {
        let work = work(client, member, inbox.id).await?;
        if apply {
            work.apply(client, member, inbox.id).await?;
        }
        println!(
            "{}: {verb} assign {}, close {}",
            inbox.name.as_deref().unwrap_or("unnamed inbox"),
            work.unassigned.len(),
            work.idle.len()
        );
    }
    Ok(())
}

/// The ID of the member with an email address.
async fn member(client: &Client, email: &str) -> Result<MemberId, Box<dyn Error>> {
    let member = client.members().by_email(email).await?;
    Ok(member.ok_or("no member has this email address")?.id)
}

/// What is to be done in an inbox.
#[derive(Default)]
struct Work {
    unassigned: Vec<Conversation>,
    idle: Vec<Conversation>,
}

/// Reads all before anything is changed: a change moves a conversation within the list.
async fn work(client: &Client, member: MemberId, inbox: InboxId) -> Result<Work, Box<dyn Error>> {
    let before = Timestamp::now() - IDLE;
    let filters = ConversationFilters::new([inbox]).closed(false);
    let mut conversations = client.conversations(ListConversations::new(member, filters));
    let mut work = Work::default();
    while let Some(conversation) = conversations.next().await {
        let conversation = conversation?;
        if conversation.updated.is_some_and(|updated| updated < before) {
            work.idle.push(conversation);
        } else if conversation.assigned.is_none() {
            work.unassigned.push(conversation);
        }
    }
    Ok(work)
}

impl Work {
    async fn apply(
        &self,
        client: &Client,
        member: MemberId,
        inbox: InboxId,
    ) -> Result<(), Box<dyn Error>> {
        for conversation in &self.unassigned {
            let request = conversation.reassign(member);
            let request = request.ok_or("a conversation without contact")?;
            client.reassign_conversation(&request).await?;
        }
        for conversation in &self.idle {
            let request = CloseConversation::new(inbox, member).conversation_id(conversation.id);
            client.close_conversation(&request).await?;
        }
        Ok(())
    }
}
