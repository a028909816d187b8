//! Standard output. On a terminal, unsafe characters are escaped, and long texts
//! go through a pager.

use std::io::{BufWriter, StdoutLock, Write as _};

use super::terminal::{self, Terminal};
use super::{pager, plain};
use crate::failure::Failure;

/// Standard output.
pub(super) struct Writer {
    out: BufWriter<StdoutLock<'static>>,
    /// Escape what acts on a terminal.
    is_terminal: bool,
    /// The text so far, to decide whether it needs a pager.
    pending: Option<String>,
    rows: usize,
}

impl Writer {
    /// Creates a writer. Text that is to be paged is kept until [`Self::finish`].
    pub(super) fn new(terminal: &Terminal, pages: bool) -> Self {
        let is_terminal = terminal.shows_output;
        Self {
            out: terminal::stdout(),
            is_terminal,
            pending: (pages && is_terminal).then(String::new),
            rows: terminal.height(),
        }
    }

    /// Stops keeping text for a pager, since more comes later.
    pub(super) fn stream(&mut self) -> Result<(), Failure> {
        match self.pending.take() {
            Some(text) => self.put(&text),
            None => Ok(()),
        }
    }

    /// Writes text from elsewhere.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        let shown = if self.is_terminal {
            plain::lines(text)
        } else {
            text.into()
        };
        self.trusted(&shown)
    }

    /// Writes text that is escaped already and may hold the colors of this program.
    pub(super) fn trusted(&mut self, text: &str) -> Result<(), Failure> {
        match &mut self.pending {
            Some(pending) => {
                pending.push_str(text);
                Ok(())
            }
            None => self.put(text),
        }
    }

    fn put(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(Failure::Output)
    }

    /// Flushes what was written.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::Output)
    }

    /// Writes what is pending, through a pager if it is longer than the screen.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        if let Some(text) = self.pending.take() {
            let is_long = text.lines().count() > self.rows;
            if !(is_long && pager::show(&text)) {
                self.put(&text)?;
            }
        }
        self.flush()
    }
}
