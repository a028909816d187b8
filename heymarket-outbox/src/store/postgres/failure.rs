//! Why the database did not do something.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::error::SqlState;

use crate::error::{Error, ErrorKind};

/// Why a piece of work was not done.
#[derive(Debug)]
pub(super) enum Problem {
    Postgres(tokio_postgres::Error),
    /// No connection came in time.
    NoConnection,
    /// A value that this version did not write.
    Unreadable(&'static str),
    /// Another process planned the same batch meanwhile.
    Overtaken,
    /// What is already an error for the caller.
    Refused(Error),
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Self::Postgres(error)
            }
            _ => Self::NoConnection,
        }
    }
}

impl Problem {
    /// Whether the server is away, so that the same work may succeed soon.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoConnection => true,
            Self::Postgres(error) => match error.code() {
                Some(code) => is_outage(code) || is_conflict(code),
                None => error.is_closed() || is_of_network(error),
            },
            Self::Unreadable(_) | Self::Overtaken | Self::Refused(_) => false,
        }
    }

    /// The words of the server may hold values of a row in their details, which
    /// are left out.
    pub(super) fn into_error(self, place: &str) -> Error {
        let may_pass = self.may_pass();
        match self {
            Self::Refused(error) => error,
            Self::Overtaken => Error::new(
                ErrorKind::Changed,
                "another process planned the same batch meanwhile; plan it again",
            ),
            Self::Unreadable(what) => Error::new(
                ErrorKind::Damaged,
                format!("{place}: {what} has a value that this version does not read"),
            ),
            Self::NoConnection => unreachable_database(place, "no connection in time"),
            Self::Postgres(error) => match error.as_db_error() {
                Some(found) if may_pass => unreachable_database(place, found.message()),
                Some(found) if is_full(found.code()) => Error::new(
                    ErrorKind::Storage,
                    format!("{place} cannot be written: {}", found.message()),
                ),
                Some(found) => Error::new(
                    ErrorKind::Database,
                    format!("{place}: {} ({})", found.message(), found.code().code()),
                ),
                None if may_pass => unreachable_database(place, &words(&error)),
                None => Error::new(ErrorKind::Database, format!("{place}: {}", words(&error))),
            },
        }
    }
}

fn unreachable_database(place: &str, problem: &str) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("{place} does not answer ({problem}); nothing is lost, and nothing more is sent"),
    )
}

/// The text of an error with that of its cause.
fn words(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn is_of_network(error: &tokio_postgres::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<io::Error>() {
            return true;
        }
        source = cause.source();
    }
    // tokio-postgres has no kind for it.
    error.to_string().contains("timeout")
}

/// It shuts down, starts, or has no room for another connection.
fn is_outage(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::CONNECTION_EXCEPTION,
        SqlState::CONNECTION_DOES_NOT_EXIST,
        SqlState::CONNECTION_FAILURE,
        // A primary that became a standby; the next connection finds the new one.
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ]
    .contains(code)
}

fn is_conflict(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ]
    .contains(code)
}

fn is_full(code: &SqlState) -> bool {
    [
        SqlState::DISK_FULL,
        SqlState::OUT_OF_MEMORY,
        SqlState::IO_ERROR,
    ]
    .contains(code)
}
