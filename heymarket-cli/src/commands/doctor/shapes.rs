//! `heymarket doctor --shapes FILE`: records what the account's responses look like.

use std::io::Write as _;
use std::path::Path;

use heymarket_api::types::{
    CountContacts, CountConversations, CountTeamMessages, FindUsers, ListContacts, ListContactsV2,
    ListLists, ListSurveys, ListTags, ListTeamMessages, ListTemplates,
};
use heymarket_api::{Client, Error, Response, Shapes};

use crate::connection;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::safety::confirm;

/// Reads the account with its owner's consent, and writes the record to a file.
///
/// # Errors
///
/// Returns an error if the owner declines, if no request succeeds, or if the file cannot
/// be written.
pub(super) async fn record(context: &Context, path: &Path) -> Result<(), Failure> {
    files::refuse_link(path)?;
    let connection = connection::open(context).await?;
    let details = [
        "It sends requests that only read: a page of each list, and one record of each.".to_owned(),
        "It writes names of members, types and counts, and no value of a record.".to_owned(),
        "Read the file before you pass it on.".to_owned(),
    ];
    let question = format!(
        "Record the shapes of the responses of {} to {}?",
        connection.name(),
        path.display()
    );
    let outcome = match confirm::confirm(context, &question, &details).await {
        Ok(()) => read_and_write(context, &connection, path).await,
        Err(failure) => Err(failure),
    };
    connection.close().await?;
    outcome
}

async fn read_and_write(
    context: &Context,
    connection: &connection::Connection,
    path: &Path,
) -> Result<(), Failure> {
    let shapes = Shapes::new();
    let mut reading = Reading::default();
    reading.account(&connection.recording(&shapes)?).await;
    if reading.succeeded == 0 {
        return Err(match reading.error {
            Some(error) => error.into(),
            None => Failure::other("no request was sent"),
        });
    }
    let mut file = files::create_private(path)?;
    file.write_all(shapes.to_json().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .map_err(|error| files::failed(path, error))?;
    let noun = if reading.succeeded == 1 {
        "response"
    } else {
        "responses"
    };
    context.terminal.notice(&format!(
        "wrote the shapes of {} {noun} to {}",
        reading.succeeded,
        path.display()
    ));
    if let Some(error) = reading.error {
        let failed = reading.failed;
        let noun = if failed == 1 { "request" } else { "requests" };
        context
            .terminal
            .notice(&format!("{failed} {noun} failed; the last: {error}"));
    }
    Ok(())
}

/// The requests that were sent.
#[derive(Default)]
struct Reading {
    succeeded: usize,
    failed: usize,
    /// The last error.
    error: Option<Error>,
}

impl Reading {
    /// Counts an outcome. A body that does not decode is recorded, too.
    fn take<T>(&mut self, outcome: Result<Response<T>, Error>) -> Option<T> {
        match outcome {
            Ok(response) => {
                self.succeeded += 1;
                Some(response.into_inner())
            }
            Err(error) => {
                self.failed += 1;
                self.error = Some(error);
                None
            }
        }
    }

    /// Reads a page of each list, and the first record of each.
    async fn account(&mut self, client: &Client) {
        self.take(client.list_inboxes().await);
        self.take(client.get_team().await);
        self.take(client.find_users(&FindUsers::new()).await);
        self.take(client.list_contact_fields().await);
        self.contacts(client).await;
        self.messages(client).await;
        self.others(client).await;
    }

    async fn contacts(&mut self, client: &Client) {
        self.take(client.count_contacts(&CountContacts::new()).await);
        let contacts = self.take(client.list_contacts(&ListContacts::new()).await);
        if let Some(contact) = contacts.iter().flatten().next() {
            self.take(client.get_contact(contact.id).await);
        }
        self.take(client.list_contacts_v2(&ListContactsV2::new()).await);
    }

    async fn messages(&mut self, client: &Client) {
        self.take(client.count_conversations(&CountConversations::new()).await);
        self.take(client.count_team_messages(&CountTeamMessages::new()).await);
        let messages = self.take(client.list_team_messages(&ListTeamMessages::new()).await);
        let conversation = messages
            .iter()
            .flatten()
            .find_map(|message| Some(message.conversation.as_ref()?.id));
        if let Some(id) = conversation {
            self.take(client.get_conversation(id).await);
        }
    }

    async fn others(&mut self, client: &Client) {
        let lists = self.take(client.list_lists(&ListLists::new()).await);
        if let Some(list) = lists.iter().flatten().next() {
            self.take(client.get_list(list.id).await);
        }
        let tags = self.take(client.list_tags(&ListTags::new()).await);
        if let Some(tag) = tags.iter().flatten().next() {
            self.take(client.get_tag(tag.id).await);
        }
        let templates = self.take(client.list_templates(&ListTemplates::new()).await);
        if let Some(template) = templates.iter().flatten().next() {
            self.take(client.get_template(template.id).await);
        }
        let surveys = self.take(client.list_surveys(&ListSurveys::new()).await);
        if let Some(survey) = surveys.iter().flatten().next() {
            self.take(client.get_survey(survey.id).await);
        }
    }
}
