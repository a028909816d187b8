//! Checkpoints: where a walk is, in a form that can be stored.

use serde::{Deserialize, Serialize};

use super::filters::Filters;
use super::position::State;

/// The version of the format. Each change of the format increments it.
const VERSION: u32 = 1;

/// Where a walk is. A checkpoint can be stored with serde, and a walk over the same list
/// with the same filters [resumes](crate::Walk::resume) from it, after the last item
/// that was yielded.
///
/// It holds the name of the operation, the position in the list, the IDs and times of
/// the items that may be returned again, and the name of each filter of the request
/// with a fingerprint of its value. A fingerprint has 20 bits: enough to detect that a
/// value differs, and too few to recover a phone number. Credentials and server are not
/// part of it.
///
/// A walk by time stores about a page of IDs, a walk by page number up to 65,536.
// Unknown members are ignored and missing ones get their default, so the version of
// every format can be read and refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    version: u32,
    operation: String,
    filters: Filters,
    position: State,
}

impl Checkpoint {
    pub(super) fn new(operation: &str, filters: Filters, position: State) -> Self {
        Self {
            version: VERSION,
            operation: operation.to_owned(),
            filters,
            position,
        }
    }

    /// Returns the position, if it belongs to a walk over this list.
    ///
    /// # Errors
    ///
    /// Returns what differs, and what to do.
    pub(super) fn position_in(self, operation: &str, filters: &Filters) -> Result<State, String> {
        let version = self.version;
        if version != VERSION {
            return Err(format!(
                "the checkpoint has version {version}, and this release reads version {VERSION}; \
                 start the walk again"
            ));
        }
        if self.operation != operation {
            return Err(format!(
                "the checkpoint belongs to a walk over `{}`, but the request is for `{operation}`; \
                 resume it with a request of the same operation",
                self.operation.escape_debug()
            ));
        }
        let differing = self.filters.differing(filters);
        if !differing.is_empty() {
            return Err(format!(
                "the checkpoint belongs to a request with another value of {}; resume it with the \
                 same request, or start the walk again",
                differing.join(", ")
            ));
        }
        Ok(self.position)
    }
}
