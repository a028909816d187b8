//! Tables that fit the terminal.

use anstyle::Style;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::cell::{Formatter, looks_like_phone};
use super::width::{truncate, wrap};
use super::{plain, style};

/// The spaces between columns.
const GAP: usize = 2;
/// A truncated column keeps at least this width.
const MIN: usize = 8;
/// A column of at most this width is truncated only after the longer ones.
const SHORT: usize = 24;

/// The layout of a table: its columns and their widths.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    columns: Vec<Column>,
    is_colored: bool,
}

#[derive(Clone, Debug)]
struct Column {
    path: String,
    title: String,
    width: usize,
    /// Never truncated, since a part of an ID or a phone number is useless.
    is_whole: bool,
}

/// What a table must fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    /// The width of the terminal.
    pub(super) width: usize,
    /// Do not truncate anything.
    pub(super) wide: bool,
    /// Keep the columns without values, since the user named them.
    pub(super) keeps_empty: bool,
    pub(super) is_colored: bool,
}

impl Layout {
    /// Lays out the columns for these rows.
    pub(super) fn new(rows: &[Value], paths: &[String], formatter: &Formatter, fit: Fit) -> Self {
        let mut columns = Vec::new();
        for path in paths {
            let cells: Vec<String> = rows.iter().map(|row| formatter.cell(row, path)).collect();
            // A column without values says nothing.
            if !fit.keeps_empty && !rows.is_empty() && cells.iter().all(String::is_empty) {
                continue;
            }
            let title = title(path);
            let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
            columns.push(Column {
                width: widest.max(title.width()),
                title,
                is_whole: is_key(path) || (widest > 0 && cells.iter().all(|cell| is_whole(cell))),
                path: path.clone(),
            });
        }
        if !fit.wide {
            shrink(&mut columns, fit.width);
        }
        Self {
            columns,
            is_colored: fit.is_colored,
        }
    }

    /// Returns the header line.
    pub(super) fn header(&self) -> String {
        let cells = self.columns.iter();
        self.line(cells.map(|column| (column.title.clone(), style::HEADER)))
    }

    /// Returns the line of a row.
    pub(super) fn row(&self, row: &Value, formatter: &Formatter) -> String {
        let cells = self.columns.iter();
        self.line(cells.map(|column| {
            let cell = formatter.cell(row, &column.path);
            let style = style_of(&column.path, &cell);
            (cell, style)
        }))
    }

    fn line(&self, cells: impl Iterator<Item = (String, Style)>) -> String {
        let mut line = String::new();
        let mut pending = 0;
        for (column, (cell, style)) in self.columns.iter().zip(cells) {
            let cell = if column.is_whole {
                cell
            } else {
                truncate(&cell, column.width)
            };
            let width = cell.width();
            if width > 0 {
                // Spaces at the end of a line are never printed.
                line.extend(std::iter::repeat_n(' ', pending));
                pending = 0;
                if self.is_colored && style != Style::new() {
                    line.push_str(&style::paint(&cell, style));
                } else {
                    line.push_str(&cell);
                }
            }
            pending += column.width.saturating_sub(width) + GAP;
        }
        line
    }
}

/// Formats one object, a line for each member. Long values wrap.
pub(super) fn record(record: &Value, formatter: &Formatter, fit: Fit) -> String {
    let members: Vec<(String, String)> = record
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = match value {
                // Its members matter where there is only one object.
                Value::Object(_) => plain::one_line(&value.to_string()).into_owned(),
                _ => formatter.cell(record, name),
            };
            (plain::one_line(name).into_owned(), value)
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let widest = members.iter().map(|(name, _)| name.width()).max();
    let indent = widest.unwrap_or(0) + GAP;
    let room = fit.width.saturating_sub(indent).max(MIN);
    let mut lines = Vec::new();
    for (name, value) in members {
        let wrapped = if fit.wide {
            vec![value]
        } else {
            wrap(&value, room)
        };
        for (index, part) in wrapped.into_iter().enumerate() {
            let label = if index == 0 { name.as_str() } else { "" };
            let padding = " ".repeat(indent - label.width());
            let label = if fit.is_colored && !label.is_empty() {
                style::paint(label, style::HEADER)
            } else {
                label.to_owned()
            };
            lines.push(format!("{label}{padding}{part}"));
        }
    }
    lines.join("\n")
}

