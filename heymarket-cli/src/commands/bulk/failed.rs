//! The failure of an outbox, as a failure of the command.

use heymarket_outbox::{Error, ErrorKind};

use crate::failure::Failure;

/// The failure of an outbox.
pub(super) fn failed(error: Error) -> Failure {
    let api = std::error::Error::source(&error);
    let api = api.and_then(|source| source.downcast_ref::<heymarket_api::Error>());
    let message = error.to_string();
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Input | ErrorKind::Changed | ErrorKind::NoBatch => {
            Failure::usage(message)
        }
        ErrorKind::Stopped if api.is_some_and(heymarket_api::Error::is_unauthorized) => {
            Failure::credentials(message)
        }
        _ => Failure::other(message),
    }
}
