//! The sandbox inside of this program.

use std::path::Path;

use heymarket_api::Client;

use crate::failure::Failure;

/// A sandbox that runs as long as the command does.
pub(crate) struct Embedded {
    client: Client,
    url: String,
}

impl Embedded {
    /// Starts one with demo data, or with what the file holds.
    pub(crate) async fn start(_state: Option<&Path>) -> Result<Self, Failure> {
        Err(Failure::other("the sandbox is not there yet"))
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it, and saves what it holds.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        Ok(())
    }
}
