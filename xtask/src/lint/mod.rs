//! The rules that keep the spec generatable, honest and readable.
//!
//! The comment on each rule gives its reason. One run reports all findings; only
//! examples are checked after all references resolve.

#[cfg(feature = "commands")]
mod examples;
mod extensions;
mod invented;
mod operations;
mod parameters;
mod references;
mod schemas;
mod webhooks;

use crate::bundle::Bundle;
use crate::error::Finding;
#[cfg(feature = "commands")]
pub(crate) use examples::{Schemas, validator};

/// Returns every finding of a document.
pub(crate) fn run(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = references::check(bundle);
    // A schema with a reference that leads nowhere or in a circle cannot check
    // an example.
    #[cfg(feature = "commands")]
    if findings.is_empty() {
        findings.extend(examples::check(bundle));
    }
    findings.extend(operations::check(bundle));
    findings.extend(schemas::check(bundle));
    findings.extend(extensions::check(bundle));
    findings.extend(webhooks::check(bundle));
    findings.extend(invented::check(bundle));
    findings
}
