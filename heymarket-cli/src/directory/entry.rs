//! An entry of the directory.

use serde::{Deserialize, Serialize};

/// An entity of the account: its ID, its name, and what else identifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The email address of a member, or the phone number of an inbox.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) detail: String,
}

impl Entry {
    /// Describes the entry in a list of candidates: `Support (41001)`.
    pub(crate) fn label(&self) -> String {
        if self.detail.is_empty() {
            format!("{} ({})", self.name, self.id)
        } else {
            format!("{} ({}, {})", self.name, self.detail, self.id)
        }
    }
}
