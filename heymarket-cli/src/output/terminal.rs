//! What the standard streams are, and the words to the user.

use std::io::{self, IsTerminal as _, Write as _};

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
        let shows_progress = io::stderr().is_terminal();
        Self {
            can_ask: io::stdin().is_terminal() && shows_progress,
            shows_output: io::stdout().is_terminal(),
            shows_progress,
        }
    }

    /// How many columns a table may have.
    pub(crate) fn width(&self) -> u16 {
        let of_variable = || std::env::var("COLUMNS").ok()?.parse().ok();
        let of_terminal =
            || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        of_terminal().or_else(of_variable).unwrap_or(100).max(20)
    }

    /// Says a line on standard error.
    pub(crate) fn say(&self, line: &str) {
        // Nobody is left to tell that nobody reads.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Asks a question on standard error; anything but a yes is a no.
    pub(crate) fn ask(&self, question: &str) -> Result<bool, Failure> {
        let mut stderr = io::stderr();
        let unreadable = |error: io::Error| Failure::other(format!("the terminal: {error}"));
        write!(stderr, "{question} [y/N] ").map_err(unreadable)?;
        stderr.flush().map_err(unreadable)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(unreadable)?;
        let answer = answer.trim().to_ascii_lowercase();
        Ok(answer == "y" || answer == "yes")
    }
}
