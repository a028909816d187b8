//! The servers, the processes that send, and the networks between them.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use heymarket_outbox::Outbox;
use heymarket_stores::RedisRateLimit;
use heymarket_test_services::{Postgres, Proxy, Redis};
use jiff::SignedDuration;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::task::block_in_place;

use crate::Failed;
use crate::time::FastClock;
use crate::worker::{CHILD, Worker, options};

/// How far the clock of the first worker is ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// How long a worker may take to stop.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Cluster {
    postgres: Postgres,
    /// Absent if PostgreSQL has the limit.
    redis: Option<Redis>,
    links: Vec<Link>,
    workers: Vec<Child>,
}

/// The networks of a worker.
struct Link {
    ledger: Arc<Proxy>,
    limit: Arc<Proxy>,
}

impl Cluster {
    /// Starts the servers.
    pub(crate) fn start(has_redis: bool) -> Result<Self, Failed> {
        // Without flushes to the disk: they would take as many times as long in the
        // sandbox's time, and what a server that shuts down has written is there.
        block_in_place(|| {
            Ok(Self {
                postgres: Postgres::start()?,
                redis: has_redis.then(Redis::start).transpose()?,
                links: Vec::new(),
                workers: Vec::new(),
            })
        })
    }

    pub(crate) async fn outbox(&self) -> Result<Outbox, Failed> {
        Ok(Outbox::connect(&self.postgres.url()).await?)
    }

    /// Starts workers, whose ledger has this time from now on.
    pub(crate) async fn work(
        &mut self,
        api: &str,
        clock: FastClock,
        count: usize,
    ) -> Result<(), Failed> {
        block_in_place(|| self.postgres.execute(&clock.as_sql()))?;
        if let Some(redis) = &self.redis {
            // A new account. The workers must not say so: Redis may have forgotten.
            let unused = options(clock.scale).assume_unused();
            drop(RedisRateLimit::connect_with(&redis.url(), unused).await?);
        }
        for _ in 0..count {
            let limit = self
                .redis
                .as_ref()
                .map_or(self.postgres.port(), Redis::port);
            self.links.push(Link {
                ledger: Arc::new(Proxy::start(self.postgres.port())?),
                limit: Arc::new(Proxy::start(limit)?),
            });
        }
        for index in 0..count {
            let worker = self.start_worker(api, clock, index)?;
            self.workers.push(worker);
        }
        Ok(())
    }

    fn start_worker(&self, api: &str, clock: FastClock, index: usize) -> Result<Child, Failed> {
        let link = &self.links[index];
        let through = |url: String, port: u16, proxy: &Proxy| {
            url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()))
        };
        let postgres = (self.postgres.url(), self.postgres.port());
        let limit = self.redis.as_ref().map(|redis| (redis.url(), redis.port()));
        let (limit, port) = limit.unwrap_or_else(|| postgres.clone());
        let ahead = if index == 0 {
            AHEAD
        } else {
            SignedDuration::ZERO
        };
        let worker = Worker {
            api: api.to_owned(),
            start: clock.start + ahead,
            anchor: clock.anchor,
            scale: clock.scale,
            ledger: through(postgres.0, postgres.1, &link.ledger),
            limit: through(limit, port, &link.limit),
        };
        Ok(Command::new(std::env::current_exe()?)
            .env(CHILD, serde_json::to_string(&worker)?)
            .stdout(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?)
    }

    /// Kills a worker and starts it again.
    pub(crate) async fn replace(
        &mut self,
        api: &str,
        clock: FastClock,
        index: usize,
    ) -> Result<(), Failed> {
        self.workers[index].kill().await?;
        self.workers[index] = self.start_worker(api, clock, index)?;
        Ok(())
    }

    /// Whether all workers run.
    pub(crate) fn is_whole(&mut self) -> Result<bool, Failed> {
        for worker in &mut self.workers {
            if worker.try_wait()?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Stops PostgreSQL immediately, and starts it again after a while.
    pub(crate) fn restart_postgres(&mut self, away: Duration) -> Result<(), Failed> {
        block_in_place(|| {
            self.postgres.stop_immediately();
            std::thread::sleep(away);
            Ok(self.postgres.start_again()?)
        })
    }

    /// Kills Redis, which saved nothing, and starts it again after a while.
    pub(crate) fn restart_redis(&mut self, away: Duration) -> Result<(), Failed> {
        let Some(redis) = &mut self.redis else {
            return Ok(());
        };
        block_in_place(|| {
            redis.kill();
            std::thread::sleep(away);
            Ok(redis.start_again()?)
        })
    }

    pub(crate) fn flush_redis(&self) -> Result<(), Failed> {
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        Ok(block_in_place(|| redis.flush())?)
    }

    /// Closes the connections of a worker to one store, and each new one, for a while.
    pub(crate) fn cut(&self, index: usize, is_ledger: bool, away: Duration) {
        let proxy = self.proxy(index, is_ledger);
        proxy.cut();
        mend_after(proxy, away);
    }

    /// Forwards nothing between a worker and one store for a while.
    pub(crate) fn silence(&self, index: usize, is_ledger: bool, away: Duration) {
        let proxy = self.proxy(index, is_ledger);
        proxy.silence();
        mend_after(proxy, away);
    }

    fn proxy(&self, index: usize, is_ledger: bool) -> Arc<Proxy> {
        let link = &self.links[index];
        Arc::clone(if is_ledger { &link.ledger } else { &link.limit })
    }

    /// Stops the workers as SIGTERM does. Returns whether each ended in order.
    pub(crate) async fn stop(&mut self) -> Result<bool, Failed> {
        for worker in &self.workers {
            if let Some(id) = worker.id() {
                kill(Pid::from_raw(i32::try_from(id)?), Signal::SIGTERM)?;
            }
        }
        let mut in_order = true;
        for worker in &mut self.workers {
            let status = tokio::time::timeout(PATIENCE, worker.wait()).await;
            in_order &= matches!(status, Ok(Ok(status)) if status.success());
        }
        Ok(in_order)
    }
}

fn mend_after(proxy: Arc<Proxy>, away: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(away).await;
        proxy.mend();
    });
}
