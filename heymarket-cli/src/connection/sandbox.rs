//! The in-process sandbox.

use std::path::Path;

use heymarket_api::{Client, Credentials};
use heymarket_sandbox::{Error, Sandbox};

use crate::failure::Failure;

/// An in-process sandbox that runs until the command ends.
pub(crate) struct EmbeddedSandbox(Sandbox);

impl EmbeddedSandbox {
    /// Starts a sandbox with demo data, or with the state in a file.
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

    pub(crate) fn credentials(&self) -> Credentials {
        self.0.credentials()
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    /// Saves the state and stops the sandbox.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.0.stop().await.map_err(failure)
    }
}

/// Converts an error of the sandbox.
pub(crate) fn failure(error: Error) -> Failure {
    Failure::other(format!("the sandbox: {error}"))
}
