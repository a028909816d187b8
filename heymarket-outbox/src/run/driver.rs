//! Runs until nothing is left to do, or something ends it.

use std::cmp::Reverse;
use std::time::Duration;

use super::noted::counts_unanswered;
use super::progress::{Progress, Step};
use super::refresh::REFRESH;
use crate::error::{Error, ErrorKind};
use crate::store::RunLock;

/// How often, and how far apart, a lock that is taken is tried again.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The shortest wait, so that a time that has just passed is no busy loop.
const SHORTEST: Duration = Duration::from_millis(1);

impl Progress {
    pub(super) async fn run(mut self) {
        if let Err(error) = self.work().await {
            self.fail(error).await;
        }
    }

    async fn work(&mut self) -> Result<(), Error> {
        let lock = self.lock().await?;
        let worked = self.work_locked().await;
        if worked.is_err() {
            self.abandon().await;
        }
        let released = lock.release().await;
        worked.and(released)
    }

    async fn work_locked(&mut self) -> Result<(), Error> {
        self.engine.store.verify().await?;
        let batches = self.engine.store.batches().await?;
        for id in &self.only {
            if !batches.iter().any(|batch| batch.id == *id) {
                return Err(Error::no_batch(id));
            }
        }
        self.hold_rate_limit().await?;
        loop {
            if self.stop.is_set() || self.ending.is_some() {
                return self.drain().await;
            }
            self.refresh().await?;
            let wait = match self.start().await? {
                Step::Nothing if self.tasks.is_empty() && !self.is_awaited() => {
                    return self.finish().await;
                }
                Step::Nothing | Step::Started => REFRESH,
                Step::Wait(wait) => wait.clamp(SHORTEST, REFRESH),
            };
            let sleep = self.engine.clock.sleep(wait);
            tokio::select! {
                Some(finished) = self.tasks.join_next() => self.hear(finished).await?,
                () = sleep => {}
                () = self.stop.wait() => {}
            }
            while let Some(finished) = self.tasks.try_join_next() {
                self.hear(finished).await?;
            }
        }
    }

    /// Takes the lock, which a run that was dropped in this process releases soon.
    async fn lock(&self) -> Result<RunLock, Error> {
        for _ in 0..LOCK_ATTEMPTS {
            match self.engine.store.lock(self.engine.lease).await {
                Err(error) if error.kind() == ErrorKind::InUse => {
                    tokio::time::sleep(LOCK_INTERVAL).await;
                }
                result => return result,
            }
        }
        self.engine.store.lock(self.engine.lease).await
    }

    /// Requests that a run made shortly before it ended still count.
    async fn hold_rate_limit(&self) -> Result<(), Error> {
        let now = self.engine.millis();
        let noted = self.engine.store.noted_requests(now).await?;
        // A clock that was set back makes them look newer than they are.
        let longest = counts_unanswered(&self.client);
        let left = noted
            .into_iter()
            .map(|until| (until - now).clamp(0, longest));
        let mut left: Vec<_> = left
            .map(|left| Duration::from_millis(left.unsigned_abs()))
            .collect();
        // More may be noted than were made, and than the limit has slots. Those
        // that count the longest come first.
        left.sort_unstable_by_key(|left| Reverse(*left));
        self.client.hold_rate_limit(left);
        Ok(())
    }

    /// Waits for what is in flight. What waits for the rate limit is not sent.
    async fn drain(&mut self) -> Result<(), Error> {
        self.stop.now();
        while let Some(finished) = self.tasks.join_next().await {
            self.hear(finished).await?;
        }
        match self.ending.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Waits for what is in flight after a failure: others may send once the lock is
    /// released.
    async fn abandon(&mut self) {
        self.stop.now();
        while let Some(finished) = self.tasks.join_next().await {
            // The run has an error already.
            let _ = self.hear(finished).await;
        }
    }

    async fn finish(&mut self) -> Result<(), Error> {
        let keys: Vec<i64> = self.lanes.keys().copied().collect();
        for key in keys {
            self.finish_lane(key).await?;
        }
        match self.ending.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
