//! Figures that are the same on every machine.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::manifest::CRATE;
use crate::cargo::{cargo, output};
use crate::error::Error;
use crate::output::CLIENT;

/// The target whose dependencies are counted, on every machine.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The feature sets that are measured, with their names.
pub(super) const FEATURE_SETS: [(&str, &[&str]); 8] = [
    ("types", &[]),
    ("types, axum", &["axum"]),
    ("types, schemars", &["schemars"]),
    ("client", &["client"]),
    ("default", &["client", "rustls"]),
    ("client, native-tls", &["native-tls"]),
    ("client, http2", &["http2"]),
    ("client, gzip", &["gzip"]),
];

/// Counts the other crates of a build with these features.
pub(super) fn crates(root: &Path, features: &[&str]) -> Result<usize, Error> {
    let features = features.join(",");
    let tree = output(cargo(
        root,
        &[
            "tree",
            "--locked",
            "--package",
            CRATE,
            "--no-default-features",
            "--features",
            &features,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--target",
            TARGET,
        ],
    ))?;
    // A crate in two versions is compiled twice.
    let mut versions: Vec<String> = tree
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    versions.sort();
    versions.dedup();
    Ok(versions.len().saturating_sub(1))
}

/// Counts the lines of the generated code, and the operations.
pub(super) fn generated(root: &Path) -> Result<(usize, usize), Error> {
    let unreadable = |path: &str| {
        let path = path.to_owned();
        move |error: std::io::Error| Error::Unreadable {
            path: path.into(),
            reason: error.to_string(),
        }
    };
    let mut lines = 0;
    for entry in fs::read_dir(root.join(CLIENT)).map_err(unreadable(CLIENT))? {
        let path = entry.map_err(unreadable(CLIENT))?.path();
        let text = fs::read_to_string(&path).map_err(unreadable(&path.to_string_lossy()))?;
        lines += text.lines().count();
    }
    const BUNDLED: &str = "openapi/bundled.json";
    let bundled = fs::read_to_string(root.join(BUNDLED)).map_err(unreadable(BUNDLED))?;
    let bundled: Value = serde_json::from_str(&bundled).map_err(|error| Error::Unreadable {
        path: BUNDLED.into(),
        reason: error.to_string(),
    })?;
    let paths = bundled["paths"].as_object().into_iter().flatten();
    let operations = paths
        .flat_map(|(_, path)| path.as_object().into_iter().flatten())
        .filter(|(_, operation)| operation.get("operationId").is_some())
        .count();
    Ok((lines, operations))
}
