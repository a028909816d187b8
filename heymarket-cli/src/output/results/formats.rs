//! Rows in the formats that are no JSON: templates, tables and CSV.

use serde_json::Value;

use super::Output;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::output::table::{self, Fit, Layout};
use crate::output::{cell, csv_rows, names, plain, rows};

impl Output {
    pub(super) fn rendered(&mut self, items: &[String]) -> Result<(), Failure> {
        let Some(template) = &self.template else {
            return Ok(());
        };
        let mut lines = Vec::new();
        for item in items {
            let mut row = rows::value(item)?;
            self.add_names(&mut row);
            lines.push(template.render(&row)?);
        }
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Puts objects with ID and name in place of the IDs of inboxes and members.
    fn add_names(&self, row: &mut Value) {
        for (member, value) in row.as_object_mut().into_iter().flatten() {
            if let Some(id) = value.as_i64()
                && names::is_reference(member)
            {
                let name = self.formatter.names.of(member, id);
                *value = serde_json::json!({"id": id, "name": name});
            }
        }
    }

    pub(super) fn table(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        let value = rows::value(json)?;
        match (rows::of(&value, shape), &value) {
            (Some(rows), _) if rows.is_empty() => {
                self.terminal.notice("no results");
                Ok(())
            }
            (Some(rows), _) if rows.iter().all(Value::is_object) => {
                let mut rows = rows.clone();
                if let Some(sort) = &self.sort {
                    sort.apply(&mut rows, |row| row, &self.formatter);
                }
                self.layout = None;
                self.lines(&rows, shape)
            }
            (_, Value::Object(_)) => {
                let text = table::record(&value, &self.formatter, self.fit());
                self.trusted_line(&text)
            }
            _ => self.line(&plain::one_line(&cell::text(Some(&value)))),
        }
    }

    /// Writes rows of a table that grows. The first rows decide on its layout.
    pub(super) fn grow(&mut self, items: &[String], shape: Shape) -> Result<(), Failure> {
        let rows: Vec<Value> = items
            .iter()
            .map(|item| rows::value(item))
            .collect::<Result<_, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.lines(&rows, shape)
    }

    fn lines(&mut self, rows: &[Value], shape: Shape) -> Result<(), Failure> {
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => {
                let columns = self.columns(rows, shape);
                let layout = Layout::new(rows, &columns, &self.formatter, self.fit());
                self.trusted_line(&layout.header())?;
                layout
            }
        };
        for row in rows {
            self.trusted_line(&layout.row(row, &self.formatter))?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    /// Returns the columns to show: those of `--columns`, with `--wide` all, else
    /// the default ones.
    fn columns(&self, rows: &[Value], shape: Shape) -> Vec<String> {
        let mut columns = self.named_columns(shape);
        if self.columns.is_empty() && (self.is_wide || columns.is_empty()) {
            for row in rows {
                for (name, value) in row.as_object().into_iter().flatten() {
                    let is_plain = !value.is_object() && !value.is_array();
                    if is_plain && !columns.contains(name) {
                        columns.push(name.clone());
                    }
                }
            }
        }
        columns
    }

    fn fit(&self) -> Fit {
        Fit {
            width: self.terminal.width(),
            wide: self.is_wide,
            keeps_empty: !self.columns.is_empty(),
            is_colored: self.terminal.colors_output,
        }
    }

    pub(super) fn csv(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        let row = rows::value(json)?;
        let columns = self.named_columns(shape);
        let mut text = String::new();
        if !std::mem::replace(&mut self.has_csv_header, true) {
            text.push_str(&csv_rows::line(&columns)?);
        }
        let cells: Vec<String> = columns
            .iter()
            .map(|column| {
                let value = self.formatter.field(&row, column);
                let cell = csv_rows::cell(value.as_deref(), self.is_raw_csv);
                if self.terminal.shows_output {
                    plain::one_line(&cell).into_owned()
                } else {
                    cell
                }
            })
            .collect();
        text.push_str(&csv_rows::line(&cells)?);
        self.text(&text)
    }

    /// Returns the columns of `--columns`, else the default ones.
    fn named_columns(&self, shape: Shape) -> Vec<String> {
        if self.columns.is_empty() {
            shape.columns.iter().map(|&name| name.to_owned()).collect()
        } else {
            self.columns.clone()
        }
    }
}
