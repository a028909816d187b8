//! The sandbox inside of this program.

use std::path::Path;

use heymarket_api::Client;
use heymarket_sandbox::{Error, Sandbox};

use crate::failure::Failure;

/// A sandbox that runs as long as the command does.
pub(crate) struct Embedded(Sandbox);

impl Embedded {
    /// Starts one with demo data, or with what the file holds.
    pub(crate) async fn start(state: Option<&Path>) -> Result<Self, Failure> {
        let mut builder = Sandbox::builder();
        if let Some(path) = state {
            builder = builder.state_file(path);
        }
        let sandbox = builder.start().await.map_err(failure)?;
        Ok(Self(sandbox))
    }

    pub(crate) fn client(&self) -> Client {
        self.0.client()
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    /// Stops it, and saves what it holds.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.0.stop().await.map_err(failure)
    }
}

/// What a sandbox failed of.
pub(crate) fn failure(error: Error) -> Failure {
    Failure::other(format!("the sandbox: {error}"))
}
