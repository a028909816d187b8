//! What other tools say about a mutation: cargo-semver-checks, and the listing of
//! public items that cargo-public-api compares.
//!
//! They see the library's items. They see neither requests and responses nor what the
//! spec says about behaviour.

use std::fs;
use std::path::{Path, PathBuf};

use public_api::diff::PublicApiDiff;
use public_api::{Builder, PublicApi};

use crate::cargo::{cargo, output_and_success};
use crate::error::Error;
use crate::public_api::document;

/// The other tools, with the previous release as they read it.
pub(super) struct Others {
    /// The workspace of the judgement.
    folder: PathBuf,
    baseline: PathBuf,
}

impl Others {
    /// Documents the library that is in the workspace: the previous release.
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        let baseline = folder.join("baseline.json");
        let written = document(folder)?;
        fs::copy(&written, &baseline).map_err(|error| Error::Unreadable {
            path: written,
            reason: error.to_string(),
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            baseline,
        })
    }

    /// Returns what each tool says of the library that is in the workspace now.
    pub(super) fn say(&self) -> Result<String, Error> {
        let current = document(&self.folder)?;
        Ok(format!(
            "cargo-semver-checks: {}; cargo-public-api: {}",
            self.semver_checks(&current)?,
            self.public_api(&current)?
        ))
    }

    /// Returns the first rule that is broken.
    fn semver_checks(&self, current: &Path) -> Result<String, Error> {
        let mut command = cargo(
            &self.folder,
            &["semver-checks", "--color=never", "--release-type=minor"],
        );
        command.arg("--baseline-rustdoc").arg(&self.baseline);
        command.arg("--current-rustdoc").arg(current);
        let (passes, text) = output_and_success(command)?;
        if passes {
            return Ok("compatible".to_owned());
        }
        let rules = text
            .lines()
            .filter_map(|line| line.strip_prefix("--- failure "));
        let names: Vec<&str> = rules
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        Ok(format!("breaking ({})", names.join(", ")))
    }

    /// Returns whether an item is removed or changed.
    fn public_api(&self, current: &Path) -> Result<String, Error> {
        let diff = PublicApiDiff::between(items(&self.baseline)?, items(current)?);
        Ok(match (diff.removed.len(), diff.changed.len()) {
            (0, 0) => "compatible".to_owned(),
            (removed, changed) => format!("breaking ({removed} removed, {changed} changed)"),
        })
    }
}

fn items(path: &Path) -> Result<PublicApi, Error> {
    Builder::from_rustdoc_json(path)
        .omit_blanket_impls(true)
        .build()
        .map_err(|error| Error::Unexpected(format!("{}: {error}", path.display())))
}
