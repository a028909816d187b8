//! The standard streams, and everything that is written to standard error.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use super::plain;
use crate::failure::Failure;

/// The standard streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether somebody can be asked: both ways are a terminal.
    pub(crate) can_ask: bool,
    /// Whether results are read by a person.
    pub(crate) shows_output: bool,
    /// Whether progress can be shown.
    pub(crate) shows_progress: bool,
}

impl Terminal {
    pub(crate) fn detect() -> Self {
        let shows_progress = stderr().is_terminal();
        Self {
            can_ask: io::stdin().is_terminal() && shows_progress,
            shows_output: stdout().get_ref().is_terminal(),
            shows_progress,
        }
    }

    /// How many columns a table may have.
    pub(crate) fn width(&self) -> u16 {
        let of_variable = || std::env::var("COLUMNS").ok()?.parse().ok();
        let of_terminal =
            || terminal_size::terminal_size_of(stdout().get_ref()).map(|(width, _)| width.0);
        of_terminal().or_else(of_variable).unwrap_or(100).max(20)
    }

    /// Writes a line to standard error. Line ends and unsafe characters in it are
    /// escaped.
    pub(crate) fn say(&self, line: &str) {
        // There is no place to report this to.
        let _ = writeln!(stderr(), "{}", plain::one_line(line));
    }

    /// Asks a question on standard error; anything but a yes is a no.
    pub(crate) fn ask(&self, question: &str) -> Result<bool, Failure> {
        let mut stderr = stderr();
        let unreadable = |error: io::Error| Failure::other(format!("the terminal: {error}"));
        write!(stderr, "{} [y/N] ", plain::one_line(question)).map_err(unreadable)?;
        stderr.flush().map_err(unreadable)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(unreadable)?;
        let answer = answer.trim().to_ascii_lowercase();
        Ok(answer == "y" || answer == "yes")
    }
}

/// Standard error for text of several lines, such as a log. Unsafe characters are
/// escaped.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let shown = String::from_utf8_lossy(text);
        stderr().write_all(plain::lines(&shown).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writers in this module escape"
)]
fn stderr() -> io::Stderr {
    io::stderr()
}

/// Standard output, unescaped, for [`Output`](super::Output) only.
#[expect(clippy::disallowed_methods, reason = "Output escapes what it writes")]
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}
