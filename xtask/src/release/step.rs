//! A release that is prepared, and how a step of it ends.

use std::path::{Path, PathBuf};

use crate::diff::Version;
use crate::error::Error;

/// Where the files of a release are made, relative to the project's root.
pub(super) const FOLDER: &str = "target/release-files";

/// The platform of the static binaries.
pub(super) const TARGET: &str = "x86_64-unknown-linux-musl";

/// How a step of a release ended.
pub(super) enum Step {
    /// What was made or checked.
    Done(String),
    /// What is wrong, and what to do.
    Wrong(String),
    /// What is not installed, and the command that installs it.
    Missing(String),
}

/// A release that is prepared.
pub(super) struct Release<'a> {
    pub(super) root: &'a Path,
    pub(super) version: Version,
    /// Where its files go.
    pub(super) folder: PathBuf,
}

pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unwritable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
