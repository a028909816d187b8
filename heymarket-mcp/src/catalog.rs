//! The tools that a server registers: those of its toolsets that are allowed.

use std::sync::Arc;

use rmcp::model::Tool;

use crate::access::Access;
use crate::error::Error;
use crate::spec::{self, ApiOperation};
use crate::tools::{bulk, contacts, conversations, draft, find_and_call, messages, send, team};

/// The tools for the tasks of a person who texts with customers.
const TASKS: &str = "tasks";
/// Finding and calling every other operation.
const OPERATIONS: &str = "operations";
/// Drafting emails.
const EMAIL: &str = "email";
/// Every tool.
const ALL: &str = "all";

/// The toolsets of a server that is not told otherwise.
pub(crate) const DEFAULT: [&str; 2] = [TASKS, OPERATIONS];

/// What a tool does.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    Task(Task),
    Operation(&'static ApiOperation),
}

/// A tool that is written by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    FindConversations,
    ReadThread,
    SearchMessages,
    SearchContacts,
    LookUpContact,
    ListInboxes,
    ListMembers,
    ListTemplates,
    ListTags,
    DraftMessage,
    DraftEmail,
    SendDraft,
    PlanBulk,
    BulkStatus,
    SetStatus,
    Assign,
    FindOperation,
    CallOperation,
    CallWriteOperation,
}

/// A registered tool.
pub(crate) struct Entry {
    pub(crate) tool: Tool,
    pub(crate) action: Action,
}

/// Returns the names of all toolsets.
pub(crate) fn toolsets() -> Vec<&'static str> {
    let mut names = vec![ALL, TASKS, OPERATIONS, EMAIL];
    for operation in spec::all() {
        if !names.contains(&operation.resource()) {
            names.push(operation.resource());
        }
    }
    names
}

/// Returns the tools of the toolsets that are allowed.
///
/// # Errors
///
/// Returns an error if a toolset does not exist, or if no tool is left.
pub(crate) fn entries(
    access: &Access,
    toolsets: &[String],
    has_outbox: bool,
) -> Result<Vec<Entry>, Error> {
    let known = self::toolsets();
    if let Some(unknown) = toolsets.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::configuration(format!(
            "{unknown:?} is not a toolset; the toolsets are: {}",
            known.join(", ")
        )));
    }
    let has = |name: &str| toolsets.iter().any(|given| given == name || given == ALL);
    let mut entries = Vec::new();
    if has(TASKS) {
        entries.extend(tasks(access, has_outbox));
    }
    if has(EMAIL) {
        entries.push(task(Task::DraftEmail, draft::email_tool()));
    }
    if access.sends && (has(TASKS) || has(EMAIL)) {
        entries.push(task(Task::SendDraft, send::definition()));
    }
    if has(OPERATIONS) {
        entries.push(task(Task::FindOperation, find_and_call::find_tool()));
        entries.push(task(Task::CallOperation, find_and_call::call_tool()));
        if access.writes || access.deletes {
            let tool = find_and_call::write_tool(access);
            entries.push(task(Task::CallWriteOperation, tool));
        }
    }
    let operations = spec::all().iter();
    for operation in
        operations.filter(|operation| has(operation.resource()) && access.allows(operation))
    {
        // The tool that is written by hand does the same.
        if !entries
            .iter()
            .any(|entry| entry.tool.name == operation.id())
        {
            entries.push(operation_entry(operation));
        }
    }
    if entries.is_empty() {
        return Err(Error::configuration(
            "no tool is left: choose other toolsets, or allow more",
        ));
    }
    Ok(entries)
}

fn tasks(access: &Access, has_outbox: bool) -> Vec<Entry> {
    let mut entries = vec![
        task(Task::FindConversations, conversations::find_tool()),
        task(Task::ReadThread, conversations::read_tool()),
        task(Task::SearchMessages, messages::search_tool()),
        task(Task::SearchContacts, contacts::search_tool()),
        task(Task::LookUpContact, contacts::look_up_tool()),
        task(Task::ListInboxes, team::inboxes_tool()),
        task(Task::ListMembers, team::members_tool()),
        task(Task::ListTemplates, team::templates_tool()),
        task(Task::ListTags, team::tags_tool()),
        task(Task::DraftMessage, draft::message_tool()),
    ];
    if access.writes {
        entries.push(task(Task::SetStatus, conversations::set_status_tool()));
        entries.push(task(Task::Assign, conversations::assign_tool()));
    }
    if access.sends && has_outbox {
        entries.push(task(Task::PlanBulk, bulk::plan_tool()));
        entries.push(task(Task::BulkStatus, bulk::status_tool()));
    }
    entries
}

fn task(task: Task, tool: Tool) -> Entry {
    Entry {
        tool,
        action: Action::Task(task),
    }
}

fn operation_entry(operation: &'static ApiOperation) -> Entry {
    let deprecated = if operation.is_deprecated {
        " Deprecated by the vendor."
    } else {
        ""
    };
    let description = format!(
        "{}. {}{deprecated}",
        operation.summary, operation.description
    );
    let tool = Tool::new(operation.id(), description, Arc::clone(&operation.input))
        .with_raw_output_schema(Arc::clone(&operation.output))
        .with_annotations(operation.annotations());
    Entry {
        tool,
        action: Action::Operation(operation),
    }
}
