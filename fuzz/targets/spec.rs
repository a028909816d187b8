//! Bundles and lints a spec whose path and schema files are the input. A mistake in
//! it is an error or a finding that names a file. The generator is left out: it
//! turns progenitor's panics into errors, and a fuzzer stops at each panic. So is the
//! check of examples: jsonschema takes longer to compile than all of the rest.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::{Error, checked, source};

/// Separates the path file from the schema file in the input.
const DIVIDER: &str = "\n# schemas\n";

const ROOT: &str = "openapi: 3.0.3
info: {title: T, version: '1'}
servers: [{url: https://api.example.com}]
tags: [{name: surveys, description: Surveys.}]
";

fuzz_target!(|input: &str| {
    let (paths, schemas) = input.split_once(DIVIDER).unwrap_or((input, "{}"));
    let sources = source::parse(ROOT, "{}", &[("surveys", paths)], &[("surveys", schemas)]);
    if let Err(Error::Findings(findings)) = sources.and_then(checked) {
        for finding in findings {
            assert!(finding.file.starts_with("openapi"), "{finding}");
        }
    }
});
