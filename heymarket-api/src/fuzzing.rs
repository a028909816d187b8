//! The entry points of the fuzz targets into code that is not public.

use serde::de::DeserializeOwned;

/// Decodes a body, or returns the message of the error.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    crate::runtime::decode(body).map_err(|mismatch| {
        let (path, expected, found) = (mismatch.path, mismatch.expected, mismatch.found);
        format!("at {path}: expected {expected}, found {found}")
    })
}
