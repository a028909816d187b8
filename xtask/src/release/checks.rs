//! Checks of versions, addresses and the changelog.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::step::{Release, Step};
use crate::cargo;
use crate::command::Output;
use crate::diff::{self, Mode};
use crate::error::Error;
use crate::write::read_existing;

/// The document of the sandbox's control endpoints, which is written by hand.
const CONTROL: &str = "heymarket-sandbox/openapi/control.json";

/// Returns the crates of the workspace.
pub(super) fn members(release: &Release<'_>) -> Result<Vec<Value>, Error> {
    let metadata = cargo::metadata(release.root)?;
    Ok(metadata["packages"].as_array().cloned().unwrap_or_default())
}

/// Returns the crates that are published.
pub(super) fn published(release: &Release<'_>) -> Result<Vec<Value>, Error> {
    let mut members = members(release)?;
    // `publish = false` is an empty list of registries.
    members.retain(|package| package["publish"].is_null());
    Ok(members)
}

/// Returns the text of a member of a package.
pub(super) fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

/// Every crate has the workspace's version and asks for it in the others, the control
/// document has it too, and the release is not tagged yet.
pub(super) fn versions(release: &Release<'_>) -> Result<Step, Error> {
    let version = release.version.to_string();
    let packages = published(release)?;
    let names: BTreeSet<&str> = packages
        .iter()
        .map(|package| text(package, "name"))
        .collect();
    for package in &packages {
        let name = text(package, "name");
        if text(package, "version") != version {
            let found = text(package, "version");
            return Ok(Step::Wrong(format!(
                "{name} has version {found}, not {version}"
            )));
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = text(dependency, "name");
            let asks = text(dependency, "req");
            let is_test = dependency["kind"] == "dev";
            if names.contains(on) && !is_test && asks != format!("^{version}") {
                return Ok(Step::Wrong(format!(
                    "{name} asks for {on} {asks}: set `version` in [workspace.dependencies]"
                )));
            }
            if !names.contains(on) && !dependency["path"].is_null() && !is_test {
                return Ok(Step::Wrong(format!(
                    "{name} needs {on}, which is not published"
                )));
            }
        }
    }
    let document = read_existing(release.root, CONTROL)?;
    let document: Value = serde_json::from_str(&document).map_err(|error| Error::Unreadable {
        path: CONTROL.into(),
        reason: error.to_string(),
    })?;
    let found = text(&document["info"], "version");
    if found != version {
        return Ok(Step::Wrong(format!(
            "{CONTROL} has version {found}, not {version}"
        )));
    }
    let tag = format!("v{version}");
    let tags = Command::new("git")
        .current_dir(release.root)
        .args(["tag", "--list", &tag])
        .output();
    if tags.is_ok_and(|tags| !tags.stdout.is_empty()) {
        return Ok(Step::Wrong(format!("{tag} is tagged: raise the version")));
    }
    let names: Vec<&str> = names.into_iter().collect();
    Ok(Step::Done(format!("{version} of {}", names.join(", "))))
}

/// The address of the repository is no placeholder.
pub(super) fn repository(release: &Release<'_>) -> Result<Step, Error> {
    for package in published(release)? {
        let address = text(&package, "repository");
        if address.is_empty() || address.contains("example.com") {
            return Ok(Step::Missing(format!(
                "`repository` is the placeholder {address:?}; set it in Cargo.toml before \
                 publishing"
            )));
        }
    }
    Ok(Step::Done("set".to_owned()))
}

/// The version's step is large enough, and the changelog has its section.
pub(super) fn changelog(release: &Release<'_>) -> Result<Step, Error> {
    let (mut data, mut talk) = (Vec::new(), Vec::new());
    let output = &mut Output {
        data: &mut data,
        talk: &mut talk,
    };
    let is_fine = diff::run(release.root, None, Mode::Check, output)?;
    let said = String::from_utf8_lossy(&talk).trim().to_owned();
    Ok(if is_fine {
        Step::Done(said)
    } else {
        Step::Wrong(said)
    })
}
