//! Why a store failed.

use std::fmt;

/// Why a store cannot be used. Its text holds no password and no personal data.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A URL, a path or an option is invalid. Correct it.
    Configuration,
    /// The store cannot be reached, or did not respond in time. Try again later.
    Unreachable,
    /// The store refused a command. The text has its message.
    Store,
    /// The tables are of a newer version of this crate. Use that version.
    TooNew,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}
