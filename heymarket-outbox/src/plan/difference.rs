//! How a plan differs from the one that was made under the same ID.

use crate::batch::Checked;
use crate::error::{Error, ErrorKind};
use crate::store::StoredBatch;

/// Fails if the settings are not those of the plan that is there.
pub(super) fn check_same(
    batch: &str,
    checked: &Checked,
    stored: &StoredBatch,
) -> Result<(), Error> {
    if stored.is_purged {
        return Err(changed(
            batch,
            "was purged and cannot be compared".to_owned(),
        ));
    }
    match stored.settings.difference(&checked.settings) {
        None => Ok(()),
        Some(setting) => Err(changed(
            batch,
            format!("was planned with another {setting}"),
        )),
    }
}

/// An error that says what differs.
pub(super) fn changed(batch: &str, problem: String) -> Error {
    Error::new(
        ErrorKind::Changed,
        format!("batch {batch:?} {problem}; nothing was changed; give a new batch another ID"),
    )
}
