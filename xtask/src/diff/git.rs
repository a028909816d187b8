//! Reads files of a revision, and finds the release before this one.

use std::path::Path;
use std::process::Command;

use super::version::{Version, of_manifest};
use crate::error::Error;

/// Returns the text of a file of a revision.
pub(super) fn show(root: &Path, revision: &str, path: &str) -> Result<String, Error> {
    git(root, &["show", &format!("{revision}:{path}")])
}

/// Returns the paths of the files in a folder of a revision.
pub(super) fn list(root: &Path, revision: &str, folder: &str) -> Result<Vec<String>, Error> {
    let folder = format!("{folder}/");
    let paths = git(root, &["ls-tree", "--name-only", revision, &folder])?;
    Ok(paths.lines().map(str::to_owned).collect())
}

/// Returns the release to compare with: the latest release tag, or without tags
/// the last commit whose version is another one than the tree's.
pub(super) fn last_release(root: &Path, current: Version) -> Result<Option<String>, Error> {
    let tags = git(root, &["tag", "--list", "v*", "--sort=-version:refname"])?;
    if let Some(tag) = tags.lines().next() {
        return Ok(Some(tag.to_owned()));
    }
    let commits = git(root, &["rev-list", "HEAD", "--", "Cargo.toml"])?;
    for commit in commits.lines() {
        let Ok(manifest) = show(root, commit, "Cargo.toml") else {
            continue;
        };
        if of_manifest(&manifest)? != current {
            return last_with(root, commit).map(Some);
        }
    }
    Ok(None)
}

/// Returns the last commit before the manifest's next change: `commit` was the
/// last to change it.
fn last_with(root: &Path, commit: &str) -> Result<String, Error> {
    let range = format!("{commit}..HEAD");
    let later = git(root, &["rev-list", "--reverse", &range, "--", "Cargo.toml"])?;
    match later.lines().next() {
        Some(next) => Ok(git(root, &["rev-parse", &format!("{next}^")])?
            .trim()
            .to_owned()),
        None => Ok(commit.to_owned()),
    }
}

/// Returns a short name of a revision: the tag, or the commit's abbreviation.
pub(super) fn name(root: &Path, revision: &str) -> Result<String, Error> {
    Ok(git(root, &["describe", "--tags", "--always", revision])?
        .trim()
        .to_owned())
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let program = format!("git {}", arguments.join(" "));
    let failed = |reason: String| Error::Command {
        program: program.clone(),
        reason,
    };
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
}
