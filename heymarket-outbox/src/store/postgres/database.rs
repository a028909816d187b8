//! Work in the database, and work again while the server is away.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use tokio::time::Instant;

use super::connect;
use super::failure::Problem;
use crate::error::Error;

/// How long work waits for a server that is away.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pauses between attempts grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// The connections, and how the database is named in errors.
#[derive(Clone)]
pub(super) struct Database {
    pool: Pool,
    place: Arc<str>,
}

impl Database {
    /// Reads the URL; nothing is connected yet.
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        let (pool, place) = connect::pool(url)?;
        Ok(Self {
            pool,
            place: place.into(),
        })
    }

    pub(super) fn place(&self) -> &Arc<str> {
        &self.place
    }

    /// Does work once.
    pub(super) async fn once<T, F>(&self, work: impl FnOnce(Client) -> F + Send) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Problem>> + Send,
    {
        let done = match self.pool.get().await {
            Ok(client) => work(client).await,
            Err(error) => Err(error.into()),
        };
        done.map_err(|problem| problem.into_error(&self.place))
    }

    /// Does work that may be done twice, and again while the server is away.
    pub(super) async fn call<T, F>(
        &self,
        work: impl Fn(Client) -> F + Send + Sync,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Problem>> + Send,
    {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let done = match self.pool.get().await {
                Ok(client) => work(client).await,
                Err(error) => Err(error.into()),
            };
            match done {
                Ok(value) => return Ok(value),
                Err(problem) if problem.may_pass() && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
                Err(problem) => return Err(problem.into_error(&self.place)),
            }
        }
    }
}
