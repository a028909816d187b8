//! Results: what goes to standard output, and how.

mod terminal;

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::cli::{Format, Globals};
use crate::failure::Failure;

pub(crate) use terminal::Terminal;

/// Standard output, in the format that was asked for.
pub(crate) struct Output {
    pub(crate) format: Format,
    writer: BufWriter<StdoutLock<'static>>,
}

impl Output {
    pub(crate) fn new(globals: &Globals, terminal: &Terminal) -> Result<Self, Failure> {
        let by_default = if terminal.shows_output {
            Format::Table
        } else {
            Format::Json
        };
        let format = match globals.format {
            Some(format) => format,
            None if globals.json || globals.jq.is_some() => Format::Json,
            None => by_default,
        };
        Ok(Self {
            format,
            writer: BufWriter::new(io::stdout().lock()),
        })
    }

    /// Writes a line as it is.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.writer, "{line}").map_err(Failure::Output)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(bytes).map_err(Failure::Output)
    }

    /// Sees to it that all is written. Without it, nothing is.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::Output)
    }
}
