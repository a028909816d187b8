use serde::{Deserialize, Serialize};

use super::filters::Filters;
use super::position::State;

/// The format of a checkpoint. Each change of it takes the next number.
const VERSION: u32 = 1;

/// Where a walk is. It can be stored, and a walk over the same list with the same
/// filters [resumes](crate::Walk::resume) from it after the last item that was
/// yielded.
///
/// It holds the name of the operation, the place in the list, the ids and times
/// of the items that may come again, and the name of each filter of the request
/// with a fingerprint of its value. A fingerprint has 20 bits: enough to tell
/// that a value differs, and too few to find a phone number from. The credentials
/// and the server are not part of it.
///
/// A walk by time keeps about a page of ids, a walk by page number up to 65,536.
// A member of another version has another name, and one that is missing its
// default: so every version can be read far enough to be refused.
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

    /// Returns the position, if it is one of a walk over this list.
    ///
    /// # Errors
    ///
    /// What differs, and what to do.
    pub(super) fn position_in(self, operation: &str, filters: &Filters) -> Result<State, String> {
        let version = self.version;
        if version != VERSION {
            return Err(format!(
                "the checkpoint has version {version}, and this release reads version {VERSION}; \
                 start the walk anew"
            ));
        }
        if self.operation != operation {
            return Err(format!(
                "the checkpoint is of a walk over `{}`, and the request is of `{operation}`; \
                 resume it with a request of its own operation",
                self.operation.escape_debug()
            ));
        }
        let differing = self.filters.differing(filters);
        if !differing.is_empty() {
            return Err(format!(
                "the checkpoint is of a request with another value of {}; resume it with the \
                 same request, or start the walk anew",
                differing.join(", ")
            ));
        }
        Ok(self.position)
    }
}
