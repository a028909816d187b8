//! What every command is given.

use crate::cli::Globals;
use crate::connection::server::Server;
use crate::connection::{self, Connection};
use crate::failure::Failure;
use crate::output::{Output, Terminal};
use crate::safety;

/// What every command is given: the options of all commands, the terminal, and
/// through them the way to the API and to standard output.
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) terminal: Terminal,
}

impl Context {
    pub(crate) fn new(globals: Globals) -> Self {
        Self {
            globals,
            terminal: Terminal::detect(),
        }
    }

    /// Finds what is wrong with how results are wanted, before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.output().map(drop)
    }

    /// The way to the API: a client, after the flags, the environment and the
    /// profile, in this order.
    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        let connection = connection::open(&self.globals, &self.terminal).await?;
        safety::debug_connection(self, &connection);
        Ok(connection)
    }

    /// Returns the server that a request would go to. Needs no credentials.
    pub(crate) fn server(&self) -> Result<Server, Failure> {
        connection::server(&self.globals, &self.terminal)
    }

    /// Returns an output for results without columns: JSON by default, even on a
    /// terminal.
    pub(crate) fn json_output(&self) -> Result<Output, Failure> {
        Output::json_by_default(&self.globals, &self.terminal)
    }

    /// Where items go as they come.
    pub(crate) fn stream(&self) -> Result<Output, Failure> {
        Output::stream(&self.globals, &self.terminal)
    }

    /// Where results go, in the format that was asked for.
    pub(crate) fn output(&self) -> Result<Output, Failure> {
        Output::new(&self.globals, &self.terminal)
    }
}
