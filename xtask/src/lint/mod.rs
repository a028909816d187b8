//! The rules that keep the spec generatable, honest and readable.
//!
//! Each rule has its reason beside it. All findings come in one run; only
//! examples wait until every reference leads somewhere.

mod examples;
mod extensions;
mod operations;
mod references;
mod schemas;

use crate::bundle::Bundle;
use crate::error::Finding;

/// Everything that is wrong with a document.
pub(crate) fn run(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = references::check(bundle);
    // A schema with a reference that leads nowhere or in a circle cannot check
    // an example.
    if findings.is_empty() {
        findings.extend(examples::check(bundle));
    }
    findings.extend(operations::check(bundle));
    findings.extend(schemas::check(bundle));
    findings.extend(extensions::check(bundle));
    findings
}
