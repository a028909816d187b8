//! Why the database did not do something.

use std::path::Path;

use crate::error::{Error, ErrorKind};

/// Why the database did not do something, for each of those that waited for it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) detail: String,
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        Error::new(self.kind, self.detail)
    }
}

/// The words of SQLite hold no values, but for those of failed constraints,
/// which name columns.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode as Code;
    let path = path.display();
    let (kind, detail) = match error.sqlite_error_code() {
        Some(Code::DatabaseCorrupt) => (
            ErrorKind::Damaged,
            format!(
                "{path} is damaged, and nothing is sent from it; restore a copy, or recover it \
                 with sqlite3's .recover ({error})"
            ),
        ),
        Some(Code::NotADatabase) => (
            ErrorKind::Database,
            format!("{path} is not an outbox; name another file"),
        ),
        Some(Code::DiskFull) => (
            ErrorKind::Storage,
            format!("{path} cannot be written: the disk is full; free space and run it again"),
        ),
        Some(Code::ReadOnly) => (
            ErrorKind::Storage,
            format!(
                "{path} cannot be written: it is read-only; nothing is lost; make it and its \
                 folder writable and run it again"
            ),
        ),
        // The file itself was opened before.
        Some(Code::CannotOpen) => (
            ErrorKind::Storage,
            format!(
                "{path} cannot be used: SQLite keeps its log beside it and cannot open that \
                 ({error}); nothing is lost; make the folder writable and run it again"
            ),
        ),
        Some(Code::SystemIoFailure) => (
            ErrorKind::Storage,
            format!("{path} cannot be read or written ({error}); check the disk and run it again"),
        ),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => (
            ErrorKind::InUse,
            format!("{path} is in use by another process for too long; try again"),
        ),
        None if matches!(error, rusqlite::Error::QueryReturnedNoRows) => (
            ErrorKind::Changed,
            "another process planned the same batch meanwhile; plan it again".to_owned(),
        ),
        _ => (ErrorKind::Database, format!("{path}: {error}")),
    };
    Failure { kind, detail }
}
