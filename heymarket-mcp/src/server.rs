//! The server: its settings, its tools, and calling one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "http")]
use std::time::Duration;

use heymarket_api::Client;
use heymarket_outbox::Outbox;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Map, Value};

use crate::access::{Access, normal_address};
use crate::arguments::Arguments;
use crate::catalog::{self, Action, Entry, Task};
use crate::drafts::Drafts;
use crate::error::{Error, ToolError, describe};
#[cfg(feature = "http")]
use crate::listener::Limits;
use crate::marking::{Marker, marked};
use crate::tools::{
    Context, NoPerson, Output, Person, bulk, contacts, conversations, draft, find_and_call,
    messages, send, team,
};

/// A server of the Model Context Protocol. Cloning is cheap, and clones share the
/// drafts.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    client: Client,
    access: Access,
    drafts: Drafts,
    outbox: Option<Outbox>,
    bulk_command: String,
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    #[cfg(feature = "http")]
    limits: Limits,
}

/// The settings of a [`Server`], from [`Server::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct ServerBuilder {
    client: Client,
    access: Access,
    toolsets: Vec<String>,
    outbox: Option<Outbox>,
    bulk_command: String,
    #[cfg(feature = "http")]
    limits: Limits,
}

/// The result of a tool.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolResult {
    /// Whether the tool failed.
    pub is_error: bool,
    /// The result, an object. A failure has the member `error`, a text.
    pub content: Value,
}

impl fmt::Debug for ToolResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Results hold phone numbers and texts.
        f.debug_struct("ToolResult")
            .field("is_error", &self.is_error)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// Sets whether tools may change records; by default they may not.
    pub fn allow_writes(mut self, allow: bool) -> Self {
        self.access.writes = allow;
        self
    }

    /// Sets whether tools may delete records, which the API does permanently; by default
    /// they may not.
    pub fn allow_deletes(mut self, allow: bool) -> Self {
        self.access.deletes = allow;
        self
    }

    /// Sets whether drafts may be sent; by default they may not.
    pub fn allow_sends(mut self, allow: bool) -> Self {
        self.access.sends = allow;
        self
    }

    /// Sets the only phone numbers and email addresses that messages may go to; by
    /// default any.
    pub fn recipients<A: AsRef<str>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        let addresses = addresses.into_iter();
        let addresses = addresses.map(|address| normal_address(address.as_ref()));
        self.access.recipients = addresses.collect();
        self
    }

    /// Sets the toolsets; by default `tasks` and `operations`. `all` is every tool, and
    /// the name of a resource, such as `contacts`, is a tool for each of its operations.
    pub fn toolsets<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.toolsets = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the outbox that bulk messages are planned in. Without one, none are.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Sets the command that a person sends a planned message with, to which its ID is
    /// added; by default `heymarket bulk send`. It selects the outbox and the account.
    pub fn bulk_command(mut self, command: impl Into<String>) -> Self {
        self.bulk_command = command.into();
        self
    }

    /// Sets how many connections [`Server::serve_http`] keeps open; by default 256. Further
    /// ones get a 503.
    #[cfg(feature = "http")]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// Sets how long a head and how long a body may take to arrive at
    /// [`Server::serve_http`], and how long an idle connection stays open; by default 15
    /// seconds. On Linux, a client that does not read its answers for this long is
    /// disconnected as well.
    #[cfg(feature = "http")]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.limits.read_timeout = timeout;
        self
    }

    /// Builds the server. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns [`Configuration`](crate::ErrorKind::Configuration) if a toolset does not
    /// exist, a recipient is neither a phone number nor an email address, no tool is left,
    /// or a limit is zero.
    pub fn build(self) -> Result<Server, Error> {
        if self.access.recipients.contains("") {
            return Err(Error::configuration(
                "a recipient is neither a phone number nor an email address",
            ));
        }
        #[cfg(feature = "http")]
        self.limits.check()?;
        let entries = catalog::entries(&self.access, &self.toolsets, self.outbox.is_some())?;
        let names = entries.iter().map(|entry| entry.tool.name.to_string());
        Ok(Server(Arc::new(Inner {
            by_name: names.zip(0..).collect(),
            client: self.client,
            access: self.access,
            drafts: Drafts::new(),
            outbox: self.outbox,
            bulk_command: self.bulk_command,
            entries,
            #[cfg(feature = "http")]
            limits: self.limits,
        })))
    }
}

impl Server {
    /// Returns a builder for a server of an account.
    pub fn builder(client: Client) -> ServerBuilder {
        ServerBuilder {
            client,
            access: Access::default(),
            toolsets: catalog::DEFAULT.map(str::to_owned).to_vec(),
            outbox: None,
            bulk_command: "heymarket bulk send".to_owned(),
            #[cfg(feature = "http")]
            limits: Limits::default(),
        }
    }

