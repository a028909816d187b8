//! Why a server did not start.

use std::path::PathBuf;

/// Why a server did not start or a database was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program is not installed.
    #[error("{program} is not installed; on Debian, run `apt-get install {package}`")]
    NotInstalled {
        /// The name of the program.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program failed.
    #[error("{program} failed: {reason}")]
    Failed {
        /// The name of the program.
        program: &'static str,
        /// What it printed last.
        reason: String,
    },
    /// A file of a server could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn failed(program: &'static str, reason: impl ToString) -> Self {
        Self::Failed {
            program,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
