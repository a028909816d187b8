//! The dependencies of heymarket-api with a set of features, from its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::cargo::metadata;
use crate::error::Error;

/// The crate that is measured.
pub(super) const CRATE: &str = "heymarket-api";

/// Returns the dependencies that `features` enable, each with its line of a
/// manifest.
pub(super) fn dependencies(
    root: &Path,
    features: &[&str],
) -> Result<BTreeMap<String, String>, Error> {
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages
        .into_iter()
        .find(|package| package["name"] == CRATE)
        .ok_or_else(|| Error::Unexpected(format!("cargo knows no package {CRATE}")))?;
    let enabled = Enabled::of(package, features);
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    Ok(dependencies
        .filter(|dependency| dependency["kind"].is_null())
        .filter_map(|dependency| {
            let name = dependency["name"].as_str()?;
            let is_optional = dependency["optional"] == true;
            if is_optional && !enabled.optional.contains(name) {
                return None;
            }
            Some((
                name.to_owned(),
                line(dependency, enabled.of_dependency(name)),
            ))
        })
        .collect())
}

fn line(dependency: &Value, more: &BTreeSet<String>) -> String {
    let own = dependency["features"].as_array().into_iter().flatten();
    let mut features: BTreeSet<&str> = own.filter_map(Value::as_str).collect();
    features.extend(more.iter().map(String::as_str));
    format!(
        "{{ version = {}, default-features = {}, features = {} }}",
        dependency["req"],
        dependency["uses_default_features"],
        json!(features)
    )
}

/// The features, optional dependencies and features of dependencies that are enabled.
#[derive(Default)]
struct Enabled {
    features: BTreeSet<String>,
    optional: BTreeSet<String>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

impl Enabled {
    fn of(package: &Value, features: &[&str]) -> Self {
        let mut enabled = Self::default();
        features
            .iter()
            .for_each(|feature| enabled.enable(package, feature));
        enabled
    }

    /// Enables `feature`, `dep:dependency` or `dependency/feature`.
    fn enable(&mut self, package: &Value, what: &str) {
        if let Some(dependency) = what.strip_prefix("dep:") {
            self.optional.insert(dependency.to_owned());
        } else if let Some((dependency, feature)) = what.split_once('/') {
            let features = self.dependencies.entry(dependency.to_owned()).or_default();
            features.insert(feature.to_owned());
            self.optional.insert(dependency.to_owned());
        } else if self.features.insert(what.to_owned()) {
            let next = package["features"][what].as_array().into_iter().flatten();
            for what in next.filter_map(Value::as_str) {
                self.enable(package, what);
            }
        }
    }

    fn of_dependency(&self, name: &str) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.dependencies.get(name).unwrap_or(&NONE)
    }
}