    /// Returns the names of all toolsets.
    #[must_use]
    pub fn toolsets() -> Vec<&'static str> {
        catalog::toolsets()
    }

    /// Returns the definitions of the registered tools, as `tools/list` lists them.
    #[must_use]
    pub fn tools(&self) -> Vec<Value> {
        let tools = self.0.entries.iter().map(|entry| &entry.tool);
        tools
            .map(|tool| serde_json::to_value(tool).unwrap_or_default())
            .collect()
    }

    /// Calls a tool, as a client that cannot ask its user.
    pub async fn call(&self, name: &str, arguments: Map<String, Value>) -> ToolResult {
        let outcome = self.call_for(name, arguments, &NoPerson).await;
        result(outcome)
    }

    pub(crate) fn definitions(&self) -> Vec<Tool> {
        self.0
            .entries
            .iter()
            .map(|entry| entry.tool.clone())
            .collect()
    }

    pub(crate) fn definition(&self, name: &str) -> Option<Tool> {
        Some(self.entry(name)?.tool.clone())
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    #[cfg(feature = "http")]
    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.0.entries.get(*self.0.by_name.get(name)?)
    }

    /// Calls a tool for a client, which may ask its user.
    pub(crate) async fn call_for(
        &self,
        name: &str,
        arguments: JsonObject,
        person: &dyn Person,
    ) -> Result<Value, ToolError> {
        let entry = self.entry(name).ok_or(ToolError::NoTool)?;
        let inner = &*self.0;
        let context = Context {
            client: &inner.client,
            access: &inner.access,
            drafts: &inner.drafts,
            outbox: inner.outbox.as_ref(),
            bulk_command: &inner.bulk_command,
            person,
        };
        let output = match entry.action {
            Action::Operation(operation) => {
                find_and_call::run(&context, operation, arguments).await?
            }
            Action::Task(task) => {
                let arguments = Arguments::check(&entry.tool.input_schema, arguments)?;
                run(task, &context, &arguments).await?
            }
        };
        let Output { data, own } = output;
        let mut content = if data.is_empty() {
            Value::Object(data)
        } else {
            marked(data)
        };
        if let Some(members) = content.as_object_mut() {
            members.extend(own);
        }
        Ok(content)
    }
}

async fn run(
    task: Task,
    context: &Context<'_>,
    arguments: &Arguments,
) -> Result<Output, ToolError> {
    match task {
        Task::FindConversations => conversations::find(context, arguments).await,
        Task::ReadThread => conversations::read(context, arguments).await,
        Task::SearchMessages => messages::search(context, arguments).await,
        Task::SearchContacts => contacts::search(context, arguments).await,
        Task::LookUpContact => contacts::look_up(context, arguments).await,
        Task::ListInboxes => team::list_inboxes(context).await,
        Task::ListMembers => team::list_members(context).await,
        Task::ListTemplates => team::list_templates(context, arguments).await,
        Task::ListTags => team::list_tags(context).await,
        Task::DraftMessage => draft::draft_message(context, arguments).await,
        Task::DraftEmail => draft::draft_email(context, arguments).await,
        Task::SendDraft => send::send(context, arguments).await,
        Task::PlanBulk => bulk::plan(context, arguments).await,
        Task::BulkStatus => bulk::status(context, arguments).await,
        Task::SetStatus => conversations::set_status(context, arguments).await,
        Task::Assign => conversations::assign(context, arguments).await,
        Task::FindOperation => find_and_call::find(context, arguments),
        Task::CallOperation => find_and_call::call(context, arguments, false).await,
        Task::CallWriteOperation => find_and_call::call(context, arguments, true).await,
    }
}

/// Returns the result of a call, with the text of a failure.
pub(crate) fn result(outcome: Result<Value, ToolError>) -> ToolResult {
    let error = match outcome {
        Ok(content) => {
            return ToolResult {
                is_error: false,
                content,
            };
        }
        Err(ToolError::NoTool) => "no tool has this name".to_owned(),
        Err(ToolError::Refused(message)) => message,
        Err(ToolError::Question(_)) => "the user has to be asked first".to_owned(),
        Err(ToolError::Api(error)) => match error.message() {
            // The server's words may be anyone's.
            Some(message) => {
                let message = Value::from(message);
                let marker = Marker::for_value(&message);
                let said = marker.enclose(message.as_str().unwrap_or_default());
                format!("{}; it said: {said} {}", describe(&error), marker.notice())
            }
            None => describe(&error),
        },
    };
    let mut members = Map::new();
    members.insert("error".to_owned(), error.into());
    ToolResult {
        is_error: true,
        content: members.into(),
    }
}
