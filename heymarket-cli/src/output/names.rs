//! Names of inboxes and members, to show them in place of IDs.

use std::collections::BTreeMap;

/// The names of inboxes and members by ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) inboxes: BTreeMap<i64, String>,
    pub(crate) members: BTreeMap<i64, String>,
}

/// What a member of an answer refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reference {
    Inbox,
    Member,
}

impl Reference {
    /// Returns what the member of this name refers to.
    fn of(member: &str) -> Option<Self> {
        match member {
            "inbox" | "inbox_id" => Some(Self::Inbox),
            "assigned" | "assigned_user_id" | "assignee_id" | "creator" | "creator_id" | "user"
            | "user_id" => Some(Self::Member),
            _ => None,
        }
    }
}

/// Returns whether the member of this name refers to an inbox or a member of the
/// team by ID.
pub(crate) fn is_reference(member: &str) -> bool {
    Reference::of(member).is_some()
}

impl Names {
    /// Returns the name of the inbox or member that a member of an answer refers to.
    pub(crate) fn of(&self, member: &str, id: i64) -> Option<&str> {
        let names = match Reference::of(member)? {
            Reference::Inbox => &self.inboxes,
            Reference::Member => &self.members,
        };
        names.get(&id).map(String::as_str)
    }
}
