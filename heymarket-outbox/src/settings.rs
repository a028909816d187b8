//! What of a batch is kept, and compared when it is planned again.

use std::time::Duration;

use heymarket_api::types::{InboxId, MemberId, TemplateId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::window::Window;

/// What of a batch is kept in the database.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) inbox: InboxId,
    pub(crate) creator: MemberId,
    pub(crate) content: Content,
    pub(crate) media: Option<String>,
    pub(crate) window: Option<Window>,
    pub(crate) zone: Option<String>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    pub(crate) check_status: bool,
    pub(crate) unknown: Unknown,
    /// The hash of the allow-list, with the batch's salt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed: Option<[u8; 16]>,
}

/// What the messages say.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Content {
    Nothing,
    Text(String),
    Template(TemplateId),
}

/// The outcome of a message whose response was lost and that the message history
/// does not have after the settle time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unknown {
    /// A person decides: see [`Outbox::review`](crate::Outbox::review).
    #[default]
    Review,
    /// It is sent again, with the same `local_id`, if the history still does not
    /// have it this long after the attempt, and at least the settle time.
    ///
    /// A person gets the text twice if the history lags by more than that.
    ResendAfter(Duration),
}

impl Settings {
    /// The name of the first setting that differs.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            (self.content != other.content, "text"),
            (self.media != other.media, "media"),
            (self.inbox != other.inbox, "inbox"),
            (self.creator != other.creator, "sender"),
            (self.window != other.window, "window"),
            (self.zone != other.zone, "time zone"),
            (self.not_before != other.not_before, "not_before"),
            (self.not_after != other.not_after, "not_after"),
            (self.check_status != other.check_status, "status check"),
            (self.unknown != other.unknown, "policy for lost answers"),
            (self.allowed != other.allowed, "allow-list"),
        ];
        let found = differs.into_iter().find(|(differs, _)| *differs);
        found.map(|(_, name)| name)
    }
}
