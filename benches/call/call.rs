//! The calls that are measured, and the parts that every caller sends.

use heymarket_api::types;
use std::time::Duration;

/// An invented token, as long as those of the client.
pub(crate) const AUTHORIZATION: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJpZCIsImlhdCI6MTc3ODE1NTIwMH0.invented-invented-invented-invented-invente";
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
pub(crate) const CONVERSATION: i64 = 9920;

/// A call that is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Conversation,
    Page,
    Send,
}

impl Call {
    pub(crate) const ALL: [Self; 3] = [Self::Conversation, Self::Page, Self::Send];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Conversation => "one conversation",
            Self::Page => "a 50-item page",
            Self::Send => "a send",
        }
    }
}

pub(crate) fn page_request() -> types::ListConversations {
    let filters = types::ConversationFilters::new([41001]).unread(true);
    types::ListConversations::new(50001, filters)
}

pub(crate) fn message() -> types::SendMessage {
    types::SendMessage::new(41001.into(), 50001.into())
        .to_phone("15550100101")
        .text("On its way.")
}
