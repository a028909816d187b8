//! Tables as wide as the terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

use super::cell;

/// A value of so many characters is short; a time is.
const SHORT: u16 = 30;
/// So many characters are left of a long text.
const LEAST: u16 = 8;
/// The spaces between columns.
const GAP: u16 = 2;

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
    keep_whole(&mut table, &columns, width);
    text(&table)
}

/// Short values are not cut while long texts can be, and where that is not
/// enough, ids and times at least are not: a part of one is of no use.
fn keep_whole(table: &mut Table, columns: &[&str], width: u16) {
    let contents = table.column_max_content_widths();
    let is_id = |column: &str| matches!(column, "id" | "uuid");
    let is_short = |_: &str, content: u16| content <= SHORT;
    let is_key = |column: &str, _: u16| is_id(column) || is_time(column);
    let is_only_id = |column: &str, _: u16| is_id(column);
    let choices: [IsWhole<'_>; 3] = [&is_short, &is_key, &is_only_id];
    let fits = |is_whole: IsWhole<'_>| {
        let widths = columns.iter().zip(&contents).map(|(column, content)| {
            if is_whole(column, *content) {
                content + GAP
            } else {
                LEAST.min(content + GAP)
            }
        });
        widths.fold(0, u16::saturating_add) <= width
    };
    let is_whole = choices.into_iter().find(|is_whole| fits(*is_whole));
    let is_whole = is_whole.unwrap_or(&is_only_id);
    for (index, (column, content)) in columns.iter().zip(&contents).enumerate() {
        if is_whole(column, *content)
            && let Some(column) = table.column_mut(index)
        {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Whether the column of a name, whose values are so wide, is not to be cut.
type IsWhole<'a> = &'a dyn Fn(&str, u16) -> bool;

fn is_time(column: &str) -> bool {
    matches!(column, "created" | "date" | "execute" | "updated") || column.ends_with("_at")
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
            let name = super::plain::one_line(name);
            table.add_row(cut(Row::from([name.as_ref(), &value]), 4));
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
        column.set_padding((0, GAP));
    }
}

/// The lines, without the spaces at their ends.
fn text(table: &Table) -> String {
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
