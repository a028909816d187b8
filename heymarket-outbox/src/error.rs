//! What can go wrong.

use std::error::Error as StdError;
use std::fmt;

/// Why the outbox did not do something.
///
/// `Display` is one line that says what to do. Neither it nor `Debug` shows a
/// phone number or message text.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A batch or a setting is invalid.
    Invalid,
    /// The recipients cannot be read, or lack what the text needs.
    Input,
    /// The batch was planned with another text, other settings or other
    /// recipients. Give the new one another ID.
    Changed,
    /// No batch has this ID.
    NoBatch,
    /// Another process sends from this database.
    InUse,
    /// The database cannot be opened, or is not one that this version reads.
    Database,
    /// The database is damaged.
    Damaged,
    /// The database cannot be written: the disk is full, or the file read-only.
    Storage,
    /// The database server does not answer. Nothing is sent without it; run it
    /// again later.
    Unreachable,
    /// The run stopped, since the API refuses or fails for a reason that is not
    /// the recipient's. The ledger is complete: run it again later. `source()`
    /// has the error of the API.
    Stopped,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            source: None,
        }))
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, detail)
    }

    pub(crate) fn input(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, detail)
    }

    pub(crate) fn no_batch(id: &str) -> Self {
        Self::new(ErrorKind::NoBatch, format!("no batch has the ID {id:?}"))
    }

    pub(crate) fn no_list(id: &str) -> Self {
        Self::invalid(format!(
            "batch {id:?} cannot be sent to a list: its recipients get different texts, are in \
             several time zones, or have their status checked"
        ))
    }

    pub(crate) fn cancelled(id: &str) -> Self {
        Self::invalid(format!(
            "batch {id:?} is cancelled, which is permanent; plan another one"
        ))
    }

    /// An error of the CSV in a line, without its values.
    pub(crate) fn csv(error: &csv::Error, line: Option<u64>) -> Self {
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        let problem = match error.kind() {
            csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => format!("it has {len} columns, and the header has {expected_len}"),
            csv::ErrorKind::Io(error) => error.to_string(),
            _ => "it is not CSV".to_owned(),
        };
        Self::input(format!("the CSV: {place}{problem}"))
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)?;
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}
