//! The commands of the workspace, and the path of the spec: `openapi/**.yaml` is
//! bundled, linted, passed to progenitor, rewritten and written to
//! `heymarket-api/src/generated/`.
//!
//! `cargo xtask codegen` generates, `cargo xtask codegen --check` compares what it
//! would generate with the tree, and `cargo xtask lint` stops before generating.
//! All three read `openapi/` only. [`measure`] holds the measurements of the
//! result, [`public_api`] the listing of its public API, [`diff`] the changes since
//! a release, and [`observe`] what the API does that the spec does not say.
//!
//! Without the feature `commands`, the crate reads, bundles and lints a spec, except for
//! its examples, and has few dependencies.

#![cfg_attr(
    not(feature = "commands"),
    expect(dead_code, reason = "the commands use it")
)]

pub mod bundle;
#[cfg(feature = "commands")]
mod cargo;
#[cfg(feature = "commands")]
pub mod command;
#[cfg(feature = "commands")]
pub mod diff;
pub mod error;
mod examples;
mod formats;
#[cfg(feature = "commands")]
pub mod fuzz;
#[cfg(feature = "commands")]
pub mod generate;
#[cfg(feature = "commands")]
pub mod links;
pub mod lint;
#[cfg(feature = "commands")]
pub mod measure;
#[cfg(feature = "commands")]
pub mod observe;
mod operation;
#[cfg(feature = "commands")]
pub mod output;
#[cfg(feature = "commands")]
pub mod public_api;
#[cfg(feature = "commands")]
pub mod release;
mod schema;
#[cfg(all(feature = "commands", unix))]
pub mod services;
pub mod source;
mod webhooks;
#[cfg(feature = "commands")]
pub mod words;
#[cfg(feature = "commands")]
pub mod write;
mod yaml;

use std::path::Path;

pub use error::{Error, Finding};

/// Generates the files that `codegen` writes, from `openapi/` under `root`.
///
/// # Errors
///
/// Returns an error when a source cannot be read, the lint has findings, or an
/// operation cannot be generated.
#[cfg(feature = "commands")]
pub fn generate(root: &Path) -> Result<Vec<output::OutputFile>, Error> {
    let bundle = checked_bundle(root)?;
    generate::run(&bundle)
}

/// Reads and lints `openapi/` under `root`, and returns the bundled document.
///
/// # Errors
///
/// Returns an error when a source cannot be read, or with every finding of the
/// lint.
pub fn checked_bundle(root: &Path) -> Result<bundle::Bundle, Error> {
    checked(source::read(root)?)
}

/// Lints sources, and returns the bundled document.
///
/// # Errors
///
/// Returns an error when they are no OpenAPI document, or with every finding of
/// the lint.
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
