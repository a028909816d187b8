//! `cargo xtask observe`: compares the shapes that a client recorded with the spec,
//! and proposes a patch: new members, new types, new values of enums.
//!
//! The patch is printed as a unified diff, for `git apply`. A person reads it,
//! describes what is new, and runs `cargo xtask lint`.

mod compare;
mod patch;
mod record;

use std::path::Path;

use crate::bundle::Bundle;
use crate::command::Output;
use crate::error::Error;

pub use compare::{Finding, Kind};

/// Reads a record, and prints what it has that the spec lacks: the findings as
/// messages, and the patch as data.
///
/// # Errors
///
/// Returns an error if the record or the spec cannot be read.
pub fn run(root: &Path, path: &Path, output: &mut Output<'_>) -> Result<(), Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let bundle = crate::checked_bundle(root)?;
    let findings = compare(&text, &bundle, path)?;
    for finding in &findings {
        output.say(&finding.to_string())?;
    }
    if findings.is_empty() {
        return output.say("the spec describes every shape of the record");
    }
    let patch = patch::write(root, &bundle, &findings)?;
    output.print(patch.trim_end())?;
    let noun = if findings.len() == 1 {
        "difference"
    } else {
        "differences"
    };
    output.say(&format!(
        "{} {noun}: save the patch, apply it with `git apply`, describe what is new, and run \
         `cargo xtask lint`",
        findings.len()
    ))
}

/// Returns what a record has that the spec lacks.
///
/// # Errors
///
/// Returns an error if the text is no record.
pub fn findings(root: &Path, text: &str) -> Result<Vec<Finding>, Error> {
    compare(text, &crate::checked_bundle(root)?, Path::new("the record"))
}

fn compare(text: &str, bundle: &Bundle, path: &Path) -> Result<Vec<Finding>, Error> {
    let record = record::parse(text).map_err(|reason| Error::Document {
        path: path.to_owned(),
        reason,
    })?;
    Ok(compare::compare(&record, &bundle.document))
}
