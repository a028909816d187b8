//! What the fuzz targets call that is not public.

use serde::de::DeserializeOwned;

/// Decodes a body, or returns what an error would say of it.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    super::decode::decode(body).map_err(|mismatch| {
        let (path, expected, found) = (mismatch.path, mismatch.expected, mismatch.found);
        format!("at {path}: expected {expected}, found {found}")
    })
}
