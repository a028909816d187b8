//! Results on standard output, in the requested format.

use serde_json::Value;
use serde_json::value::RawValue;

use super::cell::{self, Formatter};
use super::jq::Filter;
use super::names::{self, Names};
use super::rows::{self, Sort};
use super::shape::Shape;
use super::table::{self, Fit, Layout};
use super::template::Template;
use super::terminal::Terminal;
use super::writer::Writer;
use super::{csv_rows, json, plain};
use crate::failure::Failure;
use crate::globals::{Format, Globals};

/// Rejects options that the format would ignore.
fn check(globals: &Globals, format: Format) -> Result<(), Failure> {
    let is_json = matches!(format, Format::Json | Format::Jsonl);
    let problem = if globals.raw_csv && format != Format::Csv {
        "--raw-csv requires --format csv"
    } else if !globals.columns.is_empty() && (is_json || globals.render.is_some()) {
        "--columns requires --format table or csv"
    } else if globals.sort.is_some() && globals.jq.is_some() {
        "--sort cannot be combined with --jq; use sort_by in the expression"
    } else if globals.sort.is_some() && format == Format::Json && globals.render.is_none() {
        "--sort requires --format table, csv or jsonl"
    } else {
        return Ok(());
    };
    Err(Failure::usage(problem))
}

/// Standard output, in the requested format.
pub(crate) struct Output {
    pub(crate) format: Format,
    filter: Option<Filter>,
    template: Option<Template>,
    columns: Vec<String>,
    sort: Option<Sort>,
    is_wide: bool,
    is_raw_csv: bool,
    formatter: Formatter,
    terminal: Terminal,
    /// The layout of a stream, once its first rows are written.
    layout: Option<Layout>,
    has_csv_header: bool,
    writer: Writer,
}

impl Output {
    /// Creates an output for one answer: by default a table on a terminal, else
    /// JSON.
    pub(crate) fn new(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        let default = if terminal.shows_output {
            Format::Table
        } else {
            Format::Json
        };
        Self::with_default(globals, terminal, default)
    }

    /// Creates an output for an answer without known columns: by default JSON.
    pub(crate) fn json_by_default(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        Self::with_default(globals, terminal, Format::Json)
    }

    /// Creates an output for a stream of items: by default a growing table on a
    /// terminal, else lines of JSON.
    pub(crate) fn stream(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        let default = if terminal.shows_output {
            Format::Table
        } else {
            Format::Jsonl
        };
        let mut output = Self::with_default(globals, terminal, default)?;
        if output.format == Format::Json {
            output.format = Format::Jsonl;
        }
        output.writer.stream()?;
        Ok(output)
    }

    fn with_default(
        globals: &Globals,
        terminal: &Terminal,
        default: Format,
    ) -> Result<Self, Failure> {
        let format = match globals.format {
            Some(format) => format,
            None if globals.json || globals.jq.is_some() => Format::Json,
            None => default,
        };
        check(globals, format)?;
        let expression = globals.jq.as_deref();
        let template = globals.render.as_deref();
        Ok(Self {
            format,
            filter: expression.map(Filter::compile).transpose()?,
            template: template.map(Template::compile).transpose()?,
            columns: globals.columns.clone(),
            sort: globals.sort.as_deref().map(Sort::parse),
            is_wide: globals.wide,
            is_raw_csv: globals.raw_csv,
            formatter: Formatter::new(globals.utc),
            terminal: *terminal,
            layout: None,
            has_csv_header: false,
            writer: Writer::new(terminal, true),
        })
    }

    /// Returns whether the output shows names in place of the IDs of these rows, so
    /// that [`Self::set_names`] is worth a lookup.
    pub(crate) fn needs_names(&self, json: &[u8], shape: Shape) -> bool {
        let shows_names = match (&self.filter, &self.template, self.format) {
            (Some(_), ..) => false,
            (None, Some(_), _) | (None, None, Format::Table) => true,
            (None, None, Format::Csv) => self.columns.iter().any(|path| path.ends_with(".name")),
            (None, None, Format::Json | Format::Jsonl) => false,
        };
        let Some(answer) = shows_names.then(|| serde_json::from_slice::<Value>(json).ok()) else {
            return false;
        };
        let answer = answer.unwrap_or_default();
        let has_ids = |row: &Value| {
            let members = row.as_object().into_iter().flatten();
            let mut ids = members.filter(|(name, value)| {
                names::is_reference(name) && value.as_i64().is_some_and(|id| id != 0)
            });
            ids.next().is_some()
        };
        match rows::of(&answer, shape) {
            Some(rows) => rows.iter().any(has_ids),
            None => has_ids(&answer),
        }
    }

