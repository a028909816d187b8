//! A pool of connections.

use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, PoolError, RecyclingMethod, Runtime};

use super::connect::{CONNECT_TIMEOUT, Postgres};
use super::failure;
use crate::error::{Error, ErrorKind};

const MOST_CONNECTIONS: usize = 8;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to a database whose tables are up to date.
#[derive(Clone)]
pub(crate) struct Pool {
    pool: deadpool_postgres::Pool,
    server: Postgres,
}

impl Pool {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let server = Postgres::new(url)?;
        drop(server.migrated(CONNECT_TIMEOUT).await?);
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(server.config.clone(), server.tls.clone(), config);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(MOST_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        Ok(Self { pool, server })
    }

    pub(crate) async fn get(&self) -> Result<Client, Error> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => self.failed(&error),
            error => {
                let text = format!("{}: {error}", self.server.address());
                Error::new(ErrorKind::Unreachable, text)
            }
        })
    }

    pub(crate) fn failed(&self, error: &tokio_postgres::Error) -> Error {
        failure::failed(self.server.address(), error)
    }
}
