//! The value of `--body`.

use std::fs;
use std::io::{self, Read as _};

use serde_json::Value;

use crate::failure::Failure;

/// Reads JSON from a file, from standard input, or as it stands.
pub(crate) fn read(source: &str) -> Result<Value, Failure> {
    let (text, place) = match source {
        "-" => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::usage(format!("standard input: {error}")))?;
            (text, "standard input".to_owned())
        }
        json if json.trim_start().starts_with(['{', '[']) => (json.to_owned(), "--body".to_owned()),
        path => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("--body: {path}: {error}")))?;
            (text, path.to_owned())
        }
    };
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{place} is not JSON: {error}")))
}
