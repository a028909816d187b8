//! The record of shapes that a client writes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The version of the format.
const FORMAT: u32 = 1;

/// How often each type was seen.
pub(super) type Types = BTreeMap<String, u64>;

/// A record.
#[derive(Deserialize)]
pub(super) struct Record {
    format: u32,
    pub(super) operations: BTreeMap<String, Observed>,
    /// The values that enums do not know, by the enum's type.
    pub(super) values: BTreeMap<String, BTreeMap<String, u64>>,
}

/// The responses of an operation.
#[derive(Deserialize)]
pub(super) struct Observed {
    /// The types of each member, by its path: `[].assigned.id`.
    pub(super) members: BTreeMap<String, Types>,
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, String> {
    let record: Record = serde_json::from_str(text)
        .map_err(|error| format!("expected a record of `heymarket doctor --shapes`: {error}"))?;
    if record.format != FORMAT {
        return Err(format!(
            "the record has format {}, and this version reads {FORMAT}",
            record.format
        ));
    }
    Ok(record)
}