/// Returns the title of a column: `last_msg` is `LAST MSG`.
fn title(path: &str) -> String {
    match path {
        "unread" => "●".to_owned(),
        path => plain::one_line(path)
            .to_uppercase()
            .replace(['_', '.'], " "),
    }
}

/// Returns whether a part of the values of a column is useless.
fn is_key(path: &str) -> bool {
    matches!(
        path,
        "id" | "uuid" | "phone" | "target" | "status" | "unread"
    ) || path.ends_with("_id")
}

/// Returns whether a part of this value is useless: an ID, a phone number, a time.
fn is_whole(cell: &str) -> bool {
    cell.is_empty()
        || looks_like_phone(cell)
        || cell.split(", ").all(looks_like_phone)
        || cell == "now"
        || cell.ends_with(" ago")
        || (cell.len() <= 20
            && cell
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"-: Z".contains(&byte)))
}

fn style_of(path: &str, cell: &str) -> Style {
    match path {
        "status" | "result" => style::of_status(cell),
        "unread" => style::WARN,
        _ => Style::new(),
    }
}

/// Truncates columns until the table fits: the widest first, the short ones last.
/// If that does not suffice, the last columns are left out.
fn shrink(columns: &mut Vec<Column>, width: usize) {
    let short = |columns: &[Column]| {
        let flexible = |column: &Column| !column.is_whole && column.width > SHORT;
        let saved = columns
            .iter()
            .filter(|column| flexible(column))
            .map(|column| column.width - SHORT);
        total(columns) - saved.sum::<usize>()
    };
    if short(columns) > width {
        // A UUID gives way before names are cut.
        columns.retain(|column| column.path != "uuid");
    }
    for least in [SHORT, MIN] {
        while total(columns) > width {
            let widest = columns
                .iter_mut()
                .filter(|column| !column.is_whole && column.width > least)
                .max_by_key(|column| column.width);
            match widest {
                Some(column) => column.width -= 1,
                None => break,
            }
        }
    }
    while total(columns) > width && columns.len() > 2 {
        let flexible = columns.iter().rposition(|column| !column.is_whole);
        columns.remove(flexible.unwrap_or(columns.len() - 1));
    }
}

fn total(columns: &[Column]) -> usize {
    let widths: usize = columns.iter().map(|column| column.width).sum();
    widths + GAP * columns.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fit(width: usize) -> Fit {
        Fit {
            width,
            wide: false,
            keeps_empty: false,
            is_colored: false,
        }
    }

    fn lines(rows: &[Value], columns: &[&str], width: usize) -> Vec<String> {
        let formatter = Formatter::new(true);
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        let layout = Layout::new(rows, &columns, &formatter, fit(width));
        let mut lines = vec![layout.header()];
        lines.extend(rows.iter().map(|row| layout.row(row, &formatter)));
        lines
    }

    #[test]
    fn a_phone_number_is_never_truncated() {
        let rows = [
            json!({"id": 9920, "name": "A rather long name of somebody", "target": "15550100101", "last_msg": "x".repeat(90)}),
        ];
        for width in [20, 40, 60, 80] {
            let lines = lines(&rows, &["id", "name", "target", "last_msg"], width);
            assert!(lines[1].contains("15550100101"), "{width}: {lines:?}");
            assert!(lines[1].starts_with("9920"), "{width}: {lines:?}");
            if width >= 40 {
                assert!(lines.iter().all(|line| line.width() <= width), "{lines:?}");
            }
        }
    }

    #[test]
    fn a_column_without_values_is_left_out() {
        let rows = [json!({"id": 1, "name": ""}), json!({"id": 22})];
        assert_eq!(lines(&rows, &["id", "name"], 80), ["ID", "1", "22"]);
    }
}
