//! The context of a command: its global options and the terminal.

use crate::failure::Failure;
use crate::globals::Globals;
use crate::output::results::Output;
use crate::output::terminal::Terminal;

/// The context of a command: its global options and the terminal.
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) terminal: Terminal,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        let terminal = Terminal::detect(globals.color);
        Self { globals, terminal }
    }

    /// Checks the output options before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.output().map(drop)
    }

    /// Returns an output that defaults to a table on a terminal and JSON elsewhere.
    pub(crate) fn output(&self) -> Result<Output, Failure> {
        Output::new(&self.globals, &self.terminal)
    }

    /// Returns an output that defaults to JSON even on a terminal, for results
    /// without columns.
    pub(crate) fn json_output(&self) -> Result<Output, Failure> {
        Output::json_by_default(&self.globals, &self.terminal)
    }

    /// Returns an output for a stream of items.
    pub(crate) fn stream(&self) -> Result<Output, Failure> {
        Output::stream(&self.globals, &self.terminal)
    }
}
