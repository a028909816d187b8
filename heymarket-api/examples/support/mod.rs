//! What the examples share: a client of the API where the environment has
//! credentials, and of a sandbox within the program where it has none.

use std::error::Error;

use heymarket_api::{Client, ClientBuilder, Credentials};
use heymarket_sandbox::Sandbox;

/// A client, and the sandbox that it calls.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Dropping it ends the sandbox.
    _sandbox: Option<Sandbox>,
}

/// Connects, with changes of the client's configuration.
pub(crate) async fn connect(
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Connection, Box<dyn Error>> {
    let variables = [
        "HEYMARKET_API_SECRET_ID",
        "HEYMARKET_API_SECRET_KEY",
        "HEYMARKET_API_KEY",
    ];
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if variables.into_iter().any(is_set) {
        let mut builder = Client::builder(Credentials::from_env()?);
        if let Ok(url) = std::env::var("HEYMARKET_BASE_URL") {
            builder = builder.base_url(url);
        }
        return Ok(Connection {
            client: configure(builder).build()?,
            _sandbox: None,
        });
    }
    eprintln!("no credentials in the environment: calling an embedded sandbox with demo data");
    let sandbox = Sandbox::start().await?;
    let builder = Client::builder(sandbox.credentials()).base_url(sandbox.url());
    Ok(Connection {
        client: configure(builder).build()?,
        _sandbox: Some(sandbox),
    })
}
