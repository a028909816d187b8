//! Conversations.

use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, ListRequest, found};
use crate::render::{View, ok};
use crate::store::{Part, Rejection};

/// The members of an action on a conversation.
#[derive(Deserialize)]
struct Action {
    inbox_id: i64,
    user_id: i64,
    chat_id: Option<i64>,
    target: Option<String>,
    targets: Option<Vec<String>>,
    reassign_id: Option<i64>,
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let id = call.integer("id");
    let conversation = found(&call.store.conversations, id, "conversation")?.clone();
    Ok(call.renderer().conversation(&conversation, View::One))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct ListConversations {
        id: i64,
        filters: Filters,
    }
    #[derive(Deserialize)]
    struct Filters {
        inboxes: Vec<i64>,
        closed: Option<bool>,
        unread: Option<bool>,
    }
    let request: ListConversations = call.input()?;
    for inbox in &request.filters.inboxes {
        call.store.inbox(*inbox, "filters.inboxes")?;
        // A documented example has 0 here, which is not checked.
        if request.id != 0 {
            call.store.inbox_member(*inbox, request.id, "id")?;
        }
    }
    let both = [false, true];
    let mut parts = Vec::new();
    for inbox in request.filters.inboxes {
        for closed in both {
            for unread in both {
                let is_wanted = request.filters.closed.is_none_or(|wanted| wanted == closed)
                    && request.filters.unread.is_none_or(|wanted| wanted == unread);
                let part = Part::Inbox {
                    inbox,
                    closed,
                    unread,
                };
                if is_wanted && !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
    }
    let paging = call.paging(1)?;
    Ok(call.page(
        |store| &store.conversations,
        &parts,
        &paging,
        |renderer, conversation| renderer.conversation(conversation, View::Listed),
    ))
}

pub(super) fn count(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let request: ListRequest = call.input()?;
    let count = call.store.conversations.count(request.date);
    Ok(call.renderer().count(count))
}

pub(super) fn open(call: &mut Call<'_>) -> Result<Value, Rejection> {
    set_closed(call, false)
}

pub(super) fn close(call: &mut Call<'_>) -> Result<Value, Rejection> {
    set_closed(call, true)
}

/// Opens or closes a conversation. Without a change, there is no event.
fn set_closed(call: &mut Call<'_>, closed: bool) -> Result<Value, Rejection> {
    let action: Action = call.input()?;
    let id = action.conversation(call)?;
    let conversation = found(&call.store.conversations, id, "conversation")?;
    if conversation.closed != closed {
        call.store.set_closed(id, closed, call.now);
    }
    Ok(ok())
}

pub(super) fn mark_read(call: &mut Call<'_>) -> Result<Value, Rejection> {
    mark(call, true)
}

pub(super) fn mark_unread(call: &mut Call<'_>) -> Result<Value, Rejection> {
    mark(call, false)
}

fn mark(call: &mut Call<'_>, read: bool) -> Result<Value, Rejection> {
    let action: Action = call.input()?;
    let id = action.conversation(call)?;
    call.store.set_read(id, action.user_id, read, call.now);
    Ok(ok())
}

pub(super) fn reassign(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let action: Action = call.input()?;
    let id = action.conversation(call)?;
    let to = action.reassign_id.unwrap_or_default();
    call.store
        .inbox_member(action.inbox_id, to, "reassign_id")?;
    call.store.reassign(id, to, call.now);
    Ok(ok())
}

pub(super) fn transfer(call: &mut Call<'_>) -> Result<Value, Rejection> {
    #[derive(Deserialize)]
    struct Transfer {
        conversation_id: i64,
        transfer_inbox_id: i64,
    }
    let request: Transfer = call.input()?;
    call.store
        .inbox(request.transfer_inbox_id, "transfer_inbox_id")?;
    call.store
        .transfer(request.conversation_id, request.transfer_inbox_id, call.now)?;
    Ok(ok())
}

impl Action {
    /// Returns the named conversation, which must be in the inbox.
    fn conversation(&self, call: &Call<'_>) -> Result<i64, Rejection> {
        let store = &call.store;
        store.inbox(self.inbox_id, "inbox_id")?;
        store.inbox_member(self.inbox_id, self.user_id, "user_id")?;
        let conversation = match (self.chat_id, &self.target, &self.targets) {
            (Some(id), ..) => store.conversations.get(id),
            (_, Some(target), _) => store.conversation_with(self.inbox_id, &target.to_lowercase()),
            (.., targets) => {
                let targets = targets.as_deref().unwrap_or_default();
                store.conversation_with_group(self.inbox_id, targets)
            }
        };
        conversation
            .filter(|found| found.inbox == self.inbox_id)
            .map(|found| found.id)
            .ok_or_else(|| Rejection::not_found("the inbox has no such conversation"))
    }
}
