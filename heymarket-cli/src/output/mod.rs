//! Results: what goes to standard output, and how.

mod cell;
mod jq;
pub(crate) mod json;
pub(crate) mod plain;
mod progress;
mod table;
mod terminal;

use std::io::{BufWriter, StdoutLock, Write as _};

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::{Format, Globals};
use crate::failure::Failure;
use jq::Filter;

pub(crate) use progress::Progress;
pub(crate) use terminal::{Log, Terminal};

/// How an answer is laid out as a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The member of the answer that holds the rows.
    pub(crate) items: Option<&'static str>,
    /// The members of a row that matter.
    pub(crate) columns: &'static [&'static str],
}

/// Standard output, in the format that was asked for.
pub(crate) struct Output {
    pub(crate) format: Format,
    filter: Option<Filter>,
    /// Whether CSV cells that look like formulas are left as they are.
    is_raw_csv: bool,
    terminal: Terminal,
    /// Whether a header of a stream was written.
    has_header: bool,
    writer: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// For one answer; by default a table on a terminal, and else JSON.
    pub(crate) fn new(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        let by_default = if terminal.shows_output {
            Format::Table
        } else {
            Format::Json
        };
        Self::with_default(globals, terminal, by_default)
    }

    /// For an answer that nothing is known of.
    pub(crate) fn json_by_default(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        Self::with_default(globals, terminal, Format::Json)
    }

    /// For items as they come; by default a line of JSON for each.
    pub(crate) fn stream(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        let mut output = Self::with_default(globals, terminal, Format::Jsonl)?;
        if output.format == Format::Json {
            output.format = Format::Jsonl;
        }
        Ok(output)
    }

    fn with_default(
        globals: &Globals,
        terminal: &Terminal,
        by_default: Format,
    ) -> Result<Self, Failure> {
        let format = match globals.format {
            Some(format) => format,
            None if globals.json || globals.jq.is_some() => Format::Json,
            None => by_default,
        };
        if globals.raw_csv && format != Format::Csv {
            return Err(Failure::usage("--raw-csv goes with --format csv"));
        }
        let expression = globals.jq.as_deref();
        Ok(Self {
            format,
            filter: expression.map(Filter::compile).transpose()?,
            is_raw_csv: globals.raw_csv,
            terminal: *terminal,
            has_header: false,
            writer: terminal::stdout(),
        })
    }

    /// Writes the body of an answer that the library took for one: JSON, a word
    /// without its quotes, or nothing.
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
            return self.filtered(json);
        }
        match self.format {
            Format::Json => self.line(&json::pretty(json)),
            Format::Jsonl => {
                for item in items(json, shape)? {
                    self.line(&json::compact(&item))?;
                }
                Ok(())
            }
            Format::Csv => {
                for item in items(json, shape)? {
                    self.csv(&item, shape)?;
                }
                Ok(())
            }
            Format::Table => self.table(json, shape),
        }
    }

    /// Writes an item of a stream.
    pub(crate) fn item(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        if self.filter.is_some() {
            return self.filtered(json);
        }
        match self.format {
            Format::Csv => self.csv(json, shape),
            Format::Table => self.table_row(json, shape),
            Format::Json | Format::Jsonl => self.line(&json::compact(json)),
        }
    }

    fn filtered(&mut self, json: &str) -> Result<(), Failure> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        for text in filter.run(json)? {
            self.line(&text)?;
        }
        Ok(())
    }

    fn table(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        let value = value(json)?;
        let (width, now) = (self.terminal.width(), Timestamp::now());
        let rows = match &value {
            Value::Array(rows) => Some(rows),
            Value::Object(members) => shape
                .items
                .and_then(|name| members.get(name))
                .or_else(|| wrapped(members, shape))
                .and_then(Value::as_array),
            _ => None,
        };
        match (rows, &value) {
            (Some(rows), _) if rows.is_empty() => {
                self.terminal.say("nothing there");
                Ok(())
            }
            (Some(rows), _) if rows.iter().all(Value::is_object) => {
                self.line(&table::rows(rows, shape.columns, width, now))
            }
            (_, Value::Object(_)) => self.line(&table::record(&value, width, now)),
            _ => self.line(&cell::for_people(Some(&value), now)),
        }
    }

    /// A row of a table that is not known whole, and so has fixed columns.
    fn table_row(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        let row = value(json)?;
        let now = Timestamp::now();
        if !self.has_header {
            self.has_header = true;
            self.line(&shape.columns.join("\t").to_uppercase())?;
        }
        let cells = shape.columns.iter();
        let cells = cells.map(|column| cell::for_people(cell::member(&row, column), now));
        self.line(&cells.collect::<Vec<_>>().join("\t"))
    }

    fn csv(&mut self, json: &str, shape: Shape) -> Result<(), Failure> {
        let row = value(json)?;
        let is_first = !std::mem::replace(&mut self.has_header, true);
        let shown = |value: Option<&Value>| {
            let text = if self.is_raw_csv {
                cell::for_programs(value)
            } else {
                cell::for_spreadsheets(value)
            };
            if self.terminal.shows_output {
                plain::one_line(&text).into_owned()
            } else {
                text
            }
        };
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        let failed = |error: csv::Error| Failure::other(format!("CSV: {error}"));
        if is_first {
            writer.write_record(shape.columns).map_err(failed)?;
        }
        let cells = shape.columns.iter();
        let cells = cells.map(|column| shown(cell::member(&row, column)));
        writer.write_record(cells).map_err(failed)?;
        let bytes = writer
            .into_inner()
            .map_err(|error| Failure::other(format!("CSV: {error}")))?;
        self.text(&String::from_utf8_lossy(&bytes))
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes text. All output goes through here. On a terminal, unsafe characters
    /// are escaped; elsewhere the text is written as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        let shown = if self.terminal.shows_output {
            plain::lines(text)
        } else {
            text.into()
        };
        self.writer
            .write_all(shown.as_bytes())
            .map_err(Failure::Output)
    }

    /// Sees to it that what was written so far is seen.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::Output)
    }

    /// Sees to it that all is written.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush()
    }
}

/// The items of an answer as JSON texts; of one that is no list, itself.
fn items(json: &str, shape: Shape) -> Result<Vec<String>, Failure> {
    let text = |item: Box<RawValue>| item.get().to_owned();
    if let Ok(items) = serde_json::from_str::<Vec<Box<RawValue>>>(json) {
        return Ok(items.into_iter().map(text).collect());
    }
    let value = value(json)?;
    let members = value.as_object();
    let rows = members.and_then(|members| {
        let named = shape.items.and_then(|name| members.get(name));
        named.or_else(|| wrapped(members, shape))
    });
    Ok(match rows.and_then(Value::as_array) {
        Some(rows) => rows.iter().map(Value::to_string).collect(),
        None => vec![json.to_owned()],
    })
}

/// The value of a JSON text, for what has to look inside.
fn value(json: &str) -> Result<Value, Failure> {
    serde_json::from_str(json).map_err(|_| {
        Failure::other("the answer has a number that no table can hold; take it with --json")
    })
}

/// The only array of objects in an answer that is not a row itself: some lists
/// come with an object around them.
fn wrapped(members: &serde_json::Map<String, Value>, shape: Shape) -> Option<&Value> {
    let is_row = shape
        .columns
        .iter()
        .any(|column| members.contains_key(*column));
    let mut lists = members.values().filter(|value| value.is_array());
    let list = lists.next()?;
    (!is_row && members.len() == 1).then_some(list)
}