    /// Sets the names to show in place of IDs.
    pub(crate) fn set_names(&mut self, names: Names) {
        self.formatter.names = names;
    }

    /// Returns the formatter of cells.
    pub(crate) fn formatter(&self) -> &Formatter {
        &self.formatter
    }

    /// Returns whether all items have to be known before the first is written.
    pub(crate) fn needs_all_items(&self) -> bool {
        let filter = self.filter.as_ref();
        self.sort.is_some() || filter.is_some_and(Filter::reads_inputs)
    }

    /// Writes the body of an answer: JSON, a word without its quotes, or nothing.
    pub(crate) fn answer(&mut self, body: &[u8], shape: Shape) -> Result<(), Failure> {
        if let Ok(json) = serde_json::from_slice::<Box<RawValue>>(body) {
            return self.json(json.get(), shape);
        }
        let word = String::from_utf8_lossy(body);
        let value = match word.trim() {
            "" => Value::Null,
            word => word.into(),
        };
        self.json(&value.to_string(), shape)
    }

    /// Writes a JSON text.
    pub(crate) fn json(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        if self.filter.is_some() {
            return self.filtered(&[json.to_owned()]);
        }
        if self.template.is_none() {
            match self.format {
                Format::Json => return self.line(&json::pretty(json)),
                Format::Table => return self.table(json, shape),
                Format::Jsonl | Format::Csv => {}
            }
        }
        let mut items = rows::texts(json, shape)?;
        self.sort_texts(&mut items)?;
        self.rows(&items, shape)
    }

    /// Writes items of a stream.
    pub(crate) fn items(&mut self, items: &[String], shape: Shape) -> Result<(), Failure> {
        if self.filter.is_some() {
            return self.filtered(items);
        }
        if self.sort.is_some() {
            let mut items = items.to_vec();
            self.sort_texts(&mut items)?;
            return self.rows(&items, shape);
        }
        self.rows(items, shape)
    }

    /// Writes rows, each a JSON text, in their order.
    fn rows(&mut self, items: &[String], shape: Shape) -> Result<(), Failure> {
        if self.template.is_some() {
            return self.rendered(items);
        }
        match self.format {
            Format::Csv => items.iter().try_for_each(|item| self.csv(item, shape)),
            Format::Table => self.grow(items, shape),
            Format::Json | Format::Jsonl => items
                .iter()
                .try_for_each(|item| self.line(&json::compact(item))),
        }
    }

    fn sort_texts(&self, items: &mut Vec<String>) -> Result<(), Failure> {
        let Some(sort) = &self.sort else {
            return Ok(());
        };
        let mut rows = Vec::new();
        for item in items.drain(..) {
            rows.push((rows::value(&item)?, item));
        }
        sort.apply(&mut rows, |(row, _)| row, &self.formatter);
        items.extend(rows.into_iter().map(|(_, item)| item));
        Ok(())
    }

    fn filtered(&mut self, items: &[String]) -> Result<(), Failure> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        for text in filter.run(items)? {
            self.line(&text)?;
        }
        Ok(())
    }

    fn rendered(&mut self, items: &[String]) -> Result<(), Failure> {
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

    fn table(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
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
    fn grow(&mut self, items: &[String], shape: Shape) -> Result<(), Failure> {
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

    fn csv(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
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

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes text. On a terminal, unsafe characters are escaped; elsewhere the
    /// text is unmodified.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.writer.text(text)
    }

    /// Writes a line that is escaped already and may hold colors.
    pub(crate) fn trusted_line(&mut self, line: &str) -> Result<(), Failure> {
        self.writer.trusted(line)?;
        self.writer.trusted("\n")
    }

    /// Writes what follows at once, without a pager.
    pub(crate) fn unpaged(&mut self) -> Result<(), Failure> {
        self.writer.stream()
    }

    /// Flushes what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush()
    }

    /// Flushes everything, through a pager if it is longer than the screen.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.writer.finish()
    }
}
