//! The value of `--body`.

use std::fs;
use std::io::{self, Read as _};

use serde_json::Value;

use crate::failure::Failure;

/// Reads JSON from a file, from standard input, or from the text itself.
pub(super) fn read(source: &str) -> Result<Value, Failure> {
    if source.trim_start().starts_with(['{', '[']) {
        return parse(source, "--body");
    }
    read_file(source)
}

/// Reads JSON from a file, or from standard input as `-`.
pub(crate) fn read_file(source: &str) -> Result<Value, Failure> {
    match source {
        "-" => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::usage(format!("standard input: {error}")))?;
            parse(&text, "standard input")
        }
        path => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{path}: {error}")))?;
            parse(&text, path)
        }
    }
}

fn parse(text: &str, place: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::usage(format!("{place} is not valid JSON: {error}")))
}
