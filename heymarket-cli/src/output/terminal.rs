//! The standard streams, and everything that is written to standard error.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use super::{plain, style};
use crate::failure::Failure;
use crate::globals::ColorMode;

/// The standard streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Whether the user can be asked: standard input and error are a terminal.
    pub(crate) can_ask: bool,
    /// Whether standard output is a terminal.
    pub(crate) shows_output: bool,
    /// Whether standard error is a terminal.
    pub(crate) shows_progress: bool,
    /// Whether results are colored.
    pub(crate) colors_output: bool,
    /// Whether messages are colored.
    pub(crate) colors_messages: bool,
}

impl Terminal {
    /// Inspects the standard streams and the environment.
    pub(crate) fn detect(color: Option<ColorMode>) -> Self {
        let shows_progress = stderr().is_terminal();
        let shows_output = stdout().get_ref().is_terminal();
        Self {
            can_ask: io::stdin().is_terminal() && shows_progress,
            shows_output,
            shows_progress,
            colors_output: style::is_colored(color, shows_output),
            colors_messages: style::is_colored(color, shows_progress),
        }
    }

    /// Returns the width of the terminal in columns.
    pub(crate) fn width(&self) -> usize {
        let of_variable = || std::env::var("COLUMNS").ok()?.parse().ok();
        let of_terminal =
            || terminal_size::terminal_size_of(stdout().get_ref()).map(|(width, _)| width.0);
        let width = of_terminal().or_else(of_variable).unwrap_or(100);
        usize::from(width.max(20))
    }

    /// Returns the height of the terminal in lines.
    pub(crate) fn height(&self) -> usize {
        let size = terminal_size::terminal_size_of(stdout().get_ref());
        size.map_or(24, |(_, height)| usize::from(height.0))
    }

    /// Writes a line to standard error. Line ends and unsafe characters are
    /// escaped.
    pub(crate) fn notice(&self, line: &str) {
        // A failure to write cannot be reported anywhere.
        let _ = writeln!(stderr(), "{}", plain::one_line(line));
    }

    /// Writes an error to standard error, as [`Self::notice`] does.
    pub(crate) fn error(&self, line: &str) {
        let line = plain::one_line(line);
        let line = match line.split_once(": ") {
            Some((program, rest)) if self.colors_messages => {
                format!("{}: {rest}", style::paint(program, style::BAD))
            }
            _ => line.into_owned(),
        };
        let _ = writeln!(stderr(), "{line}");
    }

    /// Asks a yes-or-no question on standard error. Anything but yes is no.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool, Failure> {
        let answer = self.ask(&format!("{question} [y/N]"))?;
        let answer = answer.to_ascii_lowercase();
        Ok(answer == "y" || answer == "yes")
    }

    /// Asks a question on standard error, and returns the line of the answer.
    pub(crate) fn ask(&self, question: &str) -> Result<String, Failure> {
        let mut stderr = stderr();
        let unreadable = |error: io::Error| Failure::other(format!("the terminal: {error}"));
        write!(stderr, "{} ", plain::one_line(question)).map_err(unreadable)?;
        stderr.flush().map_err(unreadable)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(unreadable)?;
        Ok(answer.trim().to_owned())
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
    reason = "the functions of this module escape"
)]
fn stderr() -> io::Stderr {
    io::stderr()
}

/// Standard output, unescaped, for the writer of results only.
#[expect(clippy::disallowed_methods, reason = "the writer of results escapes")]
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}
