//! A pool of connections.

use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, PoolError, RecyclingMethod, Runtime,
};

use super::connect::{CONNECT_TIMEOUT, Postgres, READ_COMMITTED};
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
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async {
                    let isolated = client.batch_execute(READ_COMMITTED).await;
                    isolated.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| Error::new(ErrorKind::Configuration, error.to_string()))?;
        Ok(Self { pool, server })
    }

    pub(crate) async fn get(&self) -> Result<Client, Error> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                self.failed(&error)
            }
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

#[cfg(test)]
mod tests {
    use heymarket_test_services as services;

    use super::*;

    #[tokio::test]
    async fn work_is_read_committed_whatever_the_default() {
        let Some(database) = services::postgres() else {
            return;
        };
        let default = database.set_default("default_transaction_isolation", "serializable");
        default.expect("a setting");
        let pool = Pool::connect(&database.url()).await.expect("a pool");
        let isolation = "SHOW transaction_isolation";
        let pooled = pool.get().await.expect("a connection");
        let row = pooled.query_one(isolation, &[]).await.expect("a setting");
        assert_eq!(row.get::<_, &str>(0), "read committed");
        let single = pool.server.connect().await.expect("a connection");
        let row = single.query_one(isolation, &[]).await.expect("a setting");
        assert_eq!(row.get::<_, &str>(0), "read committed");
    }
}
