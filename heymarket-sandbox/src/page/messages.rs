//! Inboxes and threads, as a phone shows them.

use maud::{Markup, html};
use serde_json::json;

use super::form;
use super::layout::short;
use super::query::{Query, address};
use super::view::View;
use crate::state::{Shared, State};
use crate::store::{Conversation, Message, Order, Paging, Part};

/// How many conversations and messages are shown at most.
const CONVERSATIONS: usize = 50;
const MESSAGES: usize = 100;

pub(super) fn render(shared: &Shared, query: &Query) -> Markup {
    shared.look(|state| {
        let inbox = query
            .inbox()
            .filter(|id| state.store.inboxes.contains_key(id))
            .or_else(|| state.store.inboxes.keys().next().copied())
            .unwrap_or_default();
        let listed = conversations(state, inbox);
        let chosen = query.conversation();
        let chosen = chosen.and_then(|id| state.store.conversations.get(id));
        let shown = chosen.or(listed.first().copied());
        html! {
            (inboxes(state, inbox))
            div.columns data-open=[chosen.is_some().then_some("thread")] {
                section aria-labelledby="threads-title" {
                    h2 #threads-title { "Conversations" }
                    ul.threads #threads data-live {
                        @for conversation in &listed {
                            (entry(state, conversation, shown.map(|shown| shown.id)))
                        }
                    }
                    (newcomer(inbox))
                }
                @if let Some(conversation) = shown {
                    (thread(state, conversation))
                }
            }
        }
    })
}

fn inboxes(state: &State, current: i64) -> Markup {
    html! {
        nav.tabs aria-label="Inboxes" {
            ul {
                @for inbox in state.store.inboxes.values() {
                    li {
                        a href=(address(View::Messages, &[("inbox", &inbox.id.to_string())]))
                            aria-current=[(inbox.id == current).then_some("true")] {
                            (inbox.name)
                        }
                    }
                }
            }
        }
    }
}

/// Returns the conversations of an inbox, latest first.
fn conversations(state: &State, inbox: i64) -> Vec<&Conversation> {
    let both = [false, true];
    let parts = both.map(|closed| {
        both.map(|unread| Part::Inbox {
            inbox,
            closed,
            unread,
        })
    });
    let paging = Paging {
        order: Order::Updated,
        ascending: false,
        bound: None,
        hidden_from: None,
        skip: 0,
        limit: CONVERSATIONS,
    };
    state
        .store
        .conversations
        .page(parts.as_flattened(), &paging)
}

fn entry(state: &State, conversation: &Conversation, current: Option<i64>) -> Markup {
    let id = conversation.id.to_string();
    let inbox = conversation.inbox.to_string();
    let parameters = [("inbox", &*inbox), ("conversation", &*id)];
    let is_unread = !conversation.unread_users.is_empty();
    html! {
        li #{ "conversation-" (id) } {
            a href=(address(View::Messages, &parameters))
                aria-current=[(current == Some(conversation.id)).then_some("true")] {
                span.name { (name(state, conversation)) }
                span.last { (conversation.last_text) }
                span.meta {
                    time datetime=(conversation.updated) { (short(conversation.updated)) }
                    @if is_unread { span.tag { "unread" } }
                    @if conversation.closed { span.tag { "closed" } }
                }
            }
        }
    }
}

/// Returns the name of the customer, or the address without one.
fn name(state: &State, conversation: &Conversation) -> String {
    if !conversation.targets.is_empty() {
        return format!("Group of {}", conversation.targets.len());
    }
    let contact = state.store.contact_with(&conversation.target);
    let name = contact.map(|contact| contact.display_name.clone());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| conversation.target.clone())
}

/// The form for a message from a number without a conversation.
fn newcomer(inbox: i64) -> Markup {
    html! {
        details {
            summary { "Message from a new customer" }
            form data-method="POST" data-action="/_sandbox/inbound" data-done="Received." {
                input type="hidden" name="inbox_id" value=(inbox) data-type="number";
                div.field {
                    label for="new-from" { "Phone number or email address" }
                    input #new-from name="from" type="text" required autocomplete="off"
                        placeholder="15550100199";
                }
                div.field {
                    label for="new-text" { "Text" }
                    input #new-text name="text" type="text" autocomplete="off";
                }
                button type="submit" { "Send" }
            }
        }
    }
}

fn thread(state: &State, conversation: &Conversation) -> Markup {
    let paging = Paging {
        order: Order::Created,
        ascending: false,
        bound: None,
        hidden_from: None,
        skip: 0,
        limit: MESSAGES,
    };
    let part = [Part::Conversation(conversation.id)];
    let messages = state.store.messages.page(&part, &paging);
    let back = address(
        View::Messages,
        &[("inbox", &conversation.inbox.to_string())],
    );
    html! {
        section.phone aria-labelledby="thread-title" {
            a.back href=(back) { "All conversations" }
            h2 #thread-title { (name(state, conversation)) }
            p.meta { (conversation.target) (conversation.targets.join(", ")) }
            div.thread data-bottom role="log" tabindex="0" aria-label="Messages" {
                ol #thread data-live {
                    @for message in messages.iter().rev() { (bubble(state, message)) }
                }
            }
            @if conversation.targets.is_empty() { (customer(conversation)) }
        }
    }
}

fn bubble(state: &State, message: &Message) -> Markup {
    let sender = match state.store.members.get(&message.user) {
        Some(member) => member.name(),
        None => "Customer".to_owned(),
    };
    let class = match (message.private, message.user) {
        (true, _) => "comment",
        (false, 0) => "inbound",
        (false, _) => "outbound",
    };
    let id = message.id;
    html! {
        li.(class) #{ "message-" (id) } {
            p.text { (message.text) }
            @if !message.media.is_empty() { p.media { "Media: " (message.media) } }
            p.meta {
                (sender) " · " time datetime=(message.date) { (short(message.date)) }
                " · " (message.status)
                @if !message.raw_error.is_empty() { ": " (message.raw_error) }
            }
            @if class == "outbound" { (statuses(id)) }
        }
    }
}

/// The buttons that report the delivery of a message.
fn statuses(id: i64) -> Markup {
    let target = format!("/_sandbox/messages/{id}");
    let button = |label: &str, body: &serde_json::Value| {
        let button = format!("{}-{id}", label.to_lowercase());
        form::action(&button, label, ("PUT", &target), body, "Status set.")
    };
    html! {
        div.actions {
            (button("Delivered", &json!({"status": "delivered"})))
            (button("Failed", &json!({"status": "failed", "error": "Unreachable"})))
        }
    }
}

/// The box to respond as the customer.
fn customer(conversation: &Conversation) -> Markup {
    let keyword = |word: &str| {
        let body = json!({
            "inbox_id": conversation.inbox, "from": conversation.target, "text": word,
        });
        let id = format!("send-{}", word.to_lowercase());
        form::action(&id, word, ("POST", "/_sandbox/inbound"), &body, "Received.")
    };
    html! {
        form.reply data-method="POST" data-action="/_sandbox/inbound" data-done="Received." {
            input type="hidden" name="inbox_id" value=(conversation.inbox) data-type="number";
            input type="hidden" name="from" value=(conversation.target);
            label for="reply" { "Respond as the customer" }
            textarea #reply name="text" rows="2" required data-submit {}
            button #send-reply type="submit" { "Send" }
        }
        div.actions { (keyword("STOP")) (keyword("START")) }
    }
}
