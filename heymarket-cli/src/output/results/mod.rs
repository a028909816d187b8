//! Results on standard output, in the requested format.

mod formats;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::globals::{Format, Globals};
use crate::output::cell::Formatter;
use crate::output::jq::Filter;
use crate::output::json;
use crate::output::names::{self, Names};
use crate::output::rows::{self, Sort};
use crate::output::shape::Shape;
use crate::output::table::Layout;
use crate::output::template::Template;
use crate::output::terminal::Terminal;
use crate::output::writer::Writer;

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
