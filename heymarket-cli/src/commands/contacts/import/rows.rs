//! The rows of a CSV file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::columns::{Columns, Target};
use crate::failure::Failure;
use crate::files;
use crate::session::Session;

/// A CSV file as it was read.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    /// Each record, with its line.
    records: Vec<(u64, Vec<String>)>,
    /// Identifies the content.
    pub(super) digest: String,
}

/// A row, and its contact or what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
    pub(super) contact: Value,
    pub(super) phone: String,
    pub(super) problem: String,
}

/// The checked rows.
pub(super) struct Rows {
    pub(super) valid: Vec<Row>,
    pub(super) invalid: Vec<Row>,
}

/// Reads a CSV file with a header.
pub(super) fn read(path: &Path) -> Result<Table, Failure> {
    let unreadable = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    // Spreadsheets begin a file with a mark of its encoding.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text);
    let malformed = |error: &csv::Error| unreadable(shown(error));
    let header = reader.headers().map_err(|error| malformed(&error))?;
    let header: Vec<String> = header.iter().map(str::to_owned).collect();
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        records.push((line, record.iter().map(str::to_owned).collect()));
    }
    let digest = Sha256::digest(&bytes);
    Ok(Table {
        header,
        records,
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// Describes an error of the CSV without quoting the file.
fn shown(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("line {line} has {len} cells instead of {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => format!("line {line} is not valid UTF-8"),
        _ => "not valid CSV".to_owned(),
    }
}

impl Table {
    /// Checks all rows, and returns their contacts.
    pub(super) fn check(&self, columns: &Columns, session: &Session<'_>) -> Result<Rows, Failure> {
        // A bad --country is no fault of each row.
        session.country()?;
        let mut rows = Rows {
            valid: Vec::new(),
            invalid: Vec::new(),
        };
        let mut lines = BTreeMap::new();
        for (line, cells) in &self.records {
            let mut row = Row {
                line: *line,
                cells: cells.clone(),
                contact: Value::Null,
                phone: String::new(),
                problem: String::new(),
            };
            match contact(columns, cells, session) {
                Ok((phone, contact)) => {
                    if let Some(first) = lines.get(&phone) {
                        row.problem = format!("the phone number is that of line {first}");
                        rows.invalid.push(row);
                        continue;
                    }
                    lines.insert(phone.clone(), *line);
                    row.phone = phone;
                    row.contact = contact;
                    rows.valid.push(row);
                }
                Err(problem) => {
                    row.problem = problem;
                    rows.invalid.push(row);
                }
            }
        }
        Ok(rows)
    }
}

impl Rows {
    /// Describes the numbers of rows.
    pub(super) fn summary(&self, path: &Path) -> String {
        let total = self.valid.len() + self.invalid.len();
        format!(
            "{}: {}, {} valid, {} invalid or repeated",
            path.display(),
            counted(total, "row", "rows"),
            self.valid.len(),
            self.invalid.len()
        )
    }
}

/// Returns the phone number and the contact of a row.
fn contact(
    columns: &Columns,
    cells: &[String],
    session: &Session<'_>,
) -> Result<(String, Value), String> {
    let mut members = Map::new();
    let mut custom = Map::new();
    let mut phone = String::new();
    for (target, cell) in columns.targets.iter().zip(cells) {
        if cell.is_empty() && *target != Target::Phone {
            continue;
        }
        match target {
            Target::Phone if cell.is_empty() => return Err("no phone number".to_owned()),
            Target::Phone => {
                // An export protects a leading plus sign from spreadsheets.
                let cell = cell.strip_prefix('\'').unwrap_or(cell);
                phone = session.phone(cell).map_err(|failure| failure.to_string())?;
                members.insert("phone".to_owned(), phone.as_str().into());
            }
            Target::Text(name) => {
                members.insert((*name).to_owned(), cell.as_str().into());
            }
            Target::OptedOut => {
                let is_opted_out = match cell.to_lowercase().as_str() {
                    "true" | "yes" | "1" => true,
                    "false" | "no" | "0" => false,
                    _ => return Err(format!("opted out is {cell:?} instead of true or false")),
                };
                members.insert("is_opted_out".to_owned(), is_opted_out.into());
            }
            Target::Custom(id) => {
                custom.insert(id.to_string(), cell.as_str().into());
            }
            Target::Ignored | Target::Unknown(_) => {}
        }
    }
    if !custom.is_empty() {
        members.insert("custom".to_owned(), Value::Object(custom));
    }
    Ok((phone, Value::Object(members)))
}

/// Writes the rows that were not imported, with the reason in a last column. The file
/// has mode 0600.
pub(super) fn write_failures(path: &Path, header: &[String], rows: &[Row]) -> Result<(), Failure> {
    files::refuse_link(path)?;
    let failed = |error: csv::Error| Failure::other(format!("{}: {error}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let reason = String::from("reason");
    writer
        .write_record(header.iter().chain([&reason]))
        .map_err(failed)?;
    for row in rows {
        writer
            .write_record(row.cells.iter().chain([&row.problem]))
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
    let mut file = files::create_private(path)?;
    file.write_all(&bytes)
        .map_err(|error| files::failed(path, error))
}

/// Returns a number with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}
