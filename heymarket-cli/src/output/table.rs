//! Tables as wide as the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

use super::cell;

/// Rows below a header; what is too wide is cut.
pub(super) fn rows(rows: &[Value], columns: &[&str], width: u16, now: Timestamp) -> String {
    // A column without a value in any row says nothing.
    let columns: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|column| {
            rows.iter()
                .any(|row| !cell::for_people(cell::member(row, column), now).is_empty())
        })
        .collect();
    let mut table = table(width);
    let header = columns
        .iter()
        .map(|column| column.to_uppercase().replace('_', " "));
    table.set_header(header);
    for row in rows {
        let cells = columns
            .iter()
            .map(|column| cell::for_people(cell::member(row, column), now));
        table.add_row(cut(Row::from(cells), 1));
    }
    pad(&mut table);
    // An id that is cut is of no use.
    for (index, column) in columns.iter().enumerate() {
        if (*column == "id" || *column == "uuid")
            && let Some(column) = table.column_mut(index)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    text(&table)
}

/// One thing, a line for each of its members.
pub(super) fn record(record: &Value, width: u16, now: Timestamp) -> String {
    let mut table = table(width);
    for (name, value) in record.as_object().into_iter().flatten() {
        let value = match value {
            // What is inside is of interest where there is only one thing.
            Value::Object(_) => value.to_string(),
            value => cell::for_people(Some(value), now),
        };
        let value = super::plain::one_line(&value).into_owned();
        if !value.is_empty() {
            table.add_row(cut(Row::from([name.as_str(), &value]), 4));
        }
    }
    pad(&mut table);
    text(&table)
}

/// A row that is no higher than so many lines.
fn cut(mut row: Row, lines: usize) -> Row {
    row.max_height(lines);
    row
}

fn table(width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_truncation_indicator("…");
    table
}

/// Two spaces between columns and none before the first.
fn pad(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
}

/// The lines, without the spaces at their ends.
fn text(table: &Table) -> String {
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
