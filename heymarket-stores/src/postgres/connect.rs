//! Connects to PostgreSQL, with TLS where the URL or the server asks for it.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{chain, failed};
use super::schema;
use crate::error::{Error, ErrorKind};

/// How long a server may take to accept a connection, and to be ready for work.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the system retransmits to a server that is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The isolation that all work here is written for, whatever the default of the database: what waits
/// for a lock then sees what was committed before. With another, a limit would count too little.
pub(crate) const READ_COMMITTED: &str =
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// A server and a database.
#[derive(Clone)]
pub(crate) struct Postgres {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
    address: String,
}

impl Postgres {
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse().map_err(|_| {
            // The driver's error quotes a URL of another scheme, with its password.
            let text = "invalid URL of PostgreSQL; expected postgres://USER@HOST:PORT/DATABASE";
            Error::new(ErrorKind::Configuration, text)
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(USER_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("heymarket");
        }
        let tls = ClientConfig::with_platform_verifier().map_err(|error| {
            let text = format!("cannot use the certificates of this system: {error}");
            Error::new(ErrorKind::Configuration, text)
        })?;
        Ok(Self {
            address: address(&config),
            config,
            tls: MakeRustlsConnect::new(tls),
        })
    }

    /// Returns the kind of the store and the address, without user and password.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Connects. A task drives the connection until the client is dropped.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, connection) = connected.map_err(|error| failed(&self.address, &error))?;
        let address: Arc<str> = self.address.as_str().into();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(store = &*address, error = chain(&error), "connection lost");
            }
        });
        let isolated = client.batch_execute(READ_COMMITTED).await;
        isolated.map_err(|error| failed(&self.address, &error))?;
        Ok(client)
    }

    /// Connects, and brings the tables up to date. A server that accepts the connection
    /// and then says nothing is given up after a while.
    pub(crate) async fn migrated(&self, patience: Duration) -> Result<Client, Error> {
        let migrated = async {
            let mut client = self.connect().await?;
            schema::migrate(&mut client, &self.address).await?;
            Ok(client)
        };
        match tokio::time::timeout(patience, migrated).await {
            Ok(migrated) => migrated,
            Err(_) => {
                let text = format!("{} did not respond within {patience:?}", self.address);
                Err(Error::new(ErrorKind::Unreachable, text))
            }
        }
    }
}

fn address(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("PostgreSQL at {host}:{port}")
}
