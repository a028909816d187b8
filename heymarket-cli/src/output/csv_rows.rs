//! Rows of CSV.

use serde_json::Value;

use super::cell;
use crate::failure::Failure;

/// Returns a cell: harmless to a spreadsheet, or the unmodified text.
pub(super) fn cell(value: Option<&Value>, is_raw: bool) -> String {
    if is_raw {
        cell::text(value)
    } else {
        cell::spreadsheet(value)
    }
}

/// Returns a row with its line end, quoted where necessary.
pub(super) fn line(cells: &[String]) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer
        .write_record(cells)
        .map_err(|error| Failure::other(format!("CSV: {error}")))?;
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::other(format!("CSV: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
