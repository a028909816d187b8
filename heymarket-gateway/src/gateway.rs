//! A gateway that runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use heymarket_api::Client;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builder::GatewayBuilder;
use crate::ledger::Ledger;
use crate::shared::Shared;
use crate::token::Token;
use crate::webhooks::{Target, forward};

/// How often expired keys are removed.
const EXPIRY: Duration = Duration::from_secs(600);

/// A gateway that runs. Dropping it closes its connections at once; [`stop`](Self::stop)
/// lets requests end.
pub struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) scheme: &'static str,
    pub(crate) shared: Arc<Shared>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) server: JoinHandle<()>,
    /// Removes expired keys, and forwards webhooks.
    pub(crate) background: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Returns a builder. The client signs, paces and retries the requests; its
    /// [observers](heymarket_api::ClientBuilder::observe_operations) see them.
    pub fn builder(client: Client, token: Token) -> GatewayBuilder {
        GatewayBuilder::new(client, token)
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its base URL, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the metrics, as `/metrics` does.
    #[must_use]
    pub fn metrics(&self) -> String {
        String::from_utf8_lossy(&self.shared.metrics.text()).into_owned()
    }

    /// Stops accepting connections and requests, and waits for the requests in flight, at
    /// most for the grace period. Returns whether all of them ended.
    pub async fn stop(mut self, grace: Duration) -> bool {
        let _ = self.stop.send(true);
        let tasks = Arc::clone(&self.shared.tasks);
        let server = &mut self.server;
        let ended = async {
            let _ = server.await;
            // A request may outlive its caller's connection.
            let _ = tasks.write().await;
        };
        let ended = tokio::time::timeout(grace, ended).await.is_ok();
        for task in std::mem::take(&mut self.background) {
            task.abort();
            // Then the ledger is closed, and another gateway can use it.
            let _ = task.await;
        }
        ended
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
        for task in &self.background {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Starts the tasks beside the listener: one removes expired keys, one forwards webhooks.
pub(crate) fn background(shared: &Arc<Shared>, target: Option<Target>) -> Vec<JoinHandle<()>> {
    let Some(ledger) = &shared.ledger else {
        return Vec::new();
    };
    let mut tasks = vec![tokio::spawn(expire(
        Arc::clone(ledger),
        shared.limits.keep_keys,
    ))];
    if let (Some(webhooks), Some(target)) = (&shared.webhooks, target) {
        let (shared, ledger) = (Arc::clone(shared), Arc::clone(ledger));
        let arrived = webhooks.arrived();
        tasks.push(tokio::spawn(forward(shared, ledger, target, arrived)));
    }
    tasks
}

/// Removes expired keys, now and from time to time.
async fn expire(ledger: Arc<Ledger>, keep: Duration) {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    loop {
        let before = Timestamp::now().as_millisecond().saturating_sub(keep);
        // A ledger that cannot be written fails the requests, which say so.
        let _ = ledger.expire(before).await;
        tokio::time::sleep(EXPIRY).await;
    }
}
