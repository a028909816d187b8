//! The errors of the driver, as this crate reports them.

use std::error::Error as StdError;
use std::fmt::Write as _;

use tokio_postgres::error::SqlState;

use crate::error::{Error, ErrorKind};

/// Returns the error of a failed statement or connection.
pub(crate) fn failed(address: &str, error: &tokio_postgres::Error) -> Error {
    let code = error.code();
    let is_gone = error.is_closed()
        || code.is_none()
        || code.is_some_and(|code| {
            [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::TOO_MANY_CONNECTIONS,
            ]
            .contains(code)
        });
    let kind = if is_gone {
        ErrorKind::Unreachable
    } else {
        ErrorKind::Store
    };
    // A message of the server about data may quote the data.
    let text = match error.as_db_error() {
        Some(error) if error.detail().is_some() => format!("SQLSTATE {}", error.code().code()),
        _ => chain(error),
    };
    Error::new(kind, format!("{address}: {text}"))
}

/// Joins the messages of an error and of its sources.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
