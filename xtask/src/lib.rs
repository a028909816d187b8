//! The way of the spec: `openapi/**.yaml` is bundled, linted, given to
//! progenitor, rewritten and written to `heymarket-api/src/generated/`.
//!
//! `cargo xtask codegen` does it, `cargo xtask codegen --check` says whether
//! it has been done, `cargo xtask lint` stops before generating. All three
//! read nothing but `openapi/`. [`measure`] is of what the result costs, and
//! [`public_api`] of what the crate promises.

pub mod bundle;
mod cargo;
pub mod command;
pub mod error;
pub mod fuzz;
pub mod generate;
pub mod links;
pub mod lint;
pub mod measure;
pub mod public_api;
mod schema;
pub mod source;
mod webhooks;
pub mod words;
pub mod write;
mod yaml;

use std::path::Path;

pub use error::{Error, Finding};

/// What `codegen` would write, computed from `openapi/` under `root`.
///
/// # Errors
///
/// When a source cannot be read, the lint finds something, or the generator
/// cannot express an operation.
pub fn generate(root: &Path) -> Result<Vec<write::OutputFile>, Error> {
    let bundle = checked_bundle(root)?;
    generate::run(&bundle)
}

/// Reads and lints `openapi/` under `root`, and gives the bundled document.
///
/// # Errors
///
/// When a source cannot be read, or with every finding of the lint.
pub fn checked_bundle(root: &Path) -> Result<bundle::Bundle, Error> {
    checked(source::read(root)?)
}

/// Lints sources, and returns the bundled document.
///
/// # Errors
///
/// When they are no OpenAPI document, or with every finding of the lint.
pub fn checked(sources: source::Sources) -> Result<bundle::Bundle, Error> {
    let (bundle, mut findings) = bundle::bundle(sources)?;
    findings.extend(lint::run(&bundle));
    if findings.is_empty() {
        return Ok(bundle);
    }
    findings.sort();
    findings.dedup();
    Err(Error::Findings(findings))
}
